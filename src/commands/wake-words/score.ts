/**
 * Recordings through the daemon's own way from the microphone to the wake-word engine: frames of 20 ms
 * at 24 kHz, ring, gate, resampler, engine; as fast as the engine hears.
 *
 * A recording stands in a quiet room: a second of hiss before it and after it, so that a word at its
 * very beginning or end has the surroundings that it has at home.
 */

import type { PacedEngine } from "../../adapters/wake/group.ts";
import { WakePath } from "../../app/audio/wake-path.ts";
import { RING_MS } from "../../core/assistant/limits.ts";
import { FRAME_SAMPLES, msToSamples, samplesToMs } from "../../core/audio/pcm.ts";
import { Ring } from "../../core/audio/ring.ts";
import { FaultError } from "../../core/fault.ts";
import { STOP_WORD } from "../../core/wake/plan.ts";
import type { Clock } from "../../ports.ts";

export interface Detection {
  readonly keyword: string;
  /** End of the word in the recording, milliseconds; may lie in the second after it. */
  readonly atMs: number;
}

/** Peak of the room's hiss, -61 dBFS; -66 dBFS effective. */
const ROOM_PEAK = 28;
const ROOM_MS = 1000;
/** Feeding waits for the engine above this, so that none of its frames is dropped. */
const WAITING_MAX = 40;
/** Between two looks whether it has caught up. */
const LOOK_MS = 2;
/** Any number but 0: the hiss is the same on every run. */
const ROOM_SEED = 0x9e3779b9;

export interface ScorerOptions {
  readonly engine: PacedEngine;
  readonly clock: Clock;
  readonly cooldownMs: number;
}

export class Scorer {
  readonly #options: ScorerOptions;
  readonly #ring = new Ring(msToSamples(RING_MS));
  readonly #path: WakePath;
  #found: { readonly keyword: string; readonly endSample: number }[] = [];
  #noise = ROOM_SEED;
  #fault: FaultError | null = null;
  #flowing: boolean = false;

  constructor(options: ScorerOptions) {
    this.#options = options;
    this.#path = new WakePath({
      ring: this.#ring,
      engine: options.engine,
      cooldownMs: options.cooldownMs,
      onWake: (keyword, endSample) => this.#found.push({ keyword, endSample }),
      isPlaying: () => true,
      onStop: (endSample) => this.#found.push({ keyword: STOP_WORD, endSample }),
      onLost: (why) => {
        this.#fault = new FaultError(why);
      },
      onFlowing: () => {
        this.#flowing = true;
      },
    });
  }

  /** Resolves when the engine is ready; rejects with a FaultError when it cannot be. */
  async start(): Promise<void> {
    this.#path.start();
    await this.#until(() => this.#flowing);
  }

  close(): Promise<void> {
    return this.#path.close();
  }

  /** What is heard in a recording of 24 kHz. Rejects with a FaultError when the engine is lost. */
  async score(pcm: Int16Array): Promise<readonly Detection[]> {
    this.#found = [];
    await this.#hear(this.#room());
    const start = this.#ring.head;
    // The last frame is filled up with silence.
    const whole = new Int16Array(Math.ceil(pcm.length / FRAME_SAMPLES) * FRAME_SAMPLES);
    whole.set(pcm);
    await this.#hear(whole);
    await this.#hear(this.#room());
    await this.#until(() => this.#options.engine.framesWaiting === 0);
    return this.#found.map(({ keyword, endSample }) => ({
      keyword,
      atMs: Math.round(samplesToMs(endSample - start)),
    }));
  }

  async #hear(pcm: Int16Array): Promise<void> {
    for (let at = 0; at < pcm.length; at += FRAME_SAMPLES) {
      const frame = pcm.subarray(at, at + FRAME_SAMPLES);
      this.#ring.write(frame);
      this.#path.take(frame);
      if (this.#options.engine.framesWaiting <= WAITING_MAX) continue;
      await this.#until(() => this.#options.engine.framesWaiting === 0);
    }
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done() || this.#fault !== null) {
      if (this.#fault !== null) throw this.#fault;
      await new Promise<void>((resolve) => {
        this.#options.clock.after(LOOK_MS, resolve);
      });
    }
  }

  #room(): Int16Array {
    return Int16Array.from({ length: msToSamples(ROOM_MS) }, () => {
      let x = this.#noise;
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      this.#noise = x;
      return ((x >>> 0) % (2 * ROOM_PEAK + 1)) - ROOM_PEAK;
    });
  }
}
