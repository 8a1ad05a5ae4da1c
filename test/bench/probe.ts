/**
 * Loaded before the daemon (`node --import`) in the runs that look inside it; changes nothing of what
 * it does. While the LEDs show a conversation it samples the delay of the event loop, and it takes
 * the time from the wake-word engine's report, as it comes out of the worker thread, to the LED's
 * line leaving the process. Writes both as JSON to $PIPIT_BENCH_PROBE at the end of the process.
 */

import fs, { writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread, Worker } from "node:worker_threads";

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

function watchWorkers(): void {
  const emit = Worker.prototype.emit;
  Worker.prototype.emit = function (this: Worker, name: string, ...values: unknown[]) {
    const [value] = values;
    const isReport = name === "message" && typeof value === "object" && value !== null;
    if (isReport && "tag" in value && value.tag === "detected") detected();
    return Reflect.apply(emit, this, [name, ...values]);
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

if (isMainThread) {
  watchWorkers();
  watchLeds();
  process.once("exit", () => {
    const found = { wake_to_led_ms: wakeToLedMs, delays };
    writeFileSync(process.env["PIPIT_BENCH_PROBE"] ?? "probe.json", JSON.stringify(found));
  });
}
