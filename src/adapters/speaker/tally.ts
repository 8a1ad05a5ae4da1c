/**
 * Which chunks the device has taken, told by few answers of the child: one for the first chunk of a run,
 * which says when it sounds, and one for every fifth after that. Those between are counted as taken when
 * they are written, as by aplay, unless an answer is overdue.
 *
 * Invariant: chunks are counted once, in order, and the first of a run only with its time.
 * Times are by `monotonicMs`, in milliseconds.
 */

/** Asked for so often: half a second of chunks of 100 ms. */
const ASK_EVERY = 5;
/** So many chunks after a question without an answer: the child stands still, or the device is slow. */
const OVERDUE = 4;

/** Counted by a call: so many chunks; the first of a run sounds `delayMs` from then. */
export interface Taken {
  readonly chunks: number;
  readonly delayMs: number;
}

const NONE: Taken = { chunks: 0, delayMs: 0 };

export class Tally {
  /** When all that was written has sounded; null: the answer for the first of the run will tell. */
  #endMs: number | null = null;
  /** Of each question without an answer, whether it was about the first of a run. */
  readonly #asked: boolean[] = [];
  #sinceAsked = 0;
  /** Written and not counted. */
  #open = 0;
  #openMs = 0;

  /** An answer is to come. */
  get isAsking(): boolean {
    return this.#asked.length > 0;
  }

  /** The answer to come says when a run sounds. */
  get isStarting(): boolean {
    return this.#asked.includes(true);
  }

  /** Before a chunk is written: whether the child is to answer for it. */
  asks(nowMs: number): boolean {
    this.#sinceAsked += 1;
    if (this.isStarting) return false;
    if (this.#endMs !== null && nowMs >= this.#endMs) this.#endMs = null;
    const isFirst = this.#endMs === null;
    if (!isFirst && (this.isAsking || this.#sinceAsked < ASK_EVERY)) return false;
    this.#asked.push(isFirst);
    this.#sinceAsked = 0;
    return true;
  }

  /** A chunk of `ms` has been written. */
  wrote(ms: number, nowMs: number): Taken {
    this.#open += 1;
    if (this.#endMs === null) {
      this.#openMs += ms;
      return NONE;
    }
    const startMs = this.#endMs;
    this.#endMs += ms;
    const isOverdue = this.isAsking && this.#sinceAsked >= OVERDUE;
    return isOverdue ? NONE : this.#count(startMs - nowMs);
  }

  /** The child has answered for the oldest chunk that was asked for: it sounds at `atMs`. */
  answered(atMs: number, nowMs: number): Taken {
    const isFirst = this.#asked.shift();
    if (isFirst === undefined) return NONE;
    if (isFirst) {
      this.#endMs = atMs + this.#openMs;
      this.#openMs = 0;
    }
    return this.isStarting ? NONE : this.#count(atMs - nowMs);
  }

  /** What was written and not counted is gone, or all has sounded. */
  reset(): void {
    this.#endMs = null;
    this.#asked.length = 0;
    this.#sinceAsked = 0;
    this.#open = 0;
    this.#openMs = 0;
  }

  #count(delayMs: number): Taken {
    const chunks = this.#open;
    this.#open = 0;
    return { chunks, delayMs };
  }
}
