/**
 * A slow gain before gate and wake-word engine, for microphones that are set low and cards that cannot
 * be set: at peaks of -50 dBFS the keyless engine hears two calls in three, with this gain all of them
 * (24 recordings each of two words); what keeps it from going deaf, 30 LSB of noise, is then no longer
 * far below the voice.
 *
 * Invariants: never less than 0 dB nor more than GAIN_MAX_DB; it falls at once, before the sound that
 * demands it is amplified, so that it never clips; it rises slowly. Nothing is allocated per frame.
 */

import { FRAME_MS } from "./pcm.ts";

/** The loudest moment of the last seconds is brought up to this, dB below full scale. */
export const TARGET_PEAK_DBFS = -20;
export const GAIN_MAX_DB = 20;
/** How long a loud moment holds the gain down. */
export const MEMORY_MS = 10_000;
/** In the three seconds of the gate's memory, less than what opens it: a rise is no voice. */
const RISE_DB_PER_S = 1;
const SEGMENTS = 20;
const SEGMENT_FRAMES = MEMORY_MS / SEGMENTS / FRAME_MS;
const FULL_SCALE = 32_768;
const RISE_DB_PER_FRAME = (RISE_DB_PER_S * FRAME_MS) / 1000;

export class QuietGain {
  /** The loudest sample of each of the last stretches. */
  readonly #peaks = new Int32Array(SEGMENTS);
  #segment = 0;
  #frames = 0;
  #gainDb = GAIN_MAX_DB;
  #factor = 10 ** (GAIN_MAX_DB / 20);

  /** The gain for what was taken last, dB. */
  get gainDb(): number {
    return this.#gainDb;
  }

  /** Takes a frame as the microphone gave it: the gain is what it and those before it allow. */
  take(frame: Int16Array): void {
    let peak = 0;
    for (let i = 0; i < frame.length; i++) {
      const sample = frame[i] ?? 0;
      const size = sample < 0 ? -sample : sample;
      if (size > peak) peak = size;
    }
    if (this.#frames === SEGMENT_FRAMES) {
      this.#frames = 0;
      this.#segment = (this.#segment + 1) % SEGMENTS;
      this.#peaks[this.#segment] = 0;
    }
    this.#frames += 1;
    this.#peaks[this.#segment] = Math.max(this.#peaks[this.#segment] ?? 0, peak);
    this.#move();
  }

  #move(): void {
    let loudest = 1;
    for (let i = 0; i < SEGMENTS; i++) loudest = Math.max(loudest, this.#peaks[i] ?? 0);
    const allowedDb = TARGET_PEAK_DBFS - 20 * Math.log10(loudest / FULL_SCALE);
    const wantedDb = Math.max(0, Math.min(GAIN_MAX_DB, allowedDb));
    const gainDb = Math.min(wantedDb, this.#gainDb + RISE_DB_PER_FRAME);
    if (gainDb === this.#gainDb) return;
    this.#gainDb = gainDb;
    this.#factor = 10 ** (gainDb / 20);
  }

  /** Writes `pcm`, amplified, into `out`, which is as long. */
  apply(pcm: Int16Array, out: Int16Array): void {
    const factor = this.#factor;
    for (let i = 0; i < pcm.length; i++) {
      const value = Math.round((pcm[i] ?? 0) * factor);
      out[i] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, value));
    }
  }
}
