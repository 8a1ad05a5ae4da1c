/** Chance that repeats: the same seed gives the same throws, on every machine. */

import type { Dice } from "../ports.ts";

const RANGE = 2 ** 32;

/**
 * Seeded dice: a 32-bit xorshift generator (Marsaglia 2003, shifts 13, 17, 5), good enough to
 * spread jitter and to make identifiers in tests. Not for secrets.
 */
export class SimDice implements Dice {
  #state: number;

  /** Any whole number; 0 and its multiples of 2^32 count as 1, because xorshift stays at 0. */
  constructor(seed = 1) {
    this.#state = seed >>> 0 || 1;
  }

  unit(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / RANGE;
  }

  /** A whole number, at least 0 and below `count`. */
  below(count: number): number {
    return Math.floor(this.unit() * count);
  }

  /** True with this probability, 0 to 1. */
  chance(of: number): boolean {
    return this.unit() < of;
  }

  /** One of them. Throws on an empty list. */
  oneOf<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new Error("none to choose from");
    return found;
  }
}
