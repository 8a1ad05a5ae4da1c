/**
 * How far a figure can be trusted. Conversations are the units: answers of one conversation are alike,
 * so resampling answers would promise too much.
 *
 * Invariant: the same data give the same interval (the chance is seeded), and none is given for fewer
 * units than FEWEST.
 */

/** One conversation's share of a ratio such as "milliseconds per answer". */
export interface Share {
  readonly over: number;
  /** Above 0. */
  readonly under: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Fewer conversations than this resample into nonsense: the interval is then "too few". */
export const FEWEST_CONVERSATIONS = 20;
/** Fewer function calls than this say next to nothing about a rate. */
export const FEWEST_CALLS = 30;
/** Resamples; the ends of a 95 % interval then rest on the outer 25 of each side. */
const RESAMPLES = 1_000;
const SEED = 20_261_122;
/** The 97.5th percentile of the standard normal distribution. */
const Z_95 = 1.959964;

/** In order, for `atShare`. */
export function sorted(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** Nearest-rank percentile as in the metrics files, `share` of 0 to 1; null of nothing. */
export function atShare(inOrder: Float64Array, share: number): number | null {
  return inOrder[Math.max(1, Math.ceil(share * inOrder.length)) - 1] ?? null;
}

/** Sum over sum; null of nothing. */
export function ratio(shares: readonly Share[]): number | null {
  let [over, under] = [0, 0];
  for (const share of shares) {
    over += share.over;
    under += share.under;
  }
  return under > 0 ? over / under : null;
}

/** The ratio in each of RESAMPLES draws of as many conversations, with replacement. */
export function resampled(shares: readonly Share[], seed = SEED): Float64Array {
  const count = shares.length;
  const over = Float64Array.from(shares, (share) => share.over);
  const under = Float64Array.from(shares, (share) => share.under);
  const random = xorshift(seed);
  return Float64Array.from({ length: RESAMPLES }, () => {
    let [a, b] = [0, 0];
    for (let draw = 0; draw < count; draw++) {
      const index = Math.floor(random() * count);
      a += over[index] ?? 0;
      b += under[index] ?? 0;
    }
    return a / b;
  });
}

/** The middle 95 % of what was resampled (percentile bootstrap). */
export function middle(values: Float64Array): Interval {
  const inOrder = values.toSorted();
  const cut = Math.floor(inOrder.length * 0.025);
  return { low: inOrder[cut] ?? Number.NaN, high: inOrder.at(-1 - cut) ?? Number.NaN };
}

/** The change from `b` to `a`, as a share of `b`, in each resample of the two. */
export function changes(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, index) => value / (b[index] ?? Number.NaN) - 1);
}

/** Wilson's score interval of a rate, 95 %: unlike a resample, honest where all or none succeeded. */
export function wilson(successes: number, count: number): Interval {
  const rate = successes / count;
  const square = Z_95 * Z_95;
  const centre = (rate + square / (2 * count)) / (1 + square / count);
  const spread =
    (Z_95 * Math.sqrt((rate * (1 - rate)) / count + square / (4 * count * count))) /
    (1 + square / count);
  return { low: Math.max(0, centre - spread), high: Math.min(1, centre + spread) };
}

export interface Rate {
  readonly successes: number;
  readonly count: number;
}

/** The difference of two rates, a − b, 95 % (Newcombe 1998, method 10: from Wilson's intervals). */
export function rateDifference(a: Rate, b: Rate): Interval {
  const [rateA, rateB] = [a.successes / a.count, b.successes / b.count];
  const [ofA, ofB] = [wilson(a.successes, a.count), wilson(b.successes, b.count)];
  return {
    low: rateA - rateB - Math.hypot(rateA - ofA.low, ofB.high - rateB),
    high: rateA - rateB + Math.hypot(ofA.high - rateA, rateB - ofB.low),
  };
}

/** Marsaglia's 32-bit generator (2003; shifts 13, 17, 5): numbers from 0 to below 1. */
function xorshift(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
