/** The machine's monotonic clock, which is the same for the kernel and for every process. */

/** Milliseconds since the machine started, with fractions; no setting of the time changes it. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
