/**
 * "Is anybody making a sound?", asked of every microphone frame for next to nothing, so that the
 * wake-word engine sleeps in a quiet room. It is no speech recogniser: it opens early and closes
 * late, because what it opens for is looked back at in the ring, and what it misses is lost.
 *
 * Invariant: constant work per frame, no allocation; digital silence never opens it.
 *
 * The measure is the level in four octaves from 375 Hz to 6 kHz (the details of a Haar transform),
 * each against its own floor: a vowel rises 12 dB in its octave where the whole band hardly moves.
 * The floor is the quietest moment of the last three seconds (minimum statistics): speech pauses
 * that often, and a fan that starts opens the gate for no longer.
 */

import { FRAME_MS, FRAME_SAMPLES } from "./pcm.ts";

/**
 * An octave this far above its floor opens the gate. Measured: a minute of steady white, pink or
 * brown noise stays below 5 dB; the test words in pink noise at 5 dB all exceed 12 dB.
 */
const OPEN_RISE_DB = 7;
/** And it stays open while an octave is this far above its floor. */
const HOLD_RISE_DB = 6;
/** Stays open this long after the last loud frame: the engine answers up to 0.4 s after the word. */
export const GATE_HANG_MS = 1000;
/** Levels are smoothed over some 60 ms; share of the newest frame. */
const SMOOTHING = 0.3;
/** Octaves halved away before the first that counts: 6 to 12 kHz is left out. */
const OCTAVES_SKIPPED = 1;
const OCTAVES = 4;
/** A floor is the least of so many windows, each so long; together 3 s. */
const WINDOWS = 6;
const WINDOW_FRAMES = 500 / FRAME_MS;
/**
 * A floor never goes below this, dB over 1 LSB²: the dither of a converter. It also starts there, so
 * that a word before the first pause is not missed.
 */
const FLOOR_MIN_DB = 3;

const HANG_FRAMES = Math.ceil(GATE_HANG_MS / FRAME_MS);

/** The smoothed level of one octave, and its least value lately. */
class Floor {
  readonly #minimaDb = new Float64Array(WINDOWS).fill(FLOOR_MIN_DB);
  #smoothDb = FLOOR_MIN_DB;

  /** Takes a frame's level; returns how far the smoothed level is above the floor, dB. */
  riseDb(levelDb: number, window: number, windowBegins: boolean): number {
    this.#smoothDb += SMOOTHING * (levelDb - this.#smoothDb);
    const before = windowBegins ? this.#smoothDb : (this.#minimaDb[window] ?? 0);
    this.#minimaDb[window] = Math.min(before, this.#smoothDb);
    let floorDb = this.#smoothDb;
    for (const leastDb of this.#minimaDb) floorDb = Math.min(floorDb, leastDb);
    return this.#smoothDb - Math.max(FLOOR_MIN_DB, floorDb);
  }

  reset(): void {
    this.#minimaDb.fill(FLOOR_MIN_DB);
    this.#smoothDb = FLOOR_MIN_DB;
  }
}

/** The detector. One per microphone. */
export class SpeechGate {
  readonly #floors = Array.from({ length: OCTAVES }, () => new Floor());
  readonly #sums = new Int32Array(FRAME_SAMPLES);
  #window = 0;
  #windowFrames = 0;
  #hang = 0;
  #loud = 0;

  /** How many frames up to the last one were loud, without a pause. */
  get loudFrames(): number {
    return this.#loud;
  }

  /** Whether the frames taken so far leave it open. */
  get open(): boolean {
    return this.#hang > 0;
  }

  /** Measures one frame of FRAME_SAMPLES and tells whether the gate is open after it. */
  take(frame: Int16Array): boolean {
    if (frame.length !== FRAME_SAMPLES) {
      throw new RangeError(`a frame has ${FRAME_SAMPLES} samples, not ${frame.length}`);
    }
    const riseDb = this.#riseDb(frame);
    const isLoud = riseDb >= (this.#hang > 0 ? HOLD_RISE_DB : OPEN_RISE_DB);
    this.#loud = isLoud ? this.#loud + 1 : 0;
    if (isLoud) this.#hang = HANG_FRAMES;
    else if (this.#hang > 0) this.#hang -= 1;
    return this.#hang > 0;
  }

  /** What was loud so far was somebody else: only what comes opens it. Its floor stays. */
  shut(): void {
    this.#hang = 0;
    this.#loud = 0;
  }

  /** As new: after a pause in which it heard nothing. */
  reset(): void {
    for (const floor of this.#floors) floor.reset();
    this.#window = 0;
    this.#windowFrames = 0;
    this.#hang = 0;
    this.#loud = 0;
  }

  /** The rise of the octave that rose most. */
  #riseDb(frame: Int16Array): number {
    const windowBegins = this.#windowFrames === WINDOW_FRAMES;
    if (windowBegins) {
      this.#windowFrames = 0;
      this.#window = (this.#window + 1) % WINDOWS;
    }
    this.#windowFrames += 1;
    this.#sums.set(frame);
    let count = FRAME_SAMPLES;
    for (let skipped = 0; skipped < OCTAVES_SKIPPED; skipped++, count >>= 1) this.#halve(count);
    let mostDb = 0;
    for (let octave = 0; octave < OCTAVES; octave++, count >>= 1) {
      // Sums of 2^k samples carry 2^k times the power of single ones.
      const power = this.#halve(count) / count / 2 ** (octave + OCTAVES_SKIPPED);
      const levelDb = 10 * Math.log10(1 + power);
      const riseDb = this.#floors[octave]?.riseDb(levelDb, this.#window, windowBegins) ?? 0;
      mostDb = Math.max(mostDb, riseDb);
    }
    return mostDb;
  }

  /** One step of the transform: sums of pairs stay; returns the power of their differences. */
  #halve(count: number): number {
    const sums = this.#sums;
    let differences = 0;
    for (let i = 0; i < count >> 1; i++) {
      const a = sums[2 * i] ?? 0;
      const b = sums[2 * i + 1] ?? 0;
      differences += (a - b) * (a - b);
      sums[i] = a + b;
    }
    return differences;
  }
}
