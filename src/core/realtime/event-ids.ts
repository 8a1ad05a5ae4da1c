/**
 * The ids of what we send. The server repeats the id in its errors, so that an error can be laid at
 * the right event's door. Made and read here only.
 */

const KINDS = [
  "update",
  "create",
  "cancel",
  "delete",
  "truncate",
  "clear",
  "replay",
  "commit",
  "output",
  "news",
  "picture",
  "approval",
] as const;

export type EventKind = (typeof KINDS)[number];

/** `n` tells events of a kind apart; what it counts is the kind's own affair. */
export interface EventId {
  readonly kind: EventKind;
  readonly n: number;
}

export function eventId(kind: EventKind, n: number): EventId {
  return { kind, n };
}

/** As it goes over the wire; at most 26 of the 64 characters that the API takes. */
export function eventIdText({ kind, n }: EventId): string {
  return `${kind}_${n}`;
}

/** Null: no id of ours. */
export function parseEventId(text: string | null): EventId | null {
  const [word, digits, ...rest] = (text ?? "").split("_");
  const kind = KINDS.find((known) => known === word);
  const n = Number(digits);
  const isOurs = kind !== undefined && rest.length === 0 && Number.isSafeInteger(n);
  return isOurs ? { kind, n } : null;
}

export function isSameEvent(a: EventId, b: EventId): boolean {
  return a.kind === b.kind && a.n === b.n;
}
