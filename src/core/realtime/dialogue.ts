/**
 * What was said in this conversation, so that a connection that has to be made anew can be told of
 * it: the model's words as far as they were heard.
 */

import type { ClientEvent } from "./client-events.ts";

/** Lines that are told to a new connection, and characters of each. */
export const DIALOGUE_MAX_LINES = 24;
export const DIALOGUE_LINE_MAX_CHARS = 2_000;
/** Cut items remembered until their words have come. */
const CUTS_MAX = 8;

export interface Line {
  readonly itemId: string;
  readonly role: "assistant" | "user";
  readonly text: string;
}

/** How much of an item was heard, of what had come of it. */
export interface Heard {
  readonly itemId: string;
  readonly heardMs: number;
  readonly receivedMs: number;
}

/** `cuts`: replies cut lately; their words come after the cut, and are kept as far as heard. */
export interface Dialogue {
  readonly lines: readonly Line[];
  readonly cuts: readonly Heard[];
}

export const NO_DIALOGUE: Dialogue = { lines: [], cuts: [] };

/** The words of an item of the model's. They may come before or after the item was cut. */
export function withWords(own: Dialogue, itemId: string, text: string): Dialogue {
  if (text === "") return own;
  const line: Line = { itemId, role: "assistant", text: text.slice(0, DIALOGUE_LINE_MAX_CHARS) };
  return { ...own, lines: [...own.lines, ...asHeard(line, own.cuts)].slice(-DIALOGUE_MAX_LINES) };
}

export function withCuts(own: Dialogue, items: readonly Heard[]): Dialogue {
  const lines = own.lines.flatMap((line) => asHeard(line, items));
  return { lines, cuts: [...own.cuts, ...items].slice(-CUTS_MAX) };
}

/** What a new connection is told, in order. */
export function retold({ lines }: Dialogue): readonly ClientEvent[] {
  return lines.map(({ role, text }) => ({ tag: "add-message", role, text }));
}

/** The API knows the user and the model only: this is how the model knows that it is neither. */
export const NOTE = "(A note from the device, not said by the user) ";

/** Something has come to pass outside, which the model is to tell the user. */
export function newsEvent(text: string): ClientEvent {
  return { tag: "add-message", role: "user", text: `${NOTE}${text}` };
}

/** A line as far as it was heard; nothing of it when nothing was. */
function asHeard(line: Line, items: readonly Heard[]): readonly Line[] {
  const item = items.find(({ itemId }) => itemId === line.itemId);
  if (item === undefined || item.heardMs >= item.receivedMs) return [line];
  const kept = Math.floor((line.text.length * item.heardMs) / item.receivedMs);
  return kept === 0 ? [] : [{ ...line, text: `${line.text.slice(0, kept)}…` }];
}
