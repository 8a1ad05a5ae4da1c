/**
 * The Fourier transform of real sound, for blocks whose length is a product of 2, 3 and 5.
 *
 * Invariant: tables and work space are made once; a transform allocates nothing.
 *
 * A real transform of `size` points is a complex one of half as many (Stockham's self-sorting
 * form, mixed radix) and a step that untangles the two halves.
 */

/** Factors a length may have, the one that saves most work first. */
const RADICES = [4, 2, 3, 5] as const;

const SIN_60 = Math.sqrt(3) / 2;
const COS_72 = Math.cos((2 * Math.PI) / 5);
const SIN_72 = Math.sin((2 * Math.PI) / 5);
const COS_144 = Math.cos((4 * Math.PI) / 5);
const SIN_144 = Math.sin((4 * Math.PI) / 5);

interface Stage {
  readonly radix: number;
  /** Length of the transforms that this stage joins. */
  readonly span: number;
  /** How many interleaved sequences it works on. */
  readonly stride: number;
  /** cos and sin of -2πpk/(radix·span), for p of span and k of radix - 1, in order. */
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}

function stagesOf(length: number): readonly Stage[] {
  const stages: Stage[] = [];
  let left = length;
  for (let stride = 1; left > 1; ) {
    const radix = RADICES.find((one) => left % one === 0);
    if (radix === undefined) {
      throw new RangeError(`a transform's length has the factors 2, 3 and 5, not ${left}`);
    }
    const span = left / radix;
    const turns = Float64Array.from(
      { length: span * (radix - 1) },
      (_, i) => (-2 * Math.PI * Math.floor(i / (radix - 1)) * (1 + (i % (radix - 1)))) / left,
    );
    stages.push({ radix, span, stride, cos: turns.map(Math.cos), sin: turns.map(Math.sin) });
    left = span;
    stride *= radix;
  }
  return stages;
}

/** Real and imaginary parts side by side in two arrays. */
interface Plane {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

function plane(length: number): Plane {
  return { re: new Float64Array(length), im: new Float64Array(length) };
}

export class RealFft {
  /** Points of the real side: even. */
  readonly size: number;
  /** Numbers on the other side: `size / 2 + 1` frequencies. */
  readonly bins: number;
  readonly #half: number;
  readonly #stages: readonly Stage[];
  readonly #planes: readonly [Plane, Plane];
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;

  /** Throws a RangeError for a size that is odd or has other factors than 2, 3 and 5. */
  constructor(size: number) {
    if (!Number.isInteger(size) || size < 2 || size % 2 !== 0) {
      throw new RangeError(`a real transform has an even number of points, not ${size}`);
    }
    this.size = size;
    this.bins = size / 2 + 1;
    this.#half = size / 2;
    this.#stages = stagesOf(this.#half);
    this.#planes = [plane(this.#half), plane(this.#half)];
    const turns = Float64Array.from({ length: this.bins }, (_, k) => (2 * Math.PI * k) / size);
    this.#cos = turns.map(Math.cos);
    this.#sin = turns.map(Math.sin);
  }

