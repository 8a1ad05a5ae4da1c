/**
 * What was learned of the echo, over restarts: loaded at the start, bettered by every answer, written
 * seldom (the first answers, a new delay or reach, then once a day), for the card's sake.
 */

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
  /** The names of microphone and loudspeaker, and of the cards behind them now. */
  readonly devices: () => string;
}

export class EchoMemory {
  readonly #options: EchoMemoryOptions;
  #known: LearnedEcho | null = null;
  #devices = "";
  #savedMs = Number.NEGATIVE_INFINITY;
  #saved: LearnedEcho | null = null;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: EchoMemoryOptions) {
    this.#options = options;
  }

  /** Resolves when what earlier runs learned is known. */
  async start(): Promise<void> {
    const { store, journal, clock } = this.#options;
    this.lookAtDevices();
    const found = await store.load();
    if (!found.ok) journal.log("warning", faultLine(found.fault));
    this.#known = found.ok && found.text !== null ? learnedIn(found.text, clock.wallMs()) : null;
    this.#saved = this.#known;
  }

  /** A device has been opened: another card may be behind its name. */
  lookAtDevices(): void {
    this.#devices = this.#options.devices();
  }

  /** What is known of these devices. */
  get learned(): LearnedEcho | null {
    return this.#known?.devices === this.#devices ? this.#known : null;
  }

  /** By how much the reference of the next answer is to be delayed, milliseconds. */
  get shiftMs(): number {
    return shiftFor(this.learned);
  }

  /** An answer has ended. */
  answered(reading: EchoReading): void {
    const { clock } = this.#options;
    const measured = { devices: this.#devices, wallMs: clock.wallMs() };
    const learned = learn(this.learned, reading, measured);
    this.#known = learned;
    const nowMs = clock.nowMs();
    const isNews =
      learned.answers <= FIRST_ANSWERS ||
      learned.delayMs !== this.#saved?.delayMs ||
      learned.reach !== this.#saved.reach;
    if (!isNews && nowMs - this.#savedMs < SAVE_EVERY_MS) return;
    this.#savedMs = nowMs;
    this.#saved = learned;
    this.#saving = this.#save(learnedText(learned));
  }

  /** Resolves when what is being written is written. */
  close(): Promise<void> {
    return this.#saving;
  }

  /** For `status`; null before the first answer. */
  status(): Readonly<Record<string, unknown>> | null {
    const { learned } = this;
    if (learned === null) return null;
    const ageMs = Math.max(0, this.#options.clock.wallMs() - learned.measuredMs);
    return {
      reach: learned.reach,
      answers: learned.answers,
      swept: learned.isSwept,
      measured_s: Math.round(ageMs / 1000),
      devices: learned.devices,
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
