/**
 * 24 kHz to 16 kHz, for the wake-word engine: 3:2 down by one fixed polyphase filter.
 *
 * Invariant: output sample m depends only on the input samples since the last reset, never on how
 * they were cut into calls; no state is lost between calls and nothing is allocated in them.
 *
 * The filter is a Kaiser-windowed sinc at the common rate of 48 kHz, 137 taps long, cutting at
 * 7.3 kHz: 0.3 dB down at 6.8 kHz and 64 dB down from 8 kHz on, half the output rate, so whatever
 * could fold back is gone before it can. 125 taps would miss 60 dB; these leave room for rounding.
 */

import { SAMPLE_RATE_HZ } from "./pcm.ts";

/** Samples a second of the wake-word engines. */
export const WAKE_RATE_HZ = 16_000;
/** Samples in a frame of the wake-word engines: 32 ms. */
export const WAKE_FRAME_SAMPLES = 512;
/** How far the output lags behind the input, in 24 kHz samples: half the filter's length. */
export const RESAMPLE_DELAY_SAMPLES = 34;
/** Input samples per output sample. */
export const RESAMPLE_RATIO = SAMPLE_RATE_HZ / WAKE_RATE_HZ;

/** Filter length at 48 kHz, 4 × the delay + 1, so that the delay is whole at 24 kHz. */
const TAPS = 4 * RESAMPLE_DELAY_SAMPLES + 1;
const DESIGN_RATE_HZ = 2 * SAMPLE_RATE_HZ;
const CUTOFF_HZ = 7300;
/** Shape of the window; found together with length and cutoff by search. */
const KAISER_BETA = 6.2;
/** The even phase has an odd number of taps: its middle one is this, and as many are on either side. */
const MIDDLE = RESAMPLE_DELAY_SAMPLES;
/** Input samples kept from one block to the next: what the even phase of the sample before reaches. */
const HISTORY = 2 * MIDDLE + 2;
/** Input samples filtered at once; longer input is taken in several blocks. */
const BLOCK = 480;

/** Terms of the series at the most; for the betas of windows (below 20) fewer than 50 count. */
const TERMS_MAX = 100;

/** Modified Bessel function of the first kind, order zero, by its series, to a double's precision. */
export function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < TERMS_MAX; k++) {
    term *= (x / (2 * k)) ** 2;
    if (sum + term === sum) break;
    sum += term;
  }
  return sum;
}

/**
 * One of the two interleaved parts of the filter, scaled to a gain of 1 at 0 Hz: its first half, for it
 * is symmetric and tap k serves both its ends; and the middle tap, where there is one.
 */
function designPhase(first: 0 | 1): Float64Array {
  const middle = (TAPS - 1) / 2;
  const cutoff = CUTOFF_HZ / DESIGN_RATE_HZ;
  const taps: number[] = [];
  for (let n = first; n < TAPS; n += 2) {
    const t = n - middle;
    const sinc = t === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * t) / (Math.PI * t);
    const window = besselI0(KAISER_BETA * Math.sqrt(1 - (t / middle) ** 2)) / besselI0(KAISER_BETA);
    taps.push(sinc * window);
  }
  const sum = taps.reduce((total, tap) => total + tap, 0);
  const half = taps.slice(0, Math.ceil(taps.length / 2));
  return Float64Array.from(half, (tap) => tap / sum);
}

const EVEN = designPhase(0);
const ODD = designPhase(1);

/** Upper bound of the output samples for a number of input samples, whatever came before. */
export function resampledMax(inputSamples: number): number {
  return Math.ceil((inputSamples * 2) / 3) + 1;
}

/** A stream going down from 24 kHz to 16 kHz. */
export class Downsampler {
  /** The last HISTORY input samples, then the block being filtered. */
  readonly #window = new Float64Array(HISTORY + BLOCK);
  /** Input samples taken since the reset, modulo 3. */
  #turn = 0;

  /** Forgets all: the next sample is the first of a new stream, silence before it. */
  reset(): void {
    this.#window.fill(0);
    this.#turn = 0;
  }

  /**
   * Takes all of `input`, writes what becomes complete to the front of `output`, and returns the
   * number written: 2 with the second of every 3 taken since the reset. `output` must hold
   * `resampledMax(input.length)`, else a RangeError.
   */
  process(input: Int16Array, output: Int16Array): number {
    if (output.length < resampledMax(input.length)) {
      throw new RangeError(`output of ${output.length} samples for ${input.length} is too short`);
    }
    let written = 0;
    for (let from = 0; from < input.length; from += BLOCK) {
      const count = Math.min(BLOCK, input.length - from);
      for (let i = 0; i < count; i++) this.#window[HISTORY + i] = input[from + i] ?? 0;
      for (let i = (4 - this.#turn) % 3; i < count; i += 3, written += 2) {
        filterPair(this.#window, HISTORY + i, output, written);
      }
      this.#turn = (this.#turn + count) % 3;
      this.#window.copyWithin(0, count, count + HISTORY);
    }
    return written;
  }
}

/**
 * The even output that ends with the sample before `newest`, and the odd one that ends with it. They
 * share all but the ends of what they cover, so each sample is fetched once for both.
 */
function filterPair(window: Float64Array, newest: number, output: Int16Array, at: number): void {
  const oldest = newest - 2 * MIDDLE + 1;
  let a = 0;
  let b = 0;
  let upper = window[newest] ?? 0;
  let before = window[oldest - 2] ?? 0;
  let last = window[oldest - 1] ?? 0;
  for (let k = 0; k < MIDDLE; k++) {
    const next = window[newest - 1 - k] ?? 0;
    const lower = window[oldest + k] ?? 0;
    a += (EVEN[k] ?? 0) * (next + before);
    b += (ODD[k] ?? 0) * (upper + lower);
    upper = next;
    before = last;
    last = lower;
  }
  a += (EVEN[MIDDLE] ?? 0) * before;
  output[at] = Math.max(-32_768, Math.min(32_767, Math.round(a)));
  output[at + 1] = Math.max(-32_768, Math.min(32_767, Math.round(b)));
}
