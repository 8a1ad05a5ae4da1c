/**
 * Begins the way to the server when the gate hears speech, before it is known whether it is the wake
 * word (`session.preconnect: gate`): TCP, TLS and the upgrade are then behind us when it is. Stands
 * before the dialer; whoever dials does not see the difference.
 *
 * Policy: one connection at most is prepared, for PREPARED_MAX_MS, PREPARED_PER_MINUTE_MAX times a
 * minute; nothing is said on it. It is handed out where exactly this target is dialled, else it is
 * thrown away. One that dies before is nobody's failure: the dial begins anew. One that turns out to
 * be dead when it is handed out counts as a network that failed, never as a refusal of the model's.
 */

import type { State } from "../core/assistant/state.ts";
import { phase } from "../core/assistant/views.ts";
import { firstCandidate } from "../core/models/fallback.ts";
import { budgetExceeded } from "../core/money/budget.ts";
import type { LinkFailure } from "../core/realtime/failure.ts";
import type { Settings } from "../core/settings/table.ts";
import type { Clock, Dialer, DialTarget, Link, LinkSink } from "../ports.ts";
import type { Accounts } from "./records/accounts.ts";
import type { World } from "./world.ts";

/** A wake word is heard within 2 s of the gate's opening, unless somebody talked before it. */
export const PREPARED_MAX_MS = 4_000;
/** In a room of people who talk, the gate opens tens of times a minute. */
export const PREPARED_PER_MINUTE_MAX = 6;
const MINUTE_MS = 60_000;
/** The server says hello, and nothing else, to somebody who is silent. */
const EARLY_TEXTS_MAX = 4;

export interface PreconnectOptions {
  readonly clock: Clock;
  readonly dialer: Dialer;
  /** What a wake word would have dialled just now; null: nothing is to be prepared. */
  readonly wanted: () => DialTarget | null;
}

export interface PreconnectCounts {
  readonly begun: number;
  readonly used: number;
  /** Not begun, because there were enough in this minute. */
  readonly refused: number;
}

export class Preconnect implements Dialer {
  readonly #options: PreconnectOptions;
  #prepared: Prepared | null = null;
  #isOpen: boolean = false;
  #begunMs: number[] = [];
  #counts = { begun: 0, used: 0, refused: 0 };
  #takeBack: () => void = () => {};

  constructor(options: PreconnectOptions) {
    this.#options = options;
  }

