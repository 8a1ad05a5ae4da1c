/**
 * What the wake-word engine itself costs while people talk: it is given sound as it comes, two frames
 * every 64 ms, in a process that otherwise waits, and only its own work is counted.
 *
 * A loop without a pause is no measure of that: on a virtual processor that mostly waits a frame takes
 * 0.88 to 0.97 ms, in such a loop 0.75 to 0.80, and it is not the caches, for the 64th frame in a row
 * takes as long as the first.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { PorcupineWasm } from "../../src/adapters/wake/porcupine-wasm.ts";
import { WAKE_FRAME_SAMPLES, WAKE_RATE_HZ } from "../../src/core/audio/downsampler.ts";
import { sensitivityOf } from "../../src/core/wake/sensitivity.ts";
import { wordsAt } from "../helpers/wake-words.ts";

const FRAME_MS = (WAKE_FRAME_SAMPLES * 1000) / WAKE_RATE_HZ;
const FRAMES_AT_ONCE = 2;
/** V8 has compiled it after that: 10 s of sound. */
const WARM_FRAMES = 312;

/** As the daemon has it by default. */
export function defaultEngine(): PorcupineWasm {
  const sensitivity = sensitivityOf("porcupine-keyless", "computer", "auto");
  return new PorcupineWasm(wordsAt(sensitivity, "computer"));
}

export class PacedEngine {
  readonly #engine = defaultEngine();
  readonly #sound: Int16Array;
  #at = 0;

  /** `sound`: at 16 kHz, heard again and again. */
  constructor(sound: Int16Array) {
    this.#sound = sound;
    for (let n = 0; n < WARM_FRAMES; n++) this.#frame();
  }

  /** CPU milliseconds of the engine per second of sound, measured over `ms`. */
  async measure(ms: number): Promise<number> {
    const startedMs = performance.now();
    let frames = 0;
    let cpuUs = 0;
    while (performance.now() - startedMs < ms) {
      const before = process.cpuUsage();
      for (let n = 0; n < FRAMES_AT_ONCE; n++) this.#frame();
      const { user, system } = process.cpuUsage(before);
      cpuUs += user + system;
      frames += FRAMES_AT_ONCE;
      await sleep(Math.max(0, startedMs + frames * FRAME_MS - performance.now()));
    }
    return cpuUs / (frames * FRAME_MS);
  }

  #frame(): void {
    if (this.#at + WAKE_FRAME_SAMPLES > this.#sound.length) this.#at = 0;
    this.#engine.process(this.#sound.subarray(this.#at, this.#at + WAKE_FRAME_SAMPLES));
    this.#at += WAKE_FRAME_SAMPLES;
  }
}
