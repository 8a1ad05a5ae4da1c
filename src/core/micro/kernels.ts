/**
 * The arithmetic of the operators on 8-bit numbers, as steps that can be run again and again. What a
 * step needs has been checked before it is made; it allocates nothing.
 *
 * A number q of a tensor means scale · (q − zero). Sums are 32-bit; they go back to 8 bits by one
 * multiplication with the quotient of the scales, rounded, and are cut to the range.
 */

/** Numbers of 8 bits, signed or not. */
export type Numbers = Int8Array | Uint8Array;

/** One run of an operator. */
export type Step = () => void;

export interface Range {
  readonly zero: number;
  readonly low: number;
  readonly high: number;
}

export interface Convolution {
  readonly input: Int8Array;
  readonly output: Int8Array;
  /** [output channel][run][position in the run]. */
  readonly weights: Int8Array;
  /** One for each output channel, what the input's zero point adds included. */
  readonly bias: Int32Array;
  /** One for each output channel: scale of the input × of the weights / of the output. */
  readonly factors: Float64Array;
  /** Where in the input each output position begins. */
  readonly starts: Int32Array;
  /** From there, where each run of neighbouring numbers begins, and how long all of them are. */
  readonly runs: Int32Array;
  readonly runLength: number;
  readonly range: Range;
}

function cut(value: number, { low, high }: Range): number {
  return value < low ? low : value > high ? high : value;
}

/** Convolution, and with a single run over the whole input a fully connected layer. */
export function convolve(of: Convolution): Step {
  const { input, output, weights, bias, factors, starts, runs, runLength, range } = of;
  const channels = bias.length;
  return () => {
    for (let position = 0; position < starts.length; position++) {
      const start = starts[position] ?? 0;
      let weight = 0;
      for (let channel = 0; channel < channels; channel++) {
        let sum = bias[channel] ?? 0;
        for (let run = 0; run < runs.length; run++) {
          const from = start + (runs[run] ?? 0);
          sum += dot(input, from, weights, weight, runLength);
          weight += runLength;
        }
        const value = Math.round(sum * (factors[channel] ?? 0)) + range.zero;
        output[position * channels + channel] = cut(value, range);
      }
    }
  };
}

/** Four products at a time: what the processor can do side by side. */
function dot(a: Int8Array, aFrom: number, b: Int8Array, bFrom: number, length: number): number {
  let [even, odd] = [0, 0];
  let [i, j] = [aFrom, bFrom];
  const fours = aFrom + (length & ~3);
  for (; i < fours; i += 4, j += 4) {
    even = (even + (a[i] ?? 0) * (b[j] ?? 0) + (a[i + 2] ?? 0) * (b[j + 2] ?? 0)) | 0;
    odd = (odd + (a[i + 1] ?? 0) * (b[j + 1] ?? 0) + (a[i + 3] ?? 0) * (b[j + 3] ?? 0)) | 0;
  }
  for (; i < aFrom + length; i++, j++) even += (a[i] ?? 0) * (b[j] ?? 0);
  return even + odd;
}

export interface DepthwiseConvolution extends Omit<Convolution, "runs" | "runLength" | "weights"> {
  /** [tap][channel]. */
  readonly weights: Int8Array;
  /** From a start, where the channels of each tap begin. */
  readonly taps: Int32Array;
}

/** Each channel by itself. */
export function convolveDepthwise(of: DepthwiseConvolution): Step {
  const { input, output, weights, bias, factors, starts, taps, range } = of;
  const channels = bias.length;
  const sums = new Int32Array(channels);
  return () => {
    for (let position = 0; position < starts.length; position++) {
      sums.set(bias);
      for (let tap = 0; tap < taps.length; tap++) {
        const from = (starts[position] ?? 0) + (taps[tap] ?? 0);
        const weight = tap * channels;
        for (let c = 0; c < channels; c++) {
          sums[c] = (sums[c] ?? 0) + (input[from + c] ?? 0) * (weights[weight + c] ?? 0);
        }
      }
      for (let c = 0; c < channels; c++) {
        const value = Math.round((sums[c] ?? 0) * (factors[c] ?? 0)) + range.zero;
        output[position * channels + c] = cut(value, range);
      }
    }
  };
}

/** Each number by itself, through a table made once for the 256 there are. */
export function eachThrough(
  input: Int8Array,
  output: Numbers,
  map: (q: number) => number,
  range: Range,
): Step {
  const table = Int16Array.from({ length: 256 }, (_, i) => cut(Math.round(map(i - 128)), range));
  return () => {
    for (let i = 0; i < input.length; i++) output[i] = table[(input[i] ?? 0) + 128] ?? 0;
  };
}

/** Stretches of neighbouring numbers, copied: from, to and length of each. */
export interface Copies {
  readonly input: Int8Array;
  readonly output: Int8Array;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly length: number;
}

export function copyStretches({ input, output, from, to, length }: Copies): Step {
  return () => {
    for (let i = 0; i < from.length; i++) {
      const start = from[i] ?? 0;
      for (let n = 0; n < length; n++) output[(to[i] ?? 0) + n] = input[start + n] ?? 0;
    }
  };
}
