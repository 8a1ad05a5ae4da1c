/**
 * A wake-word engine in a worker thread, so that neither its work nor a trap in it touches the
 * daemon's loop. Shared by the engines that need no process of their own.
 */

import { Worker } from "node:worker_threads";
import { within } from "../../core/timeout.ts";
import type { WakeWord } from "../../core/wake/plan.ts";
import type { Clock, Dice, WakeEngine, WakeSink } from "../../ports.ts";
import { siblingProgram } from "../os/sibling-program.ts";
import type { WakeProcess, WakeProcessSink } from "./host.ts";
import { WakeHost } from "./host.ts";

export interface ThreadWakeOptions {
  readonly words: readonly WakeWord[];
  readonly clock: Clock;
  readonly dice: Dice;
}

/** Loading takes 0.1 s on a desktop; a small Pi with a cold card gets a hundred times that. */
const START_MAX_MS = 10_000;
/** Longest wait for a thread to end; what is left after that ends with the process. */
const KILL_MAX_MS = 1000;
/** JavaScript heap of the thread; an engine's memory as WebAssembly is not part of it. */
const HEAP_MAX_MB = 64;
/** What is young in it: a frame's message dies at once. V8 would take 16 MB where it may. */
const YOUNG_MAX_MB = 2;

export class ThreadWakeEngine implements WakeEngine {
  readonly #host: WakeHost;

  /** `program`: the worker's file beside this one, without its extension. */
  constructor(program: string, { words, clock, dice }: ThreadWakeOptions) {
    this.#host = new WakeHost({
      spawn: (sink) => spawnWorker(program, sink, clock),
      setup: { words, accessKey: "", modelPath: "" },
      startMaxMs: START_MAX_MS,
      clock,
      dice,
    });
  }

  /** Frames not taken: the engine was not ready, or too far behind. */
  get framesDropped(): number {
    return this.#host.framesDropped;
  }

  /** Frames given and not yet heard. */
  get framesWaiting(): number {
    return this.#host.framesWaiting;
  }

  get restarts(): number {
    return this.#host.restarts;
  }

  start(sink: WakeSink): void {
    this.#host.start(sink);
  }

  feed(frame: Int16Array, endSample: number): void {
    this.#host.feed(frame, endSample);
  }

  listenFor(keyword: string, on: boolean): void {
    this.#host.listenFor(keyword, on);
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}

function spawnWorker(program: string, sink: WakeProcessSink, clock: Clock): WakeProcess {
  const worker = new Worker(siblingProgram(import.meta.url, program), {
    execArgv: [],
    resourceLimits: {
      maxOldGenerationSizeMb: HEAP_MAX_MB,
      maxYoungGenerationSizeMb: YOUNG_MAX_MB,
    },
  });
  worker.on("message", (value: unknown) => sink.reply(value));
  worker.on("error", (error) => sink.ended(`stopped: ${error.message}`));
  worker.on("exit", (code) => sink.ended(`ended with code ${code}`));
  return {
    post: (request) => worker.postMessage(request),
    kill: async () => {
      await within(clock, KILL_MAX_MS, Promise.allSettled([worker.terminate()]), () => undefined);
    },
  };
}
