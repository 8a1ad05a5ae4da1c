/**
 * Loaded before the daemon (`node --import`) in the runs that look inside it; changes nothing of what
 * it does. While the LEDs show a conversation it samples the delay of the event loop, and it takes
 * the time from the frame in which the default wake-word engine finds a word to the LED's line leaving
 * the process. Writes both as JSON to $PIPIT_BENCH_PROBE at the end of the process.
 */

import fs, { writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";

/** Of the timer that is watched; each delay it finds has this much on top. */
const RESOLUTION_MS = Number(process.env["PIPIT_BENCH_RESOLUTION_MS"] ?? 1);
/** Conversations that are looked at. */
const WAKES_MAX = 1_000;

interface Delay {
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly count: number;
}

const delays: Delay[] = [];
const wakeToLedMs: number[] = [];
let detectedMs: number | null = null;
/** One for each conversation: a monitor that is stopped and started again counts the pause. */
let monitor: IntervalHistogram | null = null;

function detected(): void {
  detectedMs = performance.now();
}

function ledLine(line: string): void {
  if (!line.startsWith("led: ")) return;
  if (detectedMs !== null && wakeToLedMs.length < WAKES_MAX) {
    wakeToLedMs.push(performance.now() - detectedMs);
  }
  detectedMs = null;
  if (line.startsWith("led: idle")) conversationEnded();
  else if (monitor === null) {
    monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    monitor.enable();
  }
}

function conversationEnded(): void {
  if (monitor === null) return;
  monitor.disable();
  const ms = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION_MS);
  const { count, max } = monitor;
  if (delays.length < WAKES_MAX) {
    delays.push({ count, p99_ms: ms(monitor.percentile(99)), max_ms: ms(max) });
  }
  monitor = null;
}

type Exports = Readonly<Record<string, unknown>>;

/** The default engine's function that takes a frame, and what it returns where no word ends in it. */
const TAKES_FRAME = "j";
const NO_WORD = -1;

function watchEngine(): void {
  const wasm: { Instance: new (...values: unknown[]) => { readonly exports: Exports } } =
    Reflect.get(globalThis, "WebAssembly");
  const { Instance } = wasm;
  wasm.Instance = class {
    readonly exports: Exports;
    constructor(...values: unknown[]) {
      const { exports } = new Instance(...values);
      const take = exports[TAKES_FRAME];
      this.exports = typeof take === "function" ? { ...exports, j: timed(take) } : exports;
    }
  };
}

function timed(take: unknown): (...values: unknown[]) => unknown {
  return (...values) => {
    const word: unknown = Reflect.apply(take as () => unknown, undefined, values);
    if (word !== NO_WORD) detected();
    return word;
  };
}

function watchLeds(): void {
  const write = fs.writeSync;
  const writeSync = (...values: unknown[]): unknown => {
    const result: unknown = Reflect.apply(write, fs, values);
    const [fd, bytes] = values;
    if (fd === 1 && bytes instanceof Uint8Array) ledLine(String(bytes));
    return result;
  };
  Object.assign(fs, { writeSync });
  syncBuiltinESMExports();
}

watchEngine();
watchLeds();
process.once("exit", () => {
  const found = { wake_to_led_ms: wakeToLedMs, delays };
  writeFileSync(process.env["PIPIT_BENCH_PROBE"] ?? "probe.json", JSON.stringify(found));
});
