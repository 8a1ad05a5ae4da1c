/** A simulated network of Pipits: what one tells the others hear, later, or not at all. */

import type { Clock, NeighbourSink, Neighbours } from "../ports.ts";

export interface SimNeighboursOptions {
  readonly clock: Clock;
  /** How long a datagram takes, milliseconds. */
  readonly delayMs: number;
  /** Whether a datagram reaches a member; members are counted in the order in which they came. */
  readonly arrives?: (from: number, to: number, text: string) => boolean;
}

export class SimNeighbours {
  /** All that was told. */
  readonly told: string[] = [];
  readonly #options: SimNeighboursOptions;
  readonly #sinks: (NeighbourSink | null)[] = [];

  constructor(options: SimNeighboursOptions) {
    this.#options = options;
  }

  member(): Neighbours {
    const index = this.#sinks.push(null) - 1;
    return {
      start: (sink) => {
        this.#sinks[index] = sink;
        sink.joined();
      },
      tell: (text) => this.#spread(index, text),
      counts: () => ({ tooLong: 0, tooMany: 0, unsigned: 0 }),
      close: async () => {
        this.#sinks[index] = null;
      },
    };
  }

  /** Somebody who is no member sends something to all. */
  forge(text: string): void {
    for (const sink of this.#sinks) sink?.received(text);
  }

  #spread(from: number, text: string): void {
    const { clock, delayMs, arrives = () => true } = this.#options;
    this.told.push(text);
    this.#sinks.forEach((_, to) => {
      if (!arrives(from, to, text)) return;
      clock.after(delayMs, () => this.#sinks[to]?.received(text));
    });
  }
}
