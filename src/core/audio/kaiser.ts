/** The Kaiser window's mathematics, for every filter made here. */

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
