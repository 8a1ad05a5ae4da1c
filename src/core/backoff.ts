/** How long to wait before trying again. */

/** First wait of a redial; it doubles with each failure. */
export const REDIAL_FIRST_MS = 250;
export const REDIAL_MAX_MS = 4_000;

/**
 * Milliseconds before attempt `failures + 1`: doubling, with "equal jitter" (half fixed, half by
 * chance), so that a house full of appliances does not knock in step. `unit`: 0 to below 1.
 */
export function redialDelayMs(failures: number, unit: number): number {
  const full = Math.min(REDIAL_MAX_MS, REDIAL_FIRST_MS * 2 ** Math.min(failures, 10));
  return full / 2 + (full / 2) * unit;
}
