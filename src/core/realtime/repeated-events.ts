/**
 * Events that come twice: each has a name of its own (`event_id`), and what was heard already is not
 * heard again.
 *
 * Invariants: bounded; an event counts as repeated only if it is also of the same kind and length. A
 * server that gives one name to different events does not name them, and is then left alone.
 */

/** Names remembered, the latest: a proxy that repeats does so within moments. */
export const EVENTS_REMEMBERED = 256;

export class RepeatedEvents {
  readonly #known = new Map<string, string>();
  #areNames: boolean = true;

  /** A new connection. */
  begin(): void {
    this.#known.clear();
    this.#areNames = true;
  }

  /** Has this very event come before? */
  isRepeat(eventId: string, kind: string, chars: number): boolean {
    if (!this.#areNames) return false;
    const what = `${kind} ${chars}`;
    const before = this.#known.get(eventId);
    if (before !== undefined) {
      this.#areNames = before === what;
      return this.#areNames;
    }
    this.#known.set(eventId, what);
    if (this.#known.size <= EVENTS_REMEMBERED) return false;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
    return false;
  }
}
