/**
 * What was learned of the echo, over restarts: loaded at the start, bettered by every answer, written
 * seldom (the first answers, a new delay, then once a day), for the card's sake.
 */

import { echoReach } from "../../core/echo/judge.ts";
import {
  type LearnedEcho,
  learn,
  learnedIn,
  learnedText,
  shiftFor,
} from "../../core/echo/learned.ts";
import type { EchoReading } from "../../core/echo/meter.ts";
import { faultLine } from "../../core/fault.ts";
import type { Clock, Journal, StateFile } from "../../ports.ts";

/** The first answers teach most: each of so many is written. */
const FIRST_ANSWERS = 3;
const SAVE_EVERY_MS = 24 * 3_600_000;

export interface EchoMemoryOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly store: StateFile;
  /** The names of microphone and loudspeaker. */
  readonly devices: string;
}

export class EchoMemory {
  readonly #options: EchoMemoryOptions;
  #learned: LearnedEcho | null = null;
  #savedMs = Number.NEGATIVE_INFINITY;
  #saved: LearnedEcho | null = null;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: EchoMemoryOptions) {
    this.#options = options;
  }

  /** Resolves when what earlier runs learned is known. */
  async start(): Promise<void> {
    const { store, journal, devices } = this.#options;
    const found = await store.load();
    if (!found.ok) journal.log("warning", faultLine(found.fault));
    this.#learned = found.ok && found.text !== null ? learnedIn(found.text, devices) : null;
    this.#saved = this.#learned;
  }

  get learned(): LearnedEcho | null {
    return this.#learned;
  }

  /** By how much the reference of the next answer is to be delayed, milliseconds. */
  get shiftMs(): number {
    return shiftFor(this.#learned);
  }

  /** An answer has ended. */
  answered(reading: EchoReading): void {
    this.#learned = learn(this.#learned, reading, this.#options.devices);
    const nowMs = this.#options.clock.nowMs();
    const isNews =
      this.#learned.answers <= FIRST_ANSWERS || this.#learned.delayMs !== this.#saved?.delayMs;
    if (!isNews && nowMs - this.#savedMs < SAVE_EVERY_MS) return;
    this.#savedMs = nowMs;
    this.#saved = this.#learned;
    this.#saving = this.#save(learnedText(this.#learned));
  }

  /** Resolves when what is being written is written. */
  close(): Promise<void> {
    return this.#saving;
  }

  /** For `status`; null before the first answer. */
  status(): Readonly<Record<string, unknown>> | null {
    const learned = this.#learned;
    if (learned === null) return null;
    return {
      reach: echoReach(learned),
      answers: learned.answers,
      delay_ms: learned.delayMs,
      echo_dbfs: Math.round(learned.echoDbfs),
      return_loss_db: Math.round(learned.returnLossDb),
      cancelled_db: Math.round(learned.cancelledDb),
    };
  }

  async #save(text: string): Promise<void> {
    const unsaved = await this.#options.store.save(text);
    if (unsaved !== null) this.#options.journal.log("warning", faultLine(unsaved));
  }
}
