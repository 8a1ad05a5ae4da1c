/**
 * Notices that the card of an idle player has gone: nothing is written to it, so nothing fails, and
 * it would go on holding what is no longer there until the next answer is lost in it.
 *
 * Invariant: looks every LOOK_MS between `start` and `close`, at the card of the last launch.
 */

import type { Clock } from "../../ports.ts";
import type { CardFinder } from "./card-finder.ts";

/** Two files of procfs and one stat: some 50 µs. */
const LOOK_MS = 2_000;

export class CardWatch {
  readonly #clock: Clock;
  readonly #finder: CardFinder;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, finder: CardFinder) {
    this.#clock = clock;
    this.#finder = finder;
  }

  /** `gone` may be called again and again, until another launch has asked for the name. */
  start(gone: () => void): void {
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      if (this.#finder.isGone) gone();
      this.start(gone);
    });
  }

  close(): void {
    this.#cancel();
  }
}
