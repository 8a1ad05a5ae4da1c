/**
 * The ledger: what has been spent, and how many conversations there were, since a point in time.
 *
 * What was booked in this run keeps its monotonic time, so that it stays "today" when the wall clock
 * jumps (a Pi has no clock of its own and gets the right time minutes after the start). What earlier
 * runs left behind, in the metrics files, has the wall time that stands there; a time after the day's
 * end was written by a clock that was wrong, and cannot be told to be of any day.
 */

/** Entries kept: a day of talking without a pause has fewer. Beyond, the two oldest become one. */
export const ENTRIES_MAX = 4_000;

/** One conversation of an earlier run. */
export interface PastConversation {
  readonly endedWallMs: number;
  /** Micro-dollars. */
  readonly microUsd: number;
}

export interface Totals {
  readonly conversations: number;
  /** Micro-dollars. */
  readonly microUsd: number;
}

interface Entry extends Totals {
  readonly atNowMs: number;
}

export class Ledger {
  #past: readonly PastConversation[] = [];
  #entries: Entry[] = [];

  /** What earlier runs have spent; replaces what was remembered of them before. */
  remember(past: readonly PastConversation[]): void {
    this.#past = past.slice(-ENTRIES_MAX);
  }

  /** Books at monotonic time `nowMs`: a response's cost, or the end of a conversation, or both. */
  book(totals: Totals, nowMs: number): void {
    this.#entries.push({ ...totals, atNowMs: nowMs });
    if (this.#entries.length <= ENTRIES_MAX) return;
    const [first, second, ...rest] = this.#entries;
    if (first === undefined || second === undefined) return;
    this.#entries = [{ ...sum([first, second]), atNowMs: second.atNowMs }, ...rest];
  }

  /** When the last conversation of an earlier run ended, by its clock; null: there was none. */
  get lastPastMs(): number | null {
    return this.#past.reduce<number | null>(
      (last, { endedWallMs }) => Math.max(last ?? endedWallMs, endedWallMs),
      null,
    );
  }

  /** What earlier runs have booked from `sinceWallMs` until before `untilWallMs`. */
  past(sinceWallMs: number, untilWallMs: number): Totals {
    const within = this.#past.filter(
      ({ endedWallMs }) => endedWallMs >= sinceWallMs && endedWallMs < untilWallMs,
    );
    return sum(within.map(({ microUsd }) => ({ conversations: 1, microUsd })));
  }

  /** What this run has booked at or after `sinceWallMs`, by the wall clock as it is now. */
  present(sinceWallMs: number, now: { readonly nowMs: number; readonly wallMs: number }): Totals {
    const sinceNowMs = now.nowMs - (now.wallMs - sinceWallMs);
    return sum(this.#entries.filter(({ atNowMs }) => atNowMs >= sinceNowMs));
  }
}

/** Several totals together. */
export function sum(all: readonly Totals[]): Totals {
  return {
    conversations: all.reduce((total, { conversations }) => total + conversations, 0),
    microUsd: all.reduce((total, { microUsd }) => total + microUsd, 0),
  };
}
