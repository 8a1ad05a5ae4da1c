/**
 * How a machine is written: a table of what it takes in which state, and what comes of it.
 *
 * New fields come before what is spread ({ tag, ...data }): V8 adds a field to a copy a hundred times
 * slower than it copies one.
 */

import type { Fault } from "../fault.ts";
import type { ClientEvent } from "../realtime/client-events.ts";
import { type EventKind, eventId } from "../realtime/event-ids.ts";
import type { Effect, Ending, Fact, LogLevel } from "./inputs.ts";
import type { Scope } from "./state.ts";

interface Tagged {
  readonly tag: string;
}

/** The member of a union with this tag. */
export type Of<U extends Tagged, T extends U["tag"]> = Extract<U, { readonly tag: T }>;

/** What a machine makes of an event. `ends`: the conversation is over by it. */
export interface Change<S> {
  readonly next: S;
  readonly sends?: readonly Effect[];
  readonly facts?: readonly Fact[];
  readonly ends?: Ending | undefined;
}

/**
 * State → event → the function that takes it, and the states to which it may lead; where none is
 * named, the state stays. What is not in the table is refused, and counted.
 */
export type Table<S extends Tagged, E extends Tagged> = {
  readonly [K in S["tag"]]: {
    readonly [V in E["tag"]]?: readonly [
      take: (own: Of<S, K>, event: Of<E, V>, at: Scope) => Change<S>,
      ...to: readonly (S["tag"] | "end")[],
    ];
  };
};

/** Whose parameters are compared both ways: it stands for the function of any row. */
interface AnyRow<S> {
  take(own: S, event: Tagged, at: Scope): Change<S>;
}

type Rows<T> = Readonly<Record<string, Readonly<Record<string, T | undefined>>>>;

/** A table as those see it who know neither its states nor its events. */
type AnyTable<S> = Rows<readonly [take: AnyRow<S>["take"], ...to: readonly string[]]>;

/** Null: the machine does not take this event in this state. */
export function taken<S extends Tagged>(
  table: AnyTable<S>,
  own: S,
  event: Tagged,
  at: Scope,
): Change<S> | null {
  const row = table[own.tag]?.[event.tag];
  return row === undefined ? null : row[0](own, event, at);
}

export function stay<S>(own: S): Change<S> {
  return { next: own };
}

/** The change, and before what it sends and says, this. */
export function after<S>(
  sends: readonly Effect[],
  facts: readonly Fact[],
  change: Change<S>,
): Change<S> {
  const { next, sends: ownSends = [], facts: ownFacts = [], ends } = change;
  return { next, sends: [...sends, ...ownSends], facts: [...facts, ...ownFacts], ends };
}

/** `n` tells events of a kind apart. */
export function send(event: ClientEvent, kind: EventKind, n: number): Effect {
  return { tag: "send", event, id: eventId(kind, n) };
}

export function log(level: LogLevel, line: string): Fact {
  return { tag: "log", level, line };
}

export function endingBy(why: Fault): Ending {
  return { reason: why.code === "budget" ? "budget" : "fault", fault: why };
}
