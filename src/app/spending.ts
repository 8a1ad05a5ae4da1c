/**
 * What today has cost and how many conversations it had, over restarts: earlier runs are known from
 * the metrics files, this one from what is booked.
 */

import { Ledger, type Totals } from "../core/ledger.ts";
import type { Calendar, Clock, MetricsStore } from "../ports.ts";

/** How long the start waits for the files of today. */
const PAST_MAX_MS = 500;

export interface SpendingOptions {
  readonly clock: Clock;
  readonly calendar: Calendar;
  readonly store: MetricsStore;
}

export class Spending {
  readonly #options: SpendingOptions;
  readonly #ledger = new Ledger();

  constructor(options: SpendingOptions) {
    this.#options = options;
  }

  /**
   * Learns what was spent today before this start. Waits a moment only: a card that does not answer
   * must not keep the appliance from its work, and what it says later still counts.
   */
  async start(): Promise<void> {
    const { clock, calendar, store } = this.#options;
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(PAST_MAX_MS, resolve);
    });
    const read = store
      .past(calendar.dayStartMs(clock.wallMs()))
      .then((past) => this.#ledger.remember(past));
    await Promise.race([read, late]);
    cancel();
  }

  book(totals: Totals): void {
    this.#ledger.book(totals, this.#options.clock.nowMs());
  }

  /** Since the last midnight of the local day, by the wall clock as it is now. */
  today(): Totals {
    const { clock, calendar } = this.#options;
    const now = { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
    return this.#ledger.since(calendar.dayStartMs(now.wallMs), now);
  }
}