  /** `time` (size) to `re` and `im` (bins); not scaled. */
  forward(time: Float64Array, re: Float64Array, im: Float64Array): void {
    const half = this.#half;
    const [input] = this.#planes;
    for (let n = 0; n < half; n++) {
      input.re[n] = time[2 * n] ?? 0;
      input.im[n] = time[2 * n + 1] ?? 0;
    }
    const { re: zRe, im: zIm } = this.#transform();
    const [cosines, sines] = [this.#cos, this.#sin];
    const first = zRe[0] ?? 0;
    const last = zIm[0] ?? 0;
    re[0] = first + last;
    re[half] = first - last;
    im[0] = im[half] = 0;
    // A frequency and its mirror image are made of the same four numbers.
    for (let k = 1, b = half - 1; k <= b; k++, b--) {
      const evenRe = (zRe[k] ?? 0) + (zRe[b] ?? 0);
      const evenIm = (zIm[k] ?? 0) - (zIm[b] ?? 0);
      const oddRe = (zIm[k] ?? 0) + (zIm[b] ?? 0);
      const oddIm = (zRe[b] ?? 0) - (zRe[k] ?? 0);
      const cos = cosines[k] ?? 0;
      const sin = sines[k] ?? 0;
      const turnedRe = cos * oddRe + sin * oddIm;
      const turnedIm = cos * oddIm - sin * oddRe;
      re[k] = (evenRe + turnedRe) / 2;
      im[k] = (evenIm + turnedIm) / 2;
      re[b] = (evenRe - turnedRe) / 2;
      im[b] = (turnedIm - evenIm) / 2;
    }
  }

  /** `re` and `im` (bins) back to `time` (size): the inverse of `forward`. */
  inverse(re: Float64Array, im: Float64Array, time: Float64Array): void {
    const half = this.#half;
    const [{ re: inRe, im: inIm }] = this.#planes;
    const [cosines, sines] = [this.#cos, this.#sin];
    for (let k = 0; k < half; k++) {
      const b = half - k;
      const evenRe = (re[k] ?? 0) + (re[b] ?? 0);
      const evenIm = (im[k] ?? 0) - (im[b] ?? 0);
      const diffRe = (re[k] ?? 0) - (re[b] ?? 0);
      const diffIm = (im[k] ?? 0) + (im[b] ?? 0);
      const cos = cosines[k] ?? 0;
      const sin = sines[k] ?? 0;
      const oddRe = cos * diffRe - sin * diffIm;
      const oddIm = cos * diffIm + sin * diffRe;
      // Conjugated, so that the forward transform serves here, too.
      inRe[k] = evenRe - oddIm;
      inIm[k] = -(evenIm + oddRe);
    }
    const z = this.#transform();
    const scale = 1 / this.size;
    for (let n = 0; n < half; n++) {
      time[2 * n] = (z.re[n] ?? 0) * scale;
      time[2 * n + 1] = -(z.im[n] ?? 0) * scale;
    }
  }

  /** Transforms what is in the first plane; returns the plane with the result. */
  #transform(): Plane {
    let [from, to] = this.#planes;
    for (const stage of this.#stages) {
      if (stage.radix === 4) radix4(stage, from, to);
      else if (stage.radix === 2) radix2(stage, from, to);
      else if (stage.radix === 3) radix3(stage, from, to);
      else radix5(stage, from, to);
      [from, to] = [to, from];
    }
    return from;
  }
}

// In the four below every product is written out: a helper that takes numbers would box each of them.

function radix2({ span, stride, cos, sin }: Stage, from: Plane, to: Plane): void {
  const { re: fromRe, im: fromIm } = from;
  const { re: toRe, im: toIm } = to;
  for (let p = 0; p < span; p++) {
    const c = cos[p] ?? 0;
    const s = sin[p] ?? 0;
    for (let q = 0; q < stride; q++) {
      const a = q + stride * p;
      const b = a + stride * span;
      const out = q + stride * 2 * p;
      const re = (fromRe[a] ?? 0) - (fromRe[b] ?? 0);
      const im = (fromIm[a] ?? 0) - (fromIm[b] ?? 0);
      toRe[out] = (fromRe[a] ?? 0) + (fromRe[b] ?? 0);
      toIm[out] = (fromIm[a] ?? 0) + (fromIm[b] ?? 0);
      toRe[out + stride] = re * c - im * s;
      toIm[out + stride] = re * s + im * c;
    }
  }
}

function radix3({ span, stride, cos, sin }: Stage, from: Plane, to: Plane): void {
  const { re: fromRe, im: fromIm } = from;
  const { re: toRe, im: toIm } = to;
  for (let p = 0; p < span; p++) {
    const c1 = cos[2 * p] ?? 0;
    const s1 = sin[2 * p] ?? 0;
    const c2 = cos[2 * p + 1] ?? 0;
    const s2 = sin[2 * p + 1] ?? 0;
    for (let q = 0; q < stride; q++) {
      const a = q + stride * p;
      const b = a + stride * span;
      const c = b + stride * span;
      const out = q + stride * 3 * p;
      const sumRe = (fromRe[b] ?? 0) + (fromRe[c] ?? 0);
      const sumIm = (fromIm[b] ?? 0) + (fromIm[c] ?? 0);
      const turnRe = SIN_60 * ((fromIm[b] ?? 0) - (fromIm[c] ?? 0));
      const turnIm = SIN_60 * ((fromRe[c] ?? 0) - (fromRe[b] ?? 0));
      const midRe = (fromRe[a] ?? 0) - sumRe / 2;
      const midIm = (fromIm[a] ?? 0) - sumIm / 2;
      toRe[out] = (fromRe[a] ?? 0) + sumRe;
      toIm[out] = (fromIm[a] ?? 0) + sumIm;
      toRe[out + stride] = (midRe + turnRe) * c1 - (midIm + turnIm) * s1;
      toIm[out + stride] = (midRe + turnRe) * s1 + (midIm + turnIm) * c1;
      toRe[out + 2 * stride] = (midRe - turnRe) * c2 - (midIm - turnIm) * s2;
      toIm[out + 2 * stride] = (midRe - turnRe) * s2 + (midIm - turnIm) * c2;
    }
  }
}

function radix4({ span, stride, cos, sin }: Stage, from: Plane, to: Plane): void {
  const { re: fromRe, im: fromIm } = from;
  const { re: toRe, im: toIm } = to;
  const step = stride * span;
  for (let p = 0; p < span; p++) {
    const c1 = cos[3 * p] ?? 0;
    const s1 = sin[3 * p] ?? 0;
    const c2 = cos[3 * p + 1] ?? 0;
    const s2 = sin[3 * p + 1] ?? 0;
    const c3 = cos[3 * p + 2] ?? 0;
    const s3 = sin[3 * p + 2] ?? 0;
    for (let q = 0; q < stride; q++) {
      const a = q + stride * p;
      const out = q + stride * 4 * p;
      const acRe = (fromRe[a] ?? 0) + (fromRe[a + 2 * step] ?? 0);
      const acIm = (fromIm[a] ?? 0) + (fromIm[a + 2 * step] ?? 0);
      const lessRe = (fromRe[a] ?? 0) - (fromRe[a + 2 * step] ?? 0);
      const lessIm = (fromIm[a] ?? 0) - (fromIm[a + 2 * step] ?? 0);
      const bdRe = (fromRe[a + step] ?? 0) + (fromRe[a + 3 * step] ?? 0);
      const bdIm = (fromIm[a + step] ?? 0) + (fromIm[a + 3 * step] ?? 0);
      const turnRe = (fromIm[a + step] ?? 0) - (fromIm[a + 3 * step] ?? 0);
      const turnIm = (fromRe[a + 3 * step] ?? 0) - (fromRe[a + step] ?? 0);
      toRe[out] = acRe + bdRe;
      toIm[out] = acIm + bdIm;
      toRe[out + stride] = (lessRe + turnRe) * c1 - (lessIm + turnIm) * s1;
      toIm[out + stride] = (lessRe + turnRe) * s1 + (lessIm + turnIm) * c1;
      toRe[out + 2 * stride] = (acRe - bdRe) * c2 - (acIm - bdIm) * s2;
      toIm[out + 2 * stride] = (acRe - bdRe) * s2 + (acIm - bdIm) * c2;
      toRe[out + 3 * stride] = (lessRe - turnRe) * c3 - (lessIm - turnIm) * s3;
      toIm[out + 3 * stride] = (lessRe - turnRe) * s3 + (lessIm - turnIm) * c3;
    }
  }
}

function radix5({ span, stride, cos, sin }: Stage, from: Plane, to: Plane): void {
  const { re: fromRe, im: fromIm } = from;
  const { re: toRe, im: toIm } = to;
  const step = stride * span;
  for (let p = 0; p < span; p++) {
    for (let q = 0; q < stride; q++) {
      const a = q + stride * p;
      const out = q + stride * 5 * p;
      const sum1Re = (fromRe[a + step] ?? 0) + (fromRe[a + 4 * step] ?? 0);
      const sum1Im = (fromIm[a + step] ?? 0) + (fromIm[a + 4 * step] ?? 0);
      const sum2Re = (fromRe[a + 2 * step] ?? 0) + (fromRe[a + 3 * step] ?? 0);
      const sum2Im = (fromIm[a + 2 * step] ?? 0) + (fromIm[a + 3 * step] ?? 0);
      const less1Re = (fromRe[a + step] ?? 0) - (fromRe[a + 4 * step] ?? 0);
      const less1Im = (fromIm[a + step] ?? 0) - (fromIm[a + 4 * step] ?? 0);
      const less2Re = (fromRe[a + 2 * step] ?? 0) - (fromRe[a + 3 * step] ?? 0);
      const less2Im = (fromIm[a + 2 * step] ?? 0) - (fromIm[a + 3 * step] ?? 0);
      const near1Re = (fromRe[a] ?? 0) + COS_72 * sum1Re + COS_144 * sum2Re;
      const near1Im = (fromIm[a] ?? 0) + COS_72 * sum1Im + COS_144 * sum2Im;
      const near2Re = (fromRe[a] ?? 0) + COS_144 * sum1Re + COS_72 * sum2Re;
      const near2Im = (fromIm[a] ?? 0) + COS_144 * sum1Im + COS_72 * sum2Im;
      const turn1Re = SIN_72 * less1Im + SIN_144 * less2Im;
      const turn1Im = -SIN_72 * less1Re - SIN_144 * less2Re;
      const turn2Re = SIN_144 * less1Im - SIN_72 * less2Im;
      const turn2Im = -SIN_144 * less1Re + SIN_72 * less2Re;
      toRe[out] = (fromRe[a] ?? 0) + sum1Re + sum2Re;
      toIm[out] = (fromIm[a] ?? 0) + sum1Im + sum2Im;
      toRe[out + stride] = near1Re + turn1Re;
      toIm[out + stride] = near1Im + turn1Im;
      toRe[out + 2 * stride] = near2Re + turn2Re;
      toIm[out + 2 * stride] = near2Im + turn2Im;
      toRe[out + 3 * stride] = near2Re - turn2Re;
      toIm[out + 3 * stride] = near2Im - turn2Im;
      toRe[out + 4 * stride] = near1Re - turn1Re;
      toIm[out + 4 * stride] = near1Im - turn1Im;
    }
    turnFour(cos, sin, p, stride, to);
  }
}

/** Turns the last four results of a radix-5 stage by their angles. */
function turnFour(
  cos: Float64Array,
  sin: Float64Array,
  p: number,
  stride: number,
  { re, im }: Plane,
): void {
  if (p === 0) return; // By nothing.
  for (let k = 0; k < 4; k++) {
    const c = cos[4 * p + k] ?? 0;
    const s = sin[4 * p + k] ?? 0;
    const first = stride * (5 * p + k + 1);
    for (let at = first; at < first + stride; at++) {
      const x = re[at] ?? 0;
      const y = im[at] ?? 0;
      re[at] = x * c - y * s;
      im[at] = x * s + y * c;
    }
  }
}
