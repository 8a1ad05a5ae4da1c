/**
 * Who of the chain of models can answer: looked at when the appliance starts, when its settings
 * change, and once a day with the server's own dates; said in the journal and in `status`.
 *
 * Invariants: that nobody can answer is an error, said before the first wake and once for each
 * cause; no line comes in the middle of a conversation.
 */

import { type Fault, faultLine } from "../core/fault.ts";
import type { ShutdownDates } from "../core/models/dates.ts";
import { CATALOGUE_ONLY, type Knowledge, prospectOf } from "../core/models/prospect.ts";
import {
  type Retirement,
  retirementLevel,
  retirementLine,
  retirements,
} from "../core/models/retirement.ts";
import type { Settings } from "../core/settings/table.ts";
import type { Clock, Journal, ModelsSource } from "../ports.ts";

/** After the start, when nothing more important is under way. */
const FIRST_MS = 10_000;
const EVERY_MS = 24 * 3_600_000;
/** A conversation is on: the lines can wait. */
const BUSY_MS = 10_000;

export interface RetirementWatchOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly source: ModelsSource;
  readonly settings: () => Settings;
  /** Is a conversation on? */
  readonly isBusy: () => boolean;
}

export class RetirementWatch {
  readonly #options: RetirementWatchOptions;
  #cancel: () => void = () => {};
  #known: readonly Retirement[] = [];
  #knowledge: Knowledge = CATALOGUE_ONLY;
  /** The line about nobody that was said last; empty: there was none, or it is over. */
  #said = "";

  constructor(options: RetirementWatchOptions) {
    this.#options = options;
  }

  /** What was found last. */
  get known(): readonly string[] {
    return this.#known.map(retirementLine);
  }

  /** Why nobody can answer, by what is known now; null while somebody can. */
  get nobody(): Fault | null {
    const { settings, clock } = this.#options;
    return prospectOf(settings(), this.#knowledge, clock.wallMs()).nobody;
  }

  start(): void {
    this.#judge();
    this.#next(FIRST_MS);
  }

  /** The settings have changed. */
  reloaded(): void {
    this.#judge();
  }

  close(): void {
    this.#cancel();
  }

  #next(delayMs: number): void {
    this.#cancel = this.#options.clock.after(delayMs, () => {
      if (this.#options.isBusy()) {
        this.#next(BUSY_MS);
        return;
      }
      this.#next(EVERY_MS);
      // The source never rejects.
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const { clock, journal, source, settings } = this.#options;
    const dates: ShutdownDates = await source.shutdownDates();
    this.#knowledge = { ...this.#knowledge, dates };
    this.#known = retirements(settings(), dates, clock.wallMs());
    this.#judge();
    for (const one of this.#known) {
      const level = retirementLevel(one);
      if (level !== null) journal.log(level, retirementLine(one));
    }
  }

  #judge(): void {
    const why = this.nobody;
    const line = why === null ? "" : faultLine(why);
    if (line !== "" && line !== this.#said) this.#options.journal.log("error", line);
    this.#said = line;
  }
}
