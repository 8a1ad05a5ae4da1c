/** How long to wait before trying again. */

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** The wait is this share of the doubled time, at least and at most; chance decides between. */
  readonly spread: readonly [least: number, most: number];
}

/** Doublings that count: above that, no `maxMs` is larger. */
const DOUBLINGS_MAX = 30;

/**
 * Milliseconds before the next attempt, after `failures` in a row (1 or more): doubled with each, and
 * spread by chance, so that a house full of appliances does not knock in step. `unit`: 0 to below 1.
 */
export function backoffDelayMs(backoff: Backoff, failures: number, unit: number): number {
  const doubled = backoff.firstMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX);
  const [least, most] = backoff.spread;
  return Math.min(backoff.maxMs, doubled) * (least + (most - least) * unit);
}

/** Redials of a lost connection: "equal jitter", half fixed, half by chance. */
export const REDIAL: Backoff = { firstMs: 250, maxMs: 4_000, spread: [0.5, 1] };

/** Milliseconds before a redial, after `failures` (0: this is the first). `unit`: 0 to below 1. */
export function redialDelayMs(failures: number, unit: number): number {
  return backoffDelayMs(REDIAL, failures + 1, unit);
}
