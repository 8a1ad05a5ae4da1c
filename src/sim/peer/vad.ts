/**
 * A small voice activity detector: energy against a tracked noise floor, in frames of 20 ms.
 * It lives on the timeline of the audio it is fed, not on the clock: the same samples give the same
 * answer however they are cut and however fast they come.
 */

import { msToSamples, rms } from "../../core/audio/pcm.ts";

/** 20 ms: short enough for a start within one syllable, long enough for a stable level. */
const FRAME_SAMPLES = msToSamples(20);
/** So many active frames make a start: a click of 20 ms does not. */
const ONSET_FRAMES = 3;
/** Level of an assumed room before anything was heard, dB below full scale. */
const FIRST_FLOOR_DB = -50;
const LOWEST_DB = -70;
/** How fast the floor follows a louder room, dB a frame: while quiet, and while someone speaks. */
const RISE_QUIET_DB = 0.2;
const RISE_SPEECH_DB = 0.02;
/** Share of the way down to a quieter level that the floor goes in one frame. */
const FALL_SHARE = 0.1;
/** Going on needs this much less than starting, so that a trailing vowel does not end speech. */
const HYSTERESIS_DB = 3;

export interface VadSettings {
  /** 0 (everything is speech) to 1 (only shouting is). */
  readonly threshold: number;
  /** Silence that ends speech, milliseconds. */
  readonly silenceMs: number;
}

export type VadEvent =
  /** `sample` is where speech began, without any padding. */
  | { readonly tag: "started"; readonly sample: number }
  /** `sample` is the end of the silence that ended it: where the audio fed so far ends. */
  | { readonly tag: "stopped"; readonly sample: number };

export class Vad {
  #frame = new Int16Array(FRAME_SAMPLES);
  #filled = 0;
  #position = 0;
  #floorDb = FIRST_FLOOR_DB;
  #active = 0;
  #activeFrom = 0;
  #silent = 0;
  #speaking: boolean = false;

  get speaking(): boolean {
    return this.#speaking;
  }

  /** Forgets speech in progress; keeps the timeline and the noise floor. */
  forget(): void {
    this.#speaking = false;
    this.#active = 0;
    this.#silent = 0;
  }

  /** Feeds any number of samples; tells what they made happen. */
  feed(pcm: Int16Array, settings: VadSettings): VadEvent[] {
    const events: VadEvent[] = [];
    for (let from = 0; from < pcm.length; ) {
      const count = Math.min(FRAME_SAMPLES - this.#filled, pcm.length - from);
      this.#frame.set(pcm.subarray(from, from + count), this.#filled);
      this.#filled += count;
      from += count;
      if (this.#filled < FRAME_SAMPLES) break;
      this.#filled = 0;
      const event = this.#judge(settings);
      if (event !== null) events.push(event);
    }
    return events;
  }

  #judge(settings: VadSettings): VadEvent | null {
    const start = this.#position;
    this.#position += FRAME_SAMPLES;
    const levelDb = 20 * Math.log10(Math.max(rms(this.#frame), 1e-3) / 32_768);
    const active = this.#isActive(levelDb, settings.threshold);
    this.#follow(levelDb);
    return this.#speaking ? this.#goOn(active, settings) : this.#onset(active, start);
  }

  #isActive(levelDb: number, threshold: number): boolean {
    const easier = this.#speaking ? HYSTERESIS_DB : 0;
    const marginDb = 6 + 12 * threshold - easier;
    const leastDb = -56 + 12 * threshold - easier;
    return levelDb > Math.max(this.#floorDb + marginDb, leastDb);
  }

  #follow(levelDb: number): void {
    const rise = this.#speaking ? RISE_SPEECH_DB : RISE_QUIET_DB;
    this.#floorDb =
      levelDb < this.#floorDb
        ? this.#floorDb + FALL_SHARE * (levelDb - this.#floorDb)
        : Math.min(levelDb, this.#floorDb + rise);
    this.#floorDb = Math.max(this.#floorDb, LOWEST_DB);
  }

  #onset(active: boolean, start: number): VadEvent | null {
    if (!active) {
      this.#active = 0;
      return null;
    }
    if (this.#active === 0) this.#activeFrom = start;
    this.#active += 1;
    if (this.#active < ONSET_FRAMES) return null;
    this.#speaking = true;
    this.#silent = 0;
    return { tag: "started", sample: this.#activeFrom };
  }

  #goOn(active: boolean, settings: VadSettings): VadEvent | null {
    this.#silent = active ? 0 : this.#silent + FRAME_SAMPLES;
    if (this.#silent < msToSamples(settings.silenceMs) || this.#silent === 0) return null;
    this.forget();
    return { tag: "stopped", sample: this.#position };
  }
}
