/**
 * Whole recordings at any rate, made into 24 kHz: a stateless windowed-sinc converter for files.
 * (Live sound goes through the streaming resampler instead.)
 *
 * Invariant: sample n of the output is the sound at time n / 24000 s of the input, with no delay,
 * and the output lasts as long as the input. At 24 kHz already, the samples are copied as they are.
 */

import { besselI0 } from "./downsampler.ts";
import { SAMPLE_RATE_HZ } from "./pcm.ts";

/** Kaiser window of about 80 dB stop band: beta = 0.1102 (A - 8.7). */
const KAISER_BETA = 7.86;
/** The filter passes up to this fraction of the lower rate, and stops from half of it on. */
const PASS_FRACTION = 0.45;
/** Half length in periods of the lower rate: Kaiser's formula for 80 dB over 0.05 of that rate. */
const HALF_LENGTH = 51;
/** Filters kept; a ratio with more phases than this computes the others anew. */
const PHASES_KEPT_MAX = 4_096;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

interface Filter {
  /** Taps either side of the centre, in input samples. */
  readonly half: number;
  /** Weights of input samples floor(t) - half + 1 … floor(t) + half, for a fraction of t. */
  weights(fraction: number): Float64Array;
}

function makeFilter(fromHz: number): Filter {
  const lower = Math.min(fromHz, SAMPLE_RATE_HZ);
  // Cut-off in cycles per input sample: the middle of the transition band.
  const cutoff = (((PASS_FRACTION + 0.5) / 2) * lower) / fromHz;
  const span = (HALF_LENGTH * fromHz) / lower;
  const half = Math.ceil(span);
  const scale = 1 / besselI0(KAISER_BETA);
  return {
    half,
    weights(fraction) {
      const taps = new Float64Array(2 * half);
      let sum = 0;
      for (let k = 0; k < taps.length; k++) {
        const x = k - half + 1 - fraction;
        const edge = 1 - (x / span) ** 2;
        if (edge <= 0) continue;
        const angle = 2 * Math.PI * cutoff * x;
        const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
        const weight = sinc * besselI0(KAISER_BETA * Math.sqrt(edge)) * scale;
        taps[k] = weight;
        sum += weight;
      }
      // Every phase passes a constant exactly, so that no phase adds a whine of its own.
      for (let k = 0; k < taps.length; k++) taps[k] = (taps[k] ?? 0) / sum;
      return taps;
    },
  };
}

function weigh(pcm: Int16Array, first: number, taps: Float64Array): number {
  let sum = 0;
  const from = Math.max(0, -first);
  const to = Math.min(taps.length, pcm.length - first);
  for (let k = from; k < to; k++) sum += (taps[k] ?? 0) * (pcm[first + k] ?? 0);
  const rounded = Math.round(sum);
  return Math.max(-32_768, Math.min(32_767, rounded));
}

/** Converts mono samples at `fromHz` (a positive whole number) to 24 kHz; always a new array. */
export function convertTo24k(pcm: Int16Array, fromHz: number): Int16Array {
  if (fromHz === SAMPLE_RATE_HZ) return pcm.slice();
  const divisor = greatestCommonDivisor(SAMPLE_RATE_HZ, fromHz);
  const up = SAMPLE_RATE_HZ / divisor;
  const down = fromHz / divisor;
  const filter = makeFilter(fromHz);
  const kept: Float64Array[] = [];
  const out = new Int16Array(Math.round((pcm.length * up) / down));
  for (let n = 0; n < out.length; n++) {
    const at = Math.floor((n * down) / up);
    const phase = (n * down) % up;
    let taps = kept[phase];
    if (taps === undefined) {
      taps = filter.weights(phase / up);
      if (phase < PHASES_KEPT_MAX) kept[phase] = taps;
    }
    out[n] = weigh(pcm, at - filter.half + 1, taps);
  }
  return out;
}
