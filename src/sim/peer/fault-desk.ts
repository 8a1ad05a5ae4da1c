/** Faults as a scenario scripts them: where, what, how often. Misbehaviour that no model shows. */

import type { JsonObject, JsonValue } from "./json.ts";
import type { ApiError } from "./wire.ts";

/** A named moment of a connection's life. */
export type Point =
  /** The upgrade request is here, not yet answered. */
  | { readonly tag: "handshake" }
  /** The upgrade is done, nothing has been sent. */
  | { readonly tag: "connect" }
  /** Right after a server event was sent; `nth` null: any of them. */
  | { readonly tag: "server"; readonly type: string; readonly nth: number | null }
  /** A client event came in and has not been acted on. */
  | { readonly tag: "client"; readonly type: string; readonly nth: number | null };

export type Action =
  /** Handshake only: another status than 101. */
  | {
      readonly do: "refuse";
      readonly status: number;
      readonly error: ApiError;
      /** Instead of the usual error body; a text is sent as it is. */
      readonly body: JsonValue | undefined;
      readonly retryAfterS: number | null;
    }
  /** Handshake only: the upgrade is never answered. */
  | { readonly do: "hang" }
  /** Nothing more is sent, pings are still answered; after `forMs` what waited is sent. */
  | { readonly do: "stall"; readonly forMs: number | null }
  /** Neither reads nor writes any more; TCP stays up. */
  | { readonly do: "half-open" }
  /** `code` null: a close frame without a code (1005 at the client). */
  | { readonly do: "close"; readonly code: number | null; readonly reason: string }
  /** TCP ends without a close frame (1006 at the client). */
  | { readonly do: "drop" }
  /** TCP reset. */
  | { readonly do: "reset" }
  /** An event of one's own, a text that is no JSON, or a binary frame. */
  | {
      readonly do: "send";
      readonly event: JsonObject | null;
      readonly text: string | null;
      readonly bytes: number | null;
    }
  /** A valid event of so many megabytes. */
  | { readonly do: "huge"; readonly mb: number }
  /** Instead of the event: its first half. */
  | { readonly do: "cut" }
  /** Instead of the event: the same without these fields (dotted paths). */
  | { readonly do: "omit"; readonly fields: readonly string[] }
  /** Instead of the event: nothing. For a client event: it is ignored. */
  | { readonly do: "skip" }
  /** The event twice. */
  | { readonly do: "repeat" }
  | { readonly do: "error"; readonly error: ApiError }
  /** Client events only: refused with this error. */
  | { readonly do: "reject"; readonly error: ApiError }
  /** `session_expired`, then close 1001. */
  | { readonly do: "expire" };

export interface FaultRule {
  readonly at: Point;
  readonly action: Action;
  readonly afterMs: number;
  /** Only on the nth connection attempt, for this model, in the nth turn; null: on any. */
  readonly connection: number | null;
  readonly model: string | null;
  readonly turn: number | null;
  /** How often it strikes; null: always. */
  readonly times: number | null;
  /** Where the scenario says it, for reports. */
  readonly where: string;
}

/** Where a connection is when it asks whether something goes wrong. */
export interface Situation {
  readonly connection: number;
  readonly model: string;
  readonly turn: number;
}

export interface Strike {
  readonly action: Action;
  readonly afterMs: number;
}

/** The peer's fault rules and how often each has struck. */
export class FaultDesk {
  readonly #rules: { readonly rule: FaultRule; struck: number }[];

  constructor(rules: readonly FaultRule[]) {
    this.#rules = rules.map((rule) => ({ rule, struck: 0 }));
  }

  /** What goes wrong at this point, in the order of the scenario. `nth` counts such points. */
  strikes(tag: Point["tag"], type: string, nth: number, situation: Situation): Strike[] {
    const found: Strike[] = [];
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (rule.times !== null && entry.struck >= rule.times) continue;
      if (!pointed(rule.at, tag, type, nth) || !meant(rule, situation)) continue;
      entry.struck += 1;
      found.push({ action: rule.action, afterMs: rule.afterMs });
    }
    return found;
  }

  /** Rules that never came to anything: a scenario that tests nothing. */
  unused(): string[] {
    return this.#rules.filter(({ struck }) => struck === 0).map(({ rule }) => rule.where);
  }
}

function pointed(at: Point, tag: Point["tag"], type: string, nth: number): boolean {
  if (at.tag !== tag) return false;
  if (at.tag === "handshake" || at.tag === "connect") return true;
  return at.type === type && (at.nth === null || at.nth === nth);
}

function meant(rule: FaultRule, situation: Situation): boolean {
  return (
    (rule.connection === null || rule.connection === situation.connection) &&
    (rule.model === null || rule.model === situation.model) &&
    (rule.turn === null || rule.turn === situation.turn)
  );
}
