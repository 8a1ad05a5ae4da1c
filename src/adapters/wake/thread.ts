/**
 * A wake-word engine in a worker thread, so that neither its work nor a trap in it touches the
 * daemon's loop. Shared by the engines that need no process of their own.
 */

import { Worker } from "node:worker_threads";
import { within } from "../../core/timeout.ts";
import type { WakeWord } from "../../core/wake/plan.ts";
import type { Clock, Dice } from "../../ports.ts";
import { siblingProgram } from "../os/sibling-program.ts";
import { WakeHost, type WakeProcess, type WakeProcessSink } from "./host.ts";

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

export class ThreadWakeEngine extends WakeHost {
  /** `program`: the worker's file beside this one, without its extension. */
  constructor(program: string, { words, clock, dice }: ThreadWakeOptions) {
    super({
      spawn: (sink) => spawnWorker(program, sink, clock),
      setup: { words, accessKey: "", modelPath: "" },
      startMaxMs: START_MAX_MS,
      clock,
      dice,
    });
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
