/**
 * The default wake-word engine: Porcupine 1.9 as WebAssembly, offline and without a key, in a worker
 * thread so that neither its 2 % of a desktop core nor a trap in it touches the daemon's loop.
 */

import { Worker } from "node:worker_threads";
import { FaultError } from "../../core/fault.ts";
import { within } from "../../core/timeout.ts";
import type { Clock, Dice, WakeEngine, WakeSink } from "../../ports.ts";
import { siblingProgram } from "../os/sibling-program.ts";
import type { WakeProcess, WakeProcessSink } from "./host.ts";
import { WakeHost } from "./host.ts";
import { keylessKeywordFault } from "./porcupine-wasm.ts";

export interface KeylessWakeOptions {
  /** One or more of KEYLESS_KEYWORDS; "Hey Google" is as good as hey_google. */
  readonly keywords: readonly string[];
  /** 0 to 1, higher is more eager. */
  readonly sensitivity: number;
  readonly clock: Clock;
  readonly dice: Dice;
}

/** Loading takes 0.1 s on a desktop; a small Pi with a cold card gets a hundred times that. */
const START_MAX_MS = 10_000;
/** Longest wait for a thread to end; what is left after that ends with the process. */
const KILL_MAX_MS = 1000;
/** JavaScript heap of the thread; the engine's own memory is not part of it. */
const HEAP_MAX_MB = 64;

export class KeylessWakeEngine implements WakeEngine {
  readonly #options: KeylessWakeOptions;
  readonly #host: WakeHost;

  constructor(options: KeylessWakeOptions) {
    const { keywords, sensitivity, clock, dice } = options;
    this.#options = options;
    this.#host = new WakeHost({
      spawn: (sink) => spawnWorker(sink, clock),
      setup: { keywords, sensitivity, accessKey: "", modelPath: "" },
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

  /** Throws a FaultError (config) for a keyword it does not have. */
  start(sink: WakeSink): void {
    const unknown = keylessKeywordFault(this.#options.keywords);
    if (unknown !== null) throw new FaultError(unknown);
    this.#host.start(sink);
  }

  feed(frame: Int16Array, endSample: number): void {
    this.#host.feed(frame, endSample);
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}

function spawnWorker(sink: WakeProcessSink, clock: Clock): WakeProcess {
  const worker = new Worker(siblingProgram(import.meta.url, "keyless-worker"), {
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MB },
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
