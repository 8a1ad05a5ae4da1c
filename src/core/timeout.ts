/** A wait that has an end. */

/** What rings after a while; the result of `after` takes it back. A Clock is one. */
export interface Timer {
  after(delayMs: number, ring: () => void): () => void;
}

/**
 * What `work` comes to, or, when that takes longer than `limitMs`, what `late` says. Late work is
 * left to itself: it is not stopped, and what it throws afterwards is nobody's.
 */
export async function within<Result, Late>(
  timer: Timer,
  limitMs: number,
  work: Promise<Result>,
  late: () => Late,
): Promise<Result | Late> {
  let cancel = (): void => {};
  const end = new Promise<Late>((resolve) => {
    cancel = timer.after(limitMs, () => resolve(late()));
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    cancel();
  }
}
