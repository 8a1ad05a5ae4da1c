/**
 * Keeps what the broker retains of us the same as what is true, and passes on what only happens once.
 *
 * Invariants: one publication at a time, and only while there is a link; nothing waits but
 * EVENTS_MAX events, and what is true is asked for when it is said; a look at it at most every
 * PASS_EVERY_MS, whatever changes how often.
 */

import type { BrokerLink, Clock, Publication } from "../../ports.ts";

/** A conversation changes its phase some ten times a minute: people and automations see each. */
export const PASS_EVERY_MS = 250;
/** Presses of a button that wait for a slow broker; more are dropped. */
export const EVENTS_MAX = 4;

export interface PublisherOptions {
  readonly clock: Clock;
  /** What is to be retained, in the order in which it is said first. */
  readonly wanted: () => readonly Publication[];
}

export class Publisher {
  readonly #options: PublisherOptions;
  #link: BrokerLink | null = null;
  /** What the broker has, by topic. */
  #said = new Map<string, string>();
  #events: readonly Publication[] = [];
  #todo: readonly Publication[] = [];
  #isDirty: boolean = false;
  #passedMs = Number.NEGATIVE_INFINITY;
  #running: boolean = false;
  #cancel: (() => void) | null = null;
  #dropped = 0;
  #published = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get counts(): Readonly<Record<"published" | "events_dropped", number>> {
    return { published: this.#published, events_dropped: this.#dropped };
  }

  /** A new link: everything is said on it. `clear`: topics with something of ours to be cleared. */
  connect(link: BrokerLink, clear: readonly string[]): void {
    this.#link = link;
    this.#todo = clear.map((topic) => ({ topic, payload: "", isRetained: true }));
    this.again();
  }

  /** Whoever listens has forgotten everything: all is said once more. */
  again(): void {
    this.#said = new Map();
    this.#passedMs = Number.NEGATIVE_INFINITY;
    this.changed();
  }

  disconnect(): void {
    this.#link = null;
    this.#events = [];
    this.#todo = [];
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Something that is told may be another than it was. */
  changed(): void {
    if (this.#link === null) return;
    this.#isDirty = true;
    this.#start();
  }

  /** Told to whoever listens now; without a link, to nobody. */
  event(topic: string, payload: string): void {
    if (this.#link === null) return;
    if (this.#events.length >= EVENTS_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#events = [...this.#events, { topic, payload, isRetained: false }];
    this.#start();
  }

  #start(): void {
    const link = this.#link;
    if (this.#running || link === null) return;
    this.#running = true;
    void this.#run(link);
  }

  async #run(link: BrokerLink): Promise<void> {
    await Promise.resolve(); // First what the change itself asks for: sound, LEDs.
    for (let next = this.#next(); next !== null; next = this.#next()) {
      if (link !== this.#link) break;
      const taken = await link.publish(next);
      if (link !== this.#link) break;
      if (!taken) {
        this.#todo = []; // It is about to end, or wants none of it: the next change tries again.
        break;
      }
      this.#published += 1;
      if (next.isRetained) this.#said.set(next.topic, next.payload);
    }
    this.#running = false;
    // A link that came meanwhile found this one running.
    if (this.#link !== null && this.#link !== link) this.#start();
  }

  /** Events first: they are what somebody waits for. */
  #next(): Publication | null {
    const [event, ...others] = this.#events;
    if (event !== undefined) {
      this.#events = others;
      return event;
    }
    if (this.#todo.length === 0 && this.#isDirty) this.#look();
    const [first, ...rest] = this.#todo;
    this.#todo = rest;
    return first ?? null;
  }

  #look(): void {
    const { clock, wanted } = this.#options;
    const waitMs = this.#passedMs + PASS_EVERY_MS - clock.nowMs();
    if (waitMs > 0) {
      this.#cancel ??= clock.after(waitMs, () => {
        this.#cancel = null;
        this.#start();
      });
      return;
    }
    this.#isDirty = false;
    this.#passedMs = clock.nowMs();
    this.#todo = wanted().filter(({ topic, payload }) => this.#said.get(topic) !== payload);
  }
}
