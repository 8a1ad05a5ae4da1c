/**
 * How loud the microphone is, and whether it lives: peak, RMS, clipping and exact silence over the
 * last seconds.
 *
 * Invariant: one pass over each frame, nothing allocated in it; what is older than WINDOW_S seconds
 * of sound is forgotten.
 */

import { SAMPLE_RATE_HZ, samplesToMs } from "./pcm.ts";

/** Seconds of sound that a reading covers; the newest one is not yet whole. */
export const WINDOW_S = 5;
const FULL_SCALE = 32_768;
/** A converter that is overdriven gives its last value, or the one before it. */
const CLIP_FROM = 32_766;

export interface LevelReading {
  /** Decibels below full scale, one decimal; null when every sample was 0, or none came. */
  readonly rmsDbfs: number | null;
  readonly peakDbfs: number | null;
  /** Share of the samples at full scale, 0 to 1. */
  readonly clippedShare: number;
  /** Share of the samples that are exactly 0, 0 to 1. */
  readonly zeroShare: number;
  /** Seconds for which every sample has been the same, up to now: real rooms always rustle. */
  readonly flatS: number;
  /** Seconds of sound behind this reading. */
  readonly windowS: number;
}

interface Second {
  samples: number;
  squares: number;
  peak: number;
  clipped: number;
  zeros: number;
}

export class LevelMeter {
  readonly #seconds: readonly Second[] = Array.from({ length: WINDOW_S }, empty);
  #at = 0;
  #last = 0;
  #flatSamples = 0;

  /** Takes one frame of 24 kHz mono. */
  take(pcm: Int16Array): void {
    const second = this.#current();
    const first = pcm[0] ?? 0;
    let [squares, peak, clipped, zeros, same] = [0, 0, 0, 0, 0];
    for (let i = 0; i < pcm.length; i++) {
      const sample = pcm[i] ?? 0;
      const size = sample < 0 ? -sample : sample;
      squares += sample * sample;
      if (size > peak) peak = size;
      if (size >= CLIP_FROM) clipped += 1;
      if (sample === 0) zeros += 1;
      if (sample === first) same += 1;
    }
    second.samples += pcm.length;
    second.squares += squares;
    second.peak = Math.max(second.peak, peak);
    second.clipped += clipped;
    second.zeros += zeros;
    if (same < pcm.length || first !== this.#last) this.#flatSamples = 0;
    if (same === pcm.length) this.#flatSamples += same;
    this.#last = first;
  }

  read(): LevelReading {
    const all = empty();
    for (const second of this.#seconds) {
      all.samples += second.samples;
      all.squares += second.squares;
      all.peak = Math.max(all.peak, second.peak);
      all.clipped += second.clipped;
      all.zeros += second.zeros;
    }
    const samples = Math.max(1, all.samples);
    return {
      rmsDbfs: dbfs(Math.sqrt(all.squares / samples)),
      peakDbfs: dbfs(all.peak),
      clippedShare: rounded(all.clipped / samples, 10_000),
      zeroShare: rounded(all.zeros / samples, 10_000),
      flatS: rounded(samplesToMs(this.#flatSamples) / 1000, 10),
      windowS: rounded(samplesToMs(all.samples) / 1000, 10),
    };
  }

  /** Capture was interrupted: what comes next is another microphone for all we know. */
  reset(): void {
    for (const second of this.#seconds) Object.assign(second, empty());
    this.#flatSamples = 0;
  }

  #current(): Second {
    const now = this.#seconds[this.#at] ?? empty();
    if (now.samples < SAMPLE_RATE_HZ) return now;
    this.#at = (this.#at + 1) % WINDOW_S;
    const oldest = this.#seconds[this.#at] ?? empty();
    oldest.samples = 0;
    oldest.squares = 0;
    oldest.peak = 0;
    oldest.clipped = 0;
    oldest.zeros = 0;
    return oldest;
  }
}

function empty(): Second {
  return { samples: 0, squares: 0, peak: 0, clipped: 0, zeros: 0 };
}

/** Amplitude, 0 to 32768, as decibels below full scale; null for 0, which has none. */
export function dbfs(amplitude: number): number | null {
  return amplitude <= 0 ? null : rounded(20 * Math.log10(amplitude / FULL_SCALE), 10);
}

function rounded(value: number, per: number): number {
  return Math.round(value * per) / per;
}

/** `-52.3 dBFS`, or `silence` for a level that is none. */
export function dbfsText(level: number | null): string {
  return level === null ? "silence" : `${level.toFixed(1)} dBFS`;
}

/** Every sample the same for this long is no quiet room: the switch is off, or the capsule dead. */
export const FLAT_MAX_S = 30;
/** Beyond this share of clipped samples speech is hard to recognise, for people as for engines. */
export const CLIPPED_MAX_SHARE = 0.02;

/**
 * Somebody whose wake word peaks below this is heard only because Pipit amplifies: with all the gain
 * there is, it comes up to where a voice should be.
 */
export const QUIET_VOICE_DBFS = -40;

export type LevelVerdict = "ok" | "silent" | "clipped" | "quiet";

/** What a reading means for the owner; `flatMaxS`: how much sameness is too much. */
export function levelVerdict(reading: LevelReading, flatMaxS = FLAT_MAX_S): LevelVerdict {
  if (reading.flatS >= flatMaxS) return "silent";
  return reading.clippedShare > CLIPPED_MAX_SHARE ? "clipped" : "ok";
}

export const SILENT_REMEDY =
  "Look for a mute switch on it, and at the capture level in `alsamixer` (F4); a microphone that silences itself in a quiet room does this without fault";
export const QUIET_REMEDY =
  "Pipit amplifies it by up to 20 dB for the wake word, but not for the API; `pipit doctor` says what this microphone can do about it";
export const CLIPPED_REMEDY =
  "Lower the capture level in `alsamixer` (F4) until the loudest voice peaks near -6 dBFS; see `pipit status`";
