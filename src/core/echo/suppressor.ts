/**
 * What a linear canceller cannot take out of an echo (an overdriven loudspeaker, a clock that drifts)
 * is made fainter, frequency by frequency, where it is louder than who speaks.
 *
 * Invariants: what comes out is one block behind what goes in; constant work a block, no allocation.
 * Nothing is made fainter by more than LEAST: silence that comes and goes is heard as much as an echo.
 *
 * A Wiener filter over half-overlapping blocks (square-root Hann windows): its gain is the share of
 * what is left that is not expected of the echo. How much is expected, NearSpeech has learned.
 */

import { BINS_HEARD, bandOf, ECHO_BLOCK_SAMPLES } from "./canceller.ts";
import { RealFft } from "./fft.ts";

/** -20 dB. */
const LEAST = 0.1;
/** Times the expected echo that is taken for it: 3 dB more than usual. */
const OVER = 2;
/** What an echo keeps of its power in a block while it rings out. */
const RINGING = 0.75;
/** Share of the newest gain where it falls, and where it rises: no syllable is bitten off. */
const FALLING = 0.4;
const RISING = 0.8;

const BAND_OF = Uint8Array.from({ length: ECHO_BLOCK_SAMPLES + 1 }, (_, bin) => bandOf(bin));
const WINDOW = Float64Array.from({ length: 2 * ECHO_BLOCK_SAMPLES }, (_, n) =>
  Math.sin((Math.PI * (n + 0.5)) / (2 * ECHO_BLOCK_SAMPLES)),
);

export class ResidualSuppressor {
  readonly #fft = new RealFft(2 * ECHO_BLOCK_SAMPLES);
  /** The last two blocks of each. */
  readonly #left = new Float64Array(2 * ECHO_BLOCK_SAMPLES);
  readonly #echo = new Float64Array(2 * ECHO_BLOCK_SAMPLES);
  readonly #work = new Float64Array(2 * ECHO_BLOCK_SAMPLES);
  readonly #re = new Float64Array(this.#fft.bins);
  readonly #im = new Float64Array(this.#fft.bins);
  readonly #echoPower = new Float64Array(this.#fft.bins);
  readonly #gain = new Float64Array(this.#fft.bins).fill(1);
  /** The second half of the last window: it waits for the first of the next. */
  readonly #overlap = new Float64Array(ECHO_BLOCK_SAMPLES);

  /** A new answer begins, after this block of sound. */
  begin(before: Int16Array): void {
    this.#left.fill(0);
    this.#echo.fill(0);
    this.#overlap.fill(0);
    this.#echoPower.fill(0);
    this.#gain.fill(1);
    for (let n = 0; n < ECHO_BLOCK_SAMPLES; n++)
      this.#left[ECHO_BLOCK_SAMPLES + n] = before[n] ?? 0;
  }

  /**
   * Takes what is left of a block of the microphone, and writes the block before it to `out`. `share`:
   * how much of an echo usually is left in each band, a logarithm of powers.
   */
  process(microphone: Int16Array, left: Int16Array, share: Float64Array, out: Int16Array): void {
    const block = ECHO_BLOCK_SAMPLES;
    this.#left.copyWithin(0, block);
    this.#echo.copyWithin(0, block);
    for (let n = 0; n < block; n++) {
      this.#left[block + n] = left[n] ?? 0;
      this.#echo[block + n] = (microphone[n] ?? 0) - (left[n] ?? 0);
    }
    this.#expect();
    windowed(this.#left, this.#work);
    this.#fft.forward(this.#work, this.#re, this.#im);
    this.#suppress(share);
    this.#fft.inverse(this.#re, this.#im, this.#work);
    for (let n = 0; n < block; n++) {
      const sum = (this.#overlap[n] ?? 0) + (this.#work[n] ?? 0) * (WINDOW[n] ?? 0);
      out[n] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
      this.#overlap[n] = (this.#work[block + n] ?? 0) * (WINDOW[block + n] ?? 0);
    }
  }

  #expect(): void {
    windowed(this.#echo, this.#work);
    this.#fft.forward(this.#work, this.#re, this.#im);
    for (let k = 0; k < BINS_HEARD; k++) {
      const re = this.#re[k] ?? 0;
      const im = this.#im[k] ?? 0;
      this.#echoPower[k] = Math.max(re * re + im * im, RINGING * (this.#echoPower[k] ?? 0));
    }
  }

  #suppress(share: Float64Array): void {
    for (let k = 0; k < this.#fft.bins; k++) {
      const re = this.#re[k] ?? 0;
      const im = this.#im[k] ?? 0;
      const power = re * re + im * im + 1;
      const expected = OVER * Math.exp(share[BAND_OF[k] ?? 0] ?? 0) * (this.#echoPower[k] ?? 0);
      // Above what the canceller deals with there is nothing that could be told from an echo.
      const wanted = k < BINS_HEARD ? Math.max(LEAST, 1 - expected / power) : LEAST;
      const before = this.#gain[k] ?? 0;
      const gain = before + (wanted < before ? FALLING : RISING) * (wanted - before);
      this.#gain[k] = gain;
      this.#re[k] = re * gain;
      this.#im[k] = im * gain;
    }
  }
}

function windowed(from: Float64Array, to: Float64Array): void {
  for (let n = 0; n < to.length; n++) to[n] = (from[n] ?? 0) * (WINDOW[n] ?? 0);
}
