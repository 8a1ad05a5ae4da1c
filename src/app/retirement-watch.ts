/** Once a day: which models of the ladder will stop answering, said in the journal and in `status`. */

import { type Retirement, retirementLine, retirements } from "../core/models/retirement.ts";
import type { Settings } from "../core/settings/table.ts";
import type { Clock, Journal, ModelsSource } from "../ports.ts";

/** After the start, when nothing more important is under way. */
const FIRST_MS = 10_000;
const EVERY_MS = 24 * 3_600_000;

export interface RetirementWatchOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly source: ModelsSource;
  readonly settings: () => Settings;
}

export class RetirementWatch {
  readonly #options: RetirementWatchOptions;
  #cancel: () => void = () => {};
  #known: readonly Retirement[] = [];

  constructor(options: RetirementWatchOptions) {
    this.#options = options;
  }

  /** What was found last. */
  get known(): readonly string[] {
    return this.#known.map(retirementLine);
  }

  start(): void {
    this.#next(FIRST_MS);
  }

  close(): void {
    this.#cancel();
  }

  #next(delayMs: number): void {
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#next(EVERY_MS);
      // The source never rejects.
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const { clock, journal, source, settings } = this.#options;
    const dates = await source.shutdownDates();
    this.#known = retirements(settings(), dates, clock.wallMs());
    // What is over is known, and the ladder steps over it; what is to come wants something done.
    for (const one of this.#known) {
      journal.log(one.days > 0 ? "warning" : "notice", retirementLine(one));
    }
  }
}
