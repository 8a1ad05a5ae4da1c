/**
 * The ledger: what has been spent, and how many conversations there were, since a point in time.
 *
 * What was booked in this run keeps its monotonic time, so that it stays "today" when the wall clock
 * jumps (a Pi has no clock of its own and gets the right time minutes after the start). What earlier
 * runs left behind, in the metrics files, has the wall time that stands there; a time after the day's
 * end was written by a clock that was wrong, and cannot be told to be of any day.
 *
 * Invariant: booking and asking cost the same on the first day and after a year. The total of the day
 * is kept running and only corrected where the day's beginning has moved; what no day of the owner's
 * can hold any more is forgotten.
 */

import { DAY_MS } from "../duration.ts";

/** Entries kept: a day of talking without a pause has fewer. Beyond, the two oldest become one. */
export const ENTRIES_MAX = 4_000;
/** No day has more than 25 hours; twice that, for a clock that is put back by a day. */
export const ENTRY_AGE_MAX_MS = 2 * DAY_MS + 2 * 3_600_000;

/** One conversation of an earlier run, or an announcement. */
export interface PastConversation {
  readonly endedWallMs: number;
  readonly isAnnouncement?: true;
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

const NOTHING: Totals = { conversations: 0, microUsd: 0 };

export class Ledger {
  #past: readonly PastConversation[] = [];
  #lastPastMs: number | null = null;
  /** The last answer of `past`, and the days it was asked about. */
  #pastDay = { sinceWallMs: 0, untilWallMs: 0, totals: NOTHING };
  /** In the order of their times; those before `#head` are forgotten. */
  #entries: Entry[] = [];
  #head = 0;
  /** From this entry on they are of today, as the day was when it was last asked for … */
  #dayHead = 0;
  /** … and this is what they come to. */
  #day: Totals = NOTHING;

  /** What earlier runs have spent; replaces what was remembered of them before. */
  remember(past: readonly PastConversation[]): void {
    this.#past = past.slice(-ENTRIES_MAX);
    this.#pastDay = { sinceWallMs: 0, untilWallMs: 0, totals: NOTHING };
    this.#lastPastMs = this.#past.reduce<number | null>(
      (last, { endedWallMs }) => Math.max(last ?? endedWallMs, endedWallMs),
      null,
    );
  }

  /** Books at monotonic time `nowMs`: a response's cost, or the end of a conversation, or both. */
  book(totals: Totals, nowMs: number): void {
    this.#entries.push({ ...totals, atNowMs: nowMs });
    this.#day = plus(this.#day, totals);
    this.#forget(nowMs - ENTRY_AGE_MAX_MS);
    if (this.kept > ENTRIES_MAX) this.#join();
    this.#compact();
  }

  /** Entries of this run that are remembered. */
  get kept(): number {
    return this.#entries.length - this.#head;
  }

  /** When the last conversation of an earlier run ended, by its clock; null: there was none. */
  get lastPastMs(): number | null {
    return this.#lastPastMs;
  }

  /** What earlier runs have booked from `sinceWallMs` until before `untilWallMs`. */
  past(sinceWallMs: number, untilWallMs: number): Totals {
    const known = this.#pastDay;
    if (known.sinceWallMs === sinceWallMs && known.untilWallMs === untilWallMs) return known.totals;
    const within = this.#past.filter(
      ({ endedWallMs }) => endedWallMs >= sinceWallMs && endedWallMs < untilWallMs,
    );
    const totals = sum(
      within.map(({ microUsd, isAnnouncement }) => ({
        conversations: isAnnouncement ? 0 : 1,
        microUsd,
      })),
    );
    this.#pastDay = { sinceWallMs, untilWallMs, totals };
    return totals;
  }

  /**
   * What this run has booked at or after `sinceWallMs`, by the wall clock as it is now; nothing older
   * than ENTRY_AGE_MAX_MS.
   */
  present(sinceWallMs: number, now: { readonly nowMs: number; readonly wallMs: number }): Totals {
    const sinceNowMs = now.nowMs - (now.wallMs - sinceWallMs);
    for (let at = this.#entries[this.#dayHead]; at !== undefined && at.atNowMs < sinceNowMs; ) {
      this.#day = minus(this.#day, at);
      at = this.#entries[++this.#dayHead];
    }
    for (let at = this.#dayHead - 1; at >= this.#head; at--) {
      const entry = this.#entries[at];
      if (entry === undefined || entry.atNowMs < sinceNowMs) break;
      this.#day = plus(this.#day, entry);
      this.#dayHead = at;
    }
    return this.#day;
  }

  /** Lets go of what was booked before `nowMs`. */
  #forget(nowMs: number): void {
    for (let at = this.#entries[this.#head]; at !== undefined && at.atNowMs < nowMs; ) {
      if (this.#dayHead === this.#head) {
        this.#day = minus(this.#day, at);
        this.#dayHead++;
      }
      at = this.#entries[++this.#head];
    }
  }

  /** Makes one entry of the two oldest, at the time of the later one. */
  #join(): void {
    const [first, second] = [this.#entries[this.#head], this.#entries[this.#head + 1]];
    if (first === undefined || second === undefined) return;
    // What was of another day comes along into the day of the later one: rather too much than lost.
    if (this.#dayHead === this.#head + 1) this.#day = plus(this.#day, first);
    this.#head++;
    this.#dayHead = Math.max(this.#dayHead, this.#head);
    this.#entries[this.#head] = { ...plus(first, second), atNowMs: second.atNowMs };
  }

  /** Gives the room of forgotten entries back, seldom enough to cost nothing. */
  #compact(): void {
    if (this.#head < ENTRIES_MAX && this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#dayHead -= this.#head;
    this.#head = 0;
  }
}

/** Several totals together. */
export function sum(all: readonly Totals[]): Totals {
  return all.reduce(plus, NOTHING);
}

function plus(a: Totals, b: Totals): Totals {
  return { conversations: a.conversations + b.conversations, microUsd: a.microUsd + b.microUsd };
}

function minus(a: Totals, b: Totals): Totals {
  return { conversations: a.conversations - b.conversations, microUsd: a.microUsd - b.microUsd };
}
