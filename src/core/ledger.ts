/**
 * The ledger: what has been spent, and how many conversations there were, since a point in time.
 *
 * What was booked in this run keeps its monotonic time, so that it stays "today" when the wall clock
 * jumps (a Pi has no clock of its own and gets the right time minutes after the start). What earlier
 * runs left behind, in the metrics files, has the wall time that stands there.
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

  /** All that was booked at or after `sinceWallMs`, by the wall clock as it is now. */
  since(sinceWallMs: number, now: { readonly nowMs: number; readonly wallMs: number }): Totals {
    const sinceNowMs = now.nowMs - (now.wallMs - sinceWallMs);
    const past = this.#past.filter(({ endedWallMs }) => endedWallMs >= sinceWallMs);
    return sum([
      ...past.map(({ microUsd }) => ({ conversations: 1, microUsd })),
      ...this.#entries.filter(({ atNowMs }) => atNowMs >= sinceNowMs),
    ]);
  }
}

function sum(all: readonly Totals[]): Totals {
  return {
    conversations: all.reduce((total, { conversations }) => total + conversations, 0),
    microUsd: all.reduce((total, { microUsd }) => total + microUsd, 0),
  };
}