  get counts(): PreconnectCounts {
    return { ...this.#counts };
  }

  /** After each frame: does the gate hear somebody? */
  gate(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return;
    this.#isOpen = isOpen;
    if (!isOpen || this.#prepared !== null) return;
    const target = this.#options.wanted();
    if (target !== null && this.#mayBegin()) this.#begin(target);
  }

  dial(target: DialTarget, sink: LinkSink): Link {
    const prepared = this.#prepared;
    const isIt = prepared !== null && isSame(prepared.target, target);
    if (!isIt) {
      this.close();
      return this.#options.dialer.dial(target, sink);
    }
    this.#forget();
    this.#counts.used += 1;
    return prepared.handOut(sink);
  }

  /** Throws away what was prepared. */
  close(): void {
    const prepared = this.#prepared;
    this.#forget();
    prepared?.link?.close();
  }

  #mayBegin(): boolean {
    const nowMs = this.#options.clock.nowMs();
    this.#begunMs = this.#begunMs.filter((ms) => nowMs - ms < MINUTE_MS);
    if (this.#begunMs.length < PREPARED_PER_MINUTE_MAX) return true;
    this.#counts.refused += 1;
    return false;
  }

  #begin(target: DialTarget): void {
    const { clock, dialer } = this.#options;
    this.#begunMs.push(clock.nowMs());
    this.#counts.begun += 1;
    const prepared = new Prepared(target, () => {
      if (this.#prepared === prepared) this.close();
    });
    this.#prepared = prepared;
    prepared.link = dialer.dial(target, prepared);
    this.#takeBack = clock.after(PREPARED_MAX_MS, () => this.close());
  }

  #forget(): void {
    this.#prepared = null;
    this.#takeBack();
  }
}

/** Keeps what is said on a link until somebody takes it. */
class Prepared implements LinkSink {
  readonly target: DialTarget;
  link: Link | null = null;
  readonly #spoilt: () => void;
  #sink: LinkSink | null = null;
  #isOpen: boolean = false;
  readonly #texts: string[] = [];
  /** Something has come since it was handed out: it lives. */
  #isAlive: boolean = false;
  #ended: LinkFailure | null = null;

  /** `spoilt`: it has ended, or the server says too much. */
  constructor(target: DialTarget, spoilt: () => void) {
    this.target = target;
    this.#spoilt = spoilt;
  }

  /** What was said before is said to `sink` at once, though not from within this call. */
  handOut(sink: LinkSink): Link {
    const { link } = this;
    if (link === null) throw new Error("a link was handed out before it was dialled");
    let isGivenUp = false;
    // What comes before the microtask's turn goes the same way, in its order.
    queueMicrotask(() => {
      this.#sink = sink;
      if (this.#isOpen && !isGivenUp) sink.opened();
      for (const text of this.#texts.splice(0)) if (!isGivenUp) sink.text(text);
      if (this.#ended !== null) sink.closed(this.#asNetwork(this.#ended));
    });
    return {
      send: (text) => link.send(text),
      bufferedBytes: () => link.bufferedBytes(),
      close: () => {
        isGivenUp = true;
        link.close();
      },
    };
  }

  opened(): void {
    this.#isOpen = true;
    this.#sink?.opened();
  }

  text(text: string): void {
    if (this.#sink !== null) {
      this.#isAlive = true;
      this.#sink.text(text);
      return;
    }
    this.#texts.push(text);
    if (this.#texts.length > EARLY_TEXTS_MAX) this.#spoilt();
  }

  closed(failure: LinkFailure): void {
    this.#ended = failure;
    if (this.#sink === null) this.#spoilt();
    else this.#sink.closed(this.#asNetwork(failure));
  }

  /** A socket that was dead already says nothing of the model. */
  #asNetwork(failure: LinkFailure): LinkFailure {
    const isTorn = failure.tag === "close" && failure.code === 1006;
    const isSilent = failure.tag === "timeout" && failure.what === "pong";
    const isDead = this.#isOpen && !this.#isAlive && (isTorn || isSilent);
    return isDead ? { tag: "network", stage: "tcp", code: "ECONNRESET" } : failure;
  }
}

function isSame(a: DialTarget, b: DialTarget): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** As the owner's settings and the state of things have it, each time that the gate opens. */
export function preconnectFor(
  { clock, dialer, target }: Pick<World, "clock" | "dialer" | "target">,
  settings: () => Settings,
  state: () => State,
  accounts: () => Accounts,
): Preconnect {
  const wanted = (): DialTarget | null => {
    const asked = settings();
    if (asked["session.preconnect"] === "off") return null;
    const model = modelAhead(asked, state(), clock.nowMs(), accounts().spending.today().microUsd);
    return model === null ? null : target(model, asked);
  };
  return new Preconnect({ clock, dialer, wanted });
}

/** The model that a wake word would dial; null where it would dial none. */
function modelAhead(settings: Settings, state: State, nowMs: number, spentMicroUsd: number) {
  const { deviceFaults, warm, chain } = state.memory;
  const isVain = phase(state) !== "idle" || warm !== null;
  const isDeaf = deviceFaults.microphone !== undefined || deviceFaults.speaker !== undefined;
  const isLater = chain.retryAfter !== null && chain.retryAfter.untilMs > nowMs;
  if (isVain || isDeaf || isLater || budgetExceeded(settings, spentMicroUsd)) return null;
  return firstCandidate(settings, chain, nowMs);
}
