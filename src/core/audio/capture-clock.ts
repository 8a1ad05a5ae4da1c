/**
 * When a sample was captured: positions of the capture clock as monotonic time.
 *
 * A frame is handed over when its last sample has been captured, or later: the loop was busy. So of
 * the differences between time and position the smallest one of the last seconds is the true one.
 *
 * Invariant: constant work a frame. After a gap in the capture the past counts no more.
 */

import { SAMPLE_RATE_HZ, samplesToMs } from "./pcm.ts";

/** Frames whose smallest difference counts: two halves of a second, so that drift is followed. */
const HALF_FRAMES = 25;
/** A frame so much later than the last ones: capture had stopped. Above any pause of our own loop. */
export const GAP_MS = 500;

export class CaptureClock {
  #before = Number.POSITIVE_INFINITY;
  #now = Number.POSITIVE_INFINITY;
  #frames = 0;

  /** A frame ends at position `head`, and was handed over at monotonic time `nowMs`. */
  took(head: number, nowMs: number): void {
    const originMs = nowMs - samplesToMs(head);
    if (originMs - this.#originMs > GAP_MS) this.#before = this.#now = Number.POSITIVE_INFINITY;
    this.#now = Math.min(this.#now, originMs);
    this.#frames += 1;
    if (this.#frames < HALF_FRAMES) return;
    this.#frames = 0;
    this.#before = this.#now;
    this.#now = Number.POSITIVE_INFINITY;
  }

  /** Monotonic time at which the sample at `position` was captured; null before the first frame. */
  atMs(position: number): number | null {
    const originMs = this.#originMs;
    return Number.isFinite(originMs) ? originMs + samplesToMs(position) : null;
  }

  /** The position captured at monotonic time `ms`, with its fraction; null before the first frame. */
  positionAt(ms: number): number | null {
    const originMs = this.#originMs;
    return Number.isFinite(originMs) ? ((ms - originMs) * SAMPLE_RATE_HZ) / 1000 : null;
  }

  get #originMs(): number {
    return Math.min(this.#before, this.#now);
  }
}
