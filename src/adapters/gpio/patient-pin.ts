/**
 * A pin that is refused at the start is asked for again for a while: at boot the service may be
 * faster than udev, which gives the pins their group.
 *
 * Invariant: the first refusal is told, and later ones are not; after TRIES_MAX nothing more is tried;
 * what is had after `close` is released at once.
 */

import { type Fault, FaultError } from "../../core/fault.ts";
import type { Clock } from "../../ports.ts";

/** Twelve times five seconds: udev is done in the first minute. */
export const TRIES_MAX = 12;
export const TRY_EVERY_MS = 5_000;

export interface PatienceOptions<Line> {
  readonly clock: Clock;
  /** Rejects with a FaultError when the pin cannot be had. */
  readonly open: () => Promise<Line>;
  readonly opened: (line: Line) => void;
  readonly onFault: (fault: Fault) => void;
}

export class PatientPin<Line extends { release(): void }> {
  readonly #options: PatienceOptions<Line>;
  #line: Line | null = null;
  #trying: Promise<void> = Promise.resolve();
  #tries = 0;
  #closed: boolean = false;
  #cancel: () => void = () => undefined;

  constructor(options: PatienceOptions<Line>) {
    this.#options = options;
  }

  /** Resolves when the first try is over, well or not. */
  start(): Promise<void> {
    this.#trying = this.#try();
    return this.#trying;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#trying;
    this.#line?.release();
    this.#line = null;
  }

  async #try(): Promise<void> {
    const { clock, open, opened, onFault } = this.#options;
    this.#tries += 1;
    try {
      this.#line = await open();
      if (!this.#closed) opened(this.#line);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      if (this.#tries === 1) onFault(error.fault);
      if (this.#closed || this.#tries >= TRIES_MAX) return;
      this.#cancel = clock.after(TRY_EVERY_MS, () => {
        this.#trying = this.#try();
      });
    }
  }
}
