/**
 * What today has cost and how many conversations it had, over restarts: earlier runs are known from
 * the metrics files, this one from what is booked. Today is the local day of the wall clock, from
 * midnight to midnight.
 */

import { DAY_MS } from "../../core/duration.ts";
import { faultLine, oneLine, thrownText } from "../../core/fault.ts";
import { Ledger, sum, type Totals } from "../../core/money/ledger.ts";
import { within } from "../../core/timeout.ts";
import type { Calendar, Clock, Journal, MetricsStore } from "../../ports.ts";

/** How long the start waits for the files of today. */
const PAST_MAX_MS = 500;
/** Well into the next day, whether this one has 23, 24 or 25 hours. */
const INTO_TOMORROW_MS = 1.25 * DAY_MS;
/** This program is younger: before it, the clock has not been set since the machine was switched on. */
const CLOCK_SET_MS = Date.parse("2025-06-01T00:00:00Z");

export interface SpendingOptions {
  readonly clock: Clock;
  readonly calendar: Calendar;
  readonly store: MetricsStore;
  readonly journal: Journal;
}

export class Spending {
  readonly #options: SpendingOptions;
  readonly #ledger = new Ledger();

  constructor(options: SpendingOptions) {
    this.#options = options;
  }

  /**
   * Learns what was spent today before this start. Waits a moment only: a card that does not answer
   * must not keep the appliance from its work, and what it says later still counts. A day more is
   * read than today, for a clock that is put back.
   */
  async start(): Promise<void> {
    const { clock, calendar, store, journal } = this.#options;
    const slow = `no answer within ${PAST_MAX_MS} ms; it counts when it comes`;
    const read = store.past(calendar.dayStartMs(clock.wallMs()) - DAY_MS).then(
      ({ found, unread }) => {
        this.#ledger.remember(found);
        if (unread !== null) journal.log("warning", faultLine(unread));
        return null;
      },
      (error: unknown) => thrownText(error),
    );
    const trouble = await within(clock, PAST_MAX_MS, read, () => slow);
    if (trouble !== null) this.#warn(trouble);
  }

  book(totals: Totals): void {
    this.#ledger.book(totals, this.#options.clock.nowMs());
  }

  /** Since the last midnight of the local day, by the wall clock as it is now. */
  today(): Totals {
    const { clock, calendar } = this.#options;
    const now = { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
    const present = this.#ledger.present(calendar.dayStartMs(now.wallMs), now);
    // A clock that is not set yet shows 1970: the day meant is at the earliest that of the last file.
    const isSet = now.wallMs >= CLOCK_SET_MS;
    const atMs = isSet ? now.wallMs : Math.max(now.wallMs, this.#ledger.lastPastMs ?? 0);
    const startMs = calendar.dayStartMs(atMs);
    const endMs = calendar.dayStartMs(startMs + INTO_TOMORROW_MS);
    return sum([this.#ledger.past(startMs, endMs), present]);
  }

  #warn(why: string): void {
    const what = "What was spent before this start is unknown";
    const line = `${what} (${oneLine(why, 200)}): today's cost, and the budget, count from now`;
    this.#options.journal.log("warning", line);
  }
}
