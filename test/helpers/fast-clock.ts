/**
 * Time for tests of the whole appliance over real sockets: several times faster than real, but never
 * ahead of the event loop. Invariant: between two looks at the sockets at most STEP_MAX_MS pass, so a
 * slow machine makes the test slower and changes nothing else. One clock is given to every part of a
 * world (and may be shared by several worlds), so that all agree on how long a second is.
 */

import type { Clock } from "../../src/ports.ts";
import { SimClock } from "../../src/sim/clock.ts";

/** One microphone frame. */
const STEP_MAX_MS = 20;
const TICK_MS = 1;

export class FastClock implements Clock {
  readonly #time = new SimClock();
  readonly #speed: number;
  #users = 0;
  #ticker: NodeJS.Timeout | undefined;
  #lastMs = 0;

  constructor(speed: number) {
    this.#speed = speed;
  }

  nowMs(): number {
    return this.#time.nowMs();
  }

  wallMs(): number {
    return this.#time.wallMs();
  }

  after(delayMs: number, ring: () => void): () => void {
    return this.#time.after(delayMs, ring);
  }

  /** Time passes while anybody has taken hold of the clock; the result lets go of it. */
  hold(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      this.#lastMs = performance.now();
      this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    }
    return () => {
      this.#users -= 1;
      if (this.#users === 0) clearInterval(this.#ticker);
    };
  }

  #tick(): void {
    const realMs = performance.now();
    const passedMs = (realMs - this.#lastMs) * this.#speed;
    this.#lastMs = realMs;
    this.#time.advance(Math.min(passedMs, STEP_MAX_MS));
  }
}
