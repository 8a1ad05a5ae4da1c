/**
 * `test` for stories in real time, with real processes and real sound. Such a story proves something
 * only on a machine that gives it its turn. Where it fails while others held the processors, it is told
 * again, with a word about it; on a machine with time to spare the first failure counts.
 */

import { readFileSync } from "node:fs";
import { test as nodeTest, type TestContext } from "node:test";
import { thrownText } from "../../src/core/fault.ts";

/** How often a story is told, at most. */
const TELLINGS_MAX = 3;
/** Share of the time in which somebody waited for a processor; the suite alone comes to a tenth. */
const CROWDED = 0.2;
/** Share of the time in which another machine had our processors. */
const STOLEN = 0.02;
/** sysconf(_SC_CLK_TCK): 100 on every Linux that Node runs on. */
const TICK_MS = 10;

type Story = (t: TestContext) => Promise<void> | void;

interface Options {
  readonly skip?: string | boolean | undefined;
  readonly timeout?: number;
}

export function test(name: string, story: Story): void;
export function test(name: string, options: Options, story: Story): void;
export function test(name: string, first: Options | Story, second?: Story): void {
  const [options, story] = typeof first === "function" ? [{}, first] : [first, second];
  if (story === undefined) throw new Error(`${name}: no story`);
  void nodeTest(name, options, (t) => told(t, story));
}

async function told(t: TestContext, story: Story): Promise<void> {
  for (let nth = 1; ; nth++) {
    const before = shortage();
    const thrown = await once(t, story);
    if (thrown === null) return;
    const share = crowding(before, shortage());
    if (nth === TELLINGS_MAX || share === null) throw thrown.error;
    t.diagnostic(`told again, for ${share}: ${thrownText(thrown.error)}`);
  }
}

/** One telling, with all that it leaves behind cleared away, the latest first; what was thrown, if anything. */
async function once(t: TestContext, story: Story): Promise<{ readonly error: unknown } | null> {
  const clearing: (() => unknown)[] = [];
  const own = new Proxy(t, {
    get(target, name) {
      if (name === "after") return (clear: () => unknown) => clearing.unshift(clear);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  let thrown: { readonly error: unknown } | null = null;
  const keep = (error: unknown): void => {
    thrown ??= { error };
  };
  await attempt(() => story(own)).catch(keep);
  for (const clear of clearing) await attempt(clear).catch(keep);
  return thrown;
}

/** Throws nothing at once. */
async function attempt(work: () => unknown): Promise<void> {
  await work();
}

interface Shortage {
  readonly atMs: number;
  /** In which somebody waited for a processor. */
  readonly waitedMs: number;
  /** For which other machines had our processors, each by itself. */
  readonly stolenMs: number;
}

/** Zeros where the kernel does not tell: then every failure counts. */
function shortage(): Shortage {
  const read = (path: string): string => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return "";
    }
  };
  const waitedUs = /^some .*total=(\d+)$/m.exec(read("/proc/pressure/cpu"))?.[1] ?? 0;
  const stolenTicks = read("/proc/stat").split("\n")[0]?.split(/\s+/)[8] ?? 0;
  return {
    atMs: performance.now(),
    waitedMs: Number(waitedUs) / 1_000,
    stolenMs: Number(stolenTicks) * TICK_MS,
  };
}

/** In words; null: the machine had time to spare. */
function crowding(before: Shortage, after: Shortage): string | null {
  const ms = after.atMs - before.atMs;
  const waited = (after.waitedMs - before.waitedMs) / ms;
  const stolen = (after.stolenMs - before.stolenMs) / ms;
  const percent = (share: number): string => `${Math.round(100 * share)} % of the time`;
  if (waited > CROWDED) return `somebody waited for a processor in ${percent(waited)}`;
  return stolen > STOLEN ? `another machine had a processor in ${percent(stolen)}` : null;
}
