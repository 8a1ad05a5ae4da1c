/**
 * What a call of a function costs by itself: from the server's last word of the response to the output
 * on the wire, through the whole appliance (its ports simulated, its function done at once: the volume,
 * asked for); and what a hundred slow calls side by side do to the event loop and to the heap, with real timers.
 */

import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { checkOf } from "../../src/adapters/functions/schema-check.ts";
import { SystemClock } from "../../src/adapters/os/clock.ts";
import { Executor } from "../../src/app/tools/executor.ts";
import { Registry, USUAL } from "../../src/core/functions/registry.ts";
import { SimJournal } from "../../src/sim/parts.ts";
import { settled, World } from "../helpers/world.ts";
import { type Findings, percentile } from "./findings.ts";
import { collector } from "./year.ts";

export interface CallsShape {
  readonly calls: number;
  /** Rounds of SIDE_BY_SIDE calls. */
  readonly rounds: number;
}

const SIDE_BY_SIDE = 100;
const SLOW_MS = 400;
/** Before anything counts: the compiler's and the schemas' first time. */
const WARM_UP = 20;

/** Adds to `call_output`, `call_output_p99`, `calls_loop_delay` and `calls_heap`. */
export async function callCosts(findings: Findings, shape: CallsShape): Promise<void> {
  const times = await outputsMs(shape.calls);
  findings.add("call_output", ...times);
  findings.add("call_output_p99", percentile(times, 0.99));
  await sideBySide(findings, shape.rounds);
}

/** Of each call, in a conversation of its own: from the response's end to the output. */
async function outputsMs(calls: number): Promise<readonly number[]> {
  const world = await World.started();
  const times: number[] = [];
  for (let n = 0; n < WARM_UP + calls; n++) {
    await world.controlServer.answer?.({ command: "wake" });
    world.accept();
    world.listen(2_400);
    world.heardSpeech(`item_user_${n}`);
    world.server("response.created", { response: { id: `resp_${n}` } });
    const took = await outputMs(world, n);
    if (n >= WARM_UP) times.push(took);
    await world.controlServer.answer?.({ command: "stop" });
    await settled();
    world.dialer.links.splice(0, world.dialer.links.length - 1);
  }
  return times;
}

async function outputMs(world: World, n: number): Promise<number> {
  const call = { type: "function_call", id: `call_${n}`, name: "set_volume", call_id: `c${n}` };
  const output = [{ ...call, arguments: "{}" }];
  const { sent } = world.link;
  const from = sent.length;
  const isSent = (): boolean => sent.length > from && sent.slice(from).some(isOutput);
  const began = performance.now();
  world.done(`resp_${n}`, { output });
  // Whatever is still to be done is a promise of our own: no time passes here.
  for (let turn = 0; turn < 200 && !isSent(); turn++) await Promise.resolve();
  const tookMs = performance.now() - began;
  if (!isSent()) throw new Error("a call was not answered");
  return tookMs;
}

function isOutput(text: string): boolean {
  return text.includes("function_call_output");
}

/** As many as run at once, and the others refused: neither stops the loop, and nothing stays. */
async function sideBySide(findings: Findings, rounds: number): Promise<void> {
  const clock = new SystemClock();
  const own = {
    name: "slow",
    description: "",
    parameters: { type: "object" },
    where: "http",
  } as const;
  const registry = new Registry([{ ...USUAL, ...own }]);
  const executor = new Executor({
    clock,
    journal: new SimJournal(),
    registry: () => registry,
    checkOf: ({ parameters }) => checkOf(parameters),
    handler: () => async () => {
      await wait(SLOW_MS);
      return { ok: true, data: "x".repeat(4_096) };
    },
  });
  const collect = collector();
  const round = () => {
    const all = Array.from({ length: SIDE_BY_SIDE }, () => executor.call("slow", "{}"));
    return Promise.all(all);
  };
  await round();
  collect();
  const before = process.memoryUsage().heapUsed;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let n = 0; n < rounds; n++) await round();
  delay.disable();
  collect();
  findings.add("calls_loop_delay", delay.percentile(99) / 1e6);
  findings.add("calls_heap", (process.memoryUsage().heapUsed - before) / 2 ** 20);
}
