/**
 * Carries out the functions that the model calls.
 *
 * Invariants: each call ends once, in bounded time, with an output of bounded length; what is aborted
 * is told to stop and reports nothing; neither arguments nor results reach the journal.
 */

import { oneLine } from "../../core/fault.ts";
import { type Check, readArguments } from "../../core/functions/arguments.ts";
import type { FunctionRow, Registry } from "../../core/functions/registry.ts";
import { outputOf, type ToolResult, utf8Bytes } from "../../core/functions/result.ts";
import type { Fields } from "../../core/json.ts";
import { within } from "../../core/timeout.ts";
import type { Clock, Journal } from "../../ports.ts";

/** Calls under way; the model makes a handful at once, a hundred is a loop. */
export const RUNNING_MAX = 32;

/** Does the work of one function; stops early when it is told to. Rejects only by a bug. */
export type Handler = (args: Fields, signal: AbortSignal) => Promise<ToolResult>;

export interface ExecutorOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly registry: () => Registry;
  readonly handler: (row: FunctionRow) => Handler;
  readonly checkOf: (row: FunctionRow) => Promise<Check>;
}

/** How a call ended. */
export type CallEnd = "ok" | "unknown" | "arguments" | "busy" | "failed" | "late" | "aborted";

export interface Called {
  readonly end: CallEnd;
  /** For the model: JSON text. */
  readonly output: string;
  /** What the model is shown besides: a JPEG in base64; null: nothing. */
  readonly picture: string | null;
  readonly ms: number;
  readonly bytes: number;
}

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #running = new Map<string, AbortController>();
  readonly #counts = new Map<string, { calls: number; failures: number }>();
  #serial = 0;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** Of each function that was called since the start. */
  get counts(): ReadonlyMap<string, { readonly calls: number; readonly failures: number }> {
    return this.#counts;
  }

  get running(): number {
    return this.#running.size;
  }

  /** `callId`: by which it can be aborted; the same one twice is one call, and the second has no end. */
  async call(name: string, argumentsText: string, callId = this.#ownId()): Promise<Called | null> {
    if (this.#running.has(callId)) return null;
    const { clock } = this.#options;
    const beganMs = clock.nowMs();
    const controller = new AbortController();
    const isRoom = this.#running.size < RUNNING_MAX;
    if (isRoom) this.#running.set(callId, controller);
    const row = this.#options.registry().find(name);
    const done = isRoom ? await this.#carryOut(row, name, argumentsText, controller) : BUSY;
    if (isRoom) this.#running.delete(callId);
    const output = outputOf(done.result, row?.resultMaxBytes ?? ERROR_MAX_BYTES);
    const ms = Math.round(clock.nowMs() - beganMs);
    const picture = (done.result.ok && done.result.picture) || null;
    const called = { end: done.end, output, picture, ms, bytes: utf8Bytes(output) };
    this.#note(row?.name ?? "an unknown function", called);
    return called;
  }

  /** Tells it to stop; its call then ends as `aborted`. */
  abort(callId: string): void {
    this.#running.get(callId)?.abort();
  }

  /** Tells all to stop: the appliance does. */
  close(): void {
    for (const controller of this.#running.values()) controller.abort();
  }

  async #carryOut(
    row: FunctionRow | undefined,
    name: string,
    argumentsText: string,
    controller: AbortController,
  ): Promise<Done> {
    if (row === undefined) return failed("unknown", `There is no function '${oneLine(name, 64)}'`);
    const { clock, checkOf, handler } = this.#options;
    const read = readArguments(argumentsText, await checkOf(row));
    if (!read.ok) return failed("arguments", read.error);
    const { signal } = controller;
    const stopped = aborted(signal);
    const work = handler(row)(read.value, signal).then(
      (result): Done => ({ end: result.ok ? "ok" : "failed", result }),
    );
    const late = (): Done => failed("late", "It did not finish in time");
    const done = await within(clock, row.timeLimitMs, Promise.race([work, stopped.done]), late);
    stopped.forget();
    if (done.end === "late") controller.abort();
    return done;
  }

  #note(name: string, { end, ms, bytes }: Called): void {
    const count = this.#counts.get(name) ?? { calls: 0, failures: 0 };
    const isFine = end === "ok" || end === "aborted";
    this.#counts.set(name, { calls: count.calls + 1, failures: count.failures + (isFine ? 0 : 1) });
    const { journal } = this.#options;
    const what = `Function ${name}: ${WORDS[end]}, ${ms} ms, ${bytes} bytes`;
    journal.log(isFine ? "debug" : "notice", what);
  }

  #ownId(): string {
    this.#serial += 1;
    return `own ${this.#serial}`;
  }
}

interface Done {
  readonly end: CallEnd;
  readonly result: ToolResult;
}

const ERROR_MAX_BYTES = 1_024;

const WORDS: Readonly<Record<CallEnd, string>> = {
  ok: "done",
  unknown: "not known",
  arguments: "arguments that do not fit",
  busy: "too many at once",
  failed: "failed",
  late: "did not finish in time",
  aborted: "given up",
};

function failed(end: CallEnd, error: string): Done {
  return { end, result: { ok: false, error } };
}

const BUSY = failed("busy", "Too many functions are running; wait for one to finish");

/** Resolves when the signal comes; `forget` lets go of it. */
function aborted(signal: AbortSignal): { done: Promise<Done>; forget: () => void } {
  let settle = (): void => {};
  const done = new Promise<Done>((resolve) => {
    settle = () => resolve(failed("aborted", "It was given up"));
  });
  if (signal.aborted) settle();
  signal.addEventListener("abort", settle, { once: true });
  return { done, forget: () => signal.removeEventListener("abort", settle) };
}
