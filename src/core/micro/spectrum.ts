/**
 * A 512-point Fourier transform of real 16-bit numbers in 16-bit arithmetic: every product rounded to
 * Q15, every stage scaled down by its radix so that nothing overflows. The models were trained on what
 * this arithmetic gives, its rounding errors included; a better transform would be a worse one.
 *
 * The steps are those of the fixed-point real transform behind TensorFlow's microfrontend: a complex
 * one of half the length (256 = 4⁴, decimation in time), then the halves taken apart.
 */

export const FFT_SAMPLES = 512;
/** Frequencies from 0 Hz to half the sampling rate, both included. */
export const SPECTRUM_BINS = FFT_SAMPLES / 2 + 1;

const COMPLEX = FFT_SAMPLES / 2;
const RADIX = 4;
const SAMPLE_MAX = 32_767;
const FRACTION_BITS = 15;
const HALF = 1 << (FRACTION_BITS - 1);
/** One over the divisor in Q15, as the stages multiply by it. */
const QUARTER = Math.trunc(SAMPLE_MAX / 4);
const HALVED = Math.trunc(SAMPLE_MAX / 2);

/** A product's sum, in Q30, back to 16 bits. */
function rounded(product: number): number {
  return ((product + HALF) << 1) >> 16;
}

function wrapped(sum: number): number {
  return (sum << 16) >> 16;
}

/** `floor(0.5 + 32767·cos)` and the same of the sine, for each phase. */
function twiddles(count: number, phase: (index: number) => number): readonly Int16Array[] {
  const of = (part: (x: number) => number): Int16Array =>
    Int16Array.from({ length: count }, (_, i) => Math.floor(0.5 + SAMPLE_MAX * part(phase(i))));
  return [of(Math.cos), of(Math.sin)];
}

/** Where each input goes so that the stages can work in place: digits of base 4, reversed. */
function order(): Uint8Array {
  return Uint8Array.from({ length: COMPLEX }, (_, to) => {
    let from = 0;
    for (let digits = to, span = 1; span < COMPLEX; span *= RADIX, digits >>= 2) {
      from = from * RADIX + (digits & (RADIX - 1));
    }
    return from;
  });
}

export class Spectrum {
  readonly #order = order();
  readonly #cos: Int16Array;
  readonly #sin: Int16Array;
  readonly #splitCos: Int16Array;
  readonly #splitSin: Int16Array;
  readonly #real = new Int16Array(COMPLEX);
  readonly #imaginary = new Int16Array(COMPLEX);

  constructor() {
    const none = new Int16Array(0);
    const stages = twiddles(COMPLEX, (i) => (-2 * Math.PI * i) / COMPLEX);
    const split = twiddles(COMPLEX / 2, (i) => -Math.PI * ((i + 1) / COMPLEX + 0.5));
    [this.#cos, this.#sin] = [stages[0] ?? none, stages[1] ?? none];
    [this.#splitCos, this.#splitSin] = [split[0] ?? none, split[1] ?? none];
  }

  /** The energy (re² + im²) of each of SPECTRUM_BINS frequencies of FFT_SAMPLES samples. */
  energies(samples: Int16Array, out: Float64Array): void {
    const [real, imaginary] = [this.#real, this.#imaginary];
    for (let i = 0; i < COMPLEX; i++) {
      const from = 2 * (this.#order[i] ?? 0);
      real[i] = samples[from] ?? 0;
      imaginary[i] = samples[from + 1] ?? 0;
    }
    for (let span = 1; span < COMPLEX; span *= RADIX) this.#stage(span);
    this.#split(out);
  }

  /** Joins, four by four, transforms of `span` numbers. */
  #stage(span: number): void {
    const step = COMPLEX / (span * RADIX);
    for (let start = 0; start < COMPLEX; start += span * RADIX) {
      for (let i = 0; i < span; i++) this.#butterfly(start + i, span, i * step);
    }
  }

  #butterfly(at: number, span: number, turn: number): void {
    const [re, im] = [this.#real, this.#imaginary];
    const [b, c, d] = [at + span, at + 2 * span, at + 3 * span];
    const aRe = rounded((re[at] ?? 0) * QUARTER);
    const aIm = rounded((im[at] ?? 0) * QUARTER);
    const bRe = this.#turnedRe(b, turn);
    const bIm = this.#turnedIm(b, turn);
    const cRe = this.#turnedRe(c, 2 * turn);
    const cIm = this.#turnedIm(c, 2 * turn);
    const dRe = this.#turnedRe(d, 3 * turn);
    const dIm = this.#turnedIm(d, 3 * turn);
    const [lessRe, lessIm] = [wrapped(aRe - cRe), wrapped(aIm - cIm)];
    const [moreRe, moreIm] = [wrapped(aRe + cRe), wrapped(aIm + cIm)];
    const [sumRe, sumIm] = [wrapped(bRe + dRe), wrapped(bIm + dIm)];
    const [gapRe, gapIm] = [wrapped(bRe - dRe), wrapped(bIm - dIm)];
    re[at] = moreRe + sumRe;
    im[at] = moreIm + sumIm;
    re[b] = lessRe + gapIm;
    im[b] = lessIm - gapRe;
    re[c] = moreRe - sumRe;
    im[c] = moreIm - sumIm;
    re[d] = lessRe - gapIm;
    im[d] = lessIm + gapRe;
  }

  #turnedRe(at: number, turn: number): number {
    const re = rounded((this.#real[at] ?? 0) * QUARTER);
    const im = rounded((this.#imaginary[at] ?? 0) * QUARTER);
    return rounded(re * (this.#cos[turn] ?? 0) - im * (this.#sin[turn] ?? 0));
  }

  #turnedIm(at: number, turn: number): number {
    const re = rounded((this.#real[at] ?? 0) * QUARTER);
    const im = rounded((this.#imaginary[at] ?? 0) * QUARTER);
    return rounded(re * (this.#sin[turn] ?? 0) + im * (this.#cos[turn] ?? 0));
  }

  /** From the transform of pairs to that of the samples, and at once to energies. */
  #split(out: Float64Array): void {
    const [re, im] = [this.#real, this.#imaginary];
    const firstRe = rounded((re[0] ?? 0) * HALVED);
    const firstIm = rounded((im[0] ?? 0) * HALVED);
    out[0] = wrapped(firstRe + firstIm) ** 2;
    out[COMPLEX] = wrapped(firstRe - firstIm) ** 2;
    for (let k = 1; k <= COMPLEX / 2; k++) {
      const lowRe = rounded((re[k] ?? 0) * HALVED);
      const lowIm = rounded((im[k] ?? 0) * HALVED);
      const highRe = rounded((re[COMPLEX - k] ?? 0) * HALVED);
      const highIm = rounded(wrapped(-(im[COMPLEX - k] ?? 0)) * HALVED);
      const [oneRe, oneIm] = [wrapped(lowRe + highRe), wrapped(lowIm + highIm)];
      const [twoRe, twoIm] = [wrapped(lowRe - highRe), wrapped(lowIm - highIm)];
      const [cos, sin] = [this.#splitCos[k - 1] ?? 0, this.#splitSin[k - 1] ?? 0];
      const turnedRe = rounded(twoRe * cos - twoIm * sin);
      const turnedIm = rounded(twoRe * sin + twoIm * cos);
      out[k] = ((oneRe + turnedRe) >> 1) ** 2 + ((oneIm + turnedIm) >> 1) ** 2;
      // The middle one is written twice; the second counts.
      out[COMPLEX - k] = ((oneRe - turnedRe) >> 1) ** 2 + ((turnedIm - oneIm) >> 1) ** 2;
    }
  }
}
