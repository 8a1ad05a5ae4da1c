/**
 * A state file that a full disk does not make a liar of: what could not be stored is owed. It is what
 * `load` gives, and is tried again after waits that grow.
 *
 * Invariants: at most TRIES_MAX further tries a text; a file that somebody has changed meanwhile has the
 * last word, and what was owed is dropped.
 */

import { type Backoff, backoffDelayMs } from "../core/backoff.ts";
import type { Fault } from "../core/fault.ts";
import type { Clock, StateFile } from "../ports.ts";

export const TRIES_MAX = 48;
/** Nobody else waits for this disk: no need of chance. */
const WAIT: Backoff = { firstMs: 60_000, maxMs: 3_600_000, spread: [1, 1] };

export interface OwedFileOptions {
  readonly store: StateFile;
  readonly clock: Clock;
  /** What was owed is stored. */
  readonly paid: () => void;
}

export class OwedFile implements StateFile {
  readonly #options: OwedFileOptions;
  /** What stands in the file, as far as we know. */
  #stored: string | null = null;
  #owed: string | null = null;
  /** Beginnings and ends of saves: what was read meanwhile may be of before. */
  #moves = 0;
  #cancel: () => void = () => undefined;

  constructor(options: OwedFileOptions) {
    this.#options = options;
  }

  async load(): ReturnType<StateFile["load"]> {
    const moves = this.#moves;
    const found = await this.#options.store.load();
    if (!found.ok || moves !== this.#moves) return found;
    if (this.#owed !== null && found.text === this.#stored) return { ok: true, text: this.#owed };
    this.#forgive();
    this.#stored = found.text;
    return found;
  }

  async save(text: string): Promise<Fault | null> {
    this.#forgive();
    return await this.#store(text, 1);
  }

  setAside(): Promise<void> {
    this.#forgive();
    return this.#options.store.setAside();
  }

  close(): void {
    this.#forgive();
  }

  async #store(text: string, tries: number): Promise<Fault | null> {
    this.#moves += 1;
    const moves = this.#moves;
    const unsaved = await this.#options.store.save(text);
    const isLast = moves === this.#moves;
    this.#moves += 1;
    if (unsaved === null) this.#stored = text;
    else if (isLast) this.#owe(text, tries);
    return unsaved;
  }

  #owe(text: string, tries: number): void {
    this.#owed = text;
    if (tries > TRIES_MAX) return;
    const again = async (): Promise<void> => {
      await this.load();
      if (this.#owed !== text) return;
      this.#owed = null;
      if ((await this.#store(text, tries + 1)) === null) this.#options.paid();
    };
    this.#cancel = this.#options.clock.after(backoffDelayMs(WAIT, tries, 0), () => void again());
  }

  #forgive(): void {
    this.#cancel();
    this.#owed = null;
  }
}
