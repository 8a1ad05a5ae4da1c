/** Counts what the machines did not take: the server's late and strange words, mostly. */

import type { Fact } from "../core/assistant/inputs.ts";

/** Kinds counted; every event in every state of every machine is fewer. */
const KINDS_MAX = 500;

export class RefusedInputs {
  readonly #counts = new Map<string, number>();

  count({ machine, state, event }: Extract<Fact, { tag: "refused" }>): void {
    const kind = `${machine} ${state}: ${event}`;
    const known = this.#counts.get(kind);
    if (known === undefined && this.#counts.size >= KINDS_MAX) return;
    this.#counts.set(kind, (known ?? 0) + 1);
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
