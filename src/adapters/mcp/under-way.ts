/**
 * The POSTs of a channel that have not ended yet.
 *
 * Invariants: none outlives the channel. What is said beside the requests (answers to the server's own
 * requests, notifications) waits for nobody, so at most ASIDES_MAX of it are under way, ASIDE_MAX_MS
 * each: a server that asks without end, or never answers, takes no more sockets of ours than that.
 */

/** More at a time are not sent; a server in order wants one. */
export const ASIDES_MAX = 4;
const ASIDE_MAX_MS = 5_000;

export class UnderWay {
  readonly #requests = new Map<number, AbortController>();
  readonly #asides = new Set<AbortController>();
  #isClosed: boolean = false;

  /** The signal that ends it, and what to call when it has ended; null: it is not to be sent. */
  begin(id: number | null): { readonly signal: AbortSignal; readonly done: () => void } | null {
    if (this.#isClosed) return null;
    const controller = new AbortController();
    const { signal } = controller;
    if (id !== null) {
      this.#requests.set(id, controller);
      return { signal, done: () => this.#requests.delete(id) };
    }
    if (this.#asides.size >= ASIDES_MAX) return null;
    this.#asides.add(controller);
    const late = setTimeout(() => controller.abort(), ASIDE_MAX_MS);
    const done = (): void => {
      clearTimeout(late);
      this.#asides.delete(controller);
    };
    return { signal, done };
  }

  drop(id: number): void {
    this.#requests.get(id)?.abort();
  }

  close(): void {
    this.#isClosed = true;
    for (const one of [...this.#requests.values(), ...this.#asides]) one.abort();
  }
}
