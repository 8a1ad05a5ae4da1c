/**
 * What was said in this conversation, so that a connection that has to be made anew can be told of
 * it: the model's words as far as they were heard.
 */

import type { HeardItem } from "../audio/playhead.ts";
import { eventId } from "./ids.ts";
import type { Change, Effect } from "./inputs.ts";
import { CUTS_MAX, DIALOGUE_LINE_MAX_CHARS, DIALOGUE_MAX_LINES } from "./limits.ts";
import type { Dialogue, Line } from "./state.ts";

export const NO_DIALOGUE: Dialogue = { lines: [], cuts: [] };

export type DialogueEvent =
  /** The words of an item of the model's. They may come before or after the item was cut. */
  | { readonly tag: "transcript"; readonly itemId: string; readonly text: string }
  | { readonly tag: "cut"; readonly items: readonly HeardItem[] }
  /** Something has come to pass outside, which the model is to tell the user. */
  | { readonly tag: "news"; readonly text: string }
  /** A new connection is told of it. */
  | { readonly tag: "replay" };

/** The API knows the user and the model only: this is how the model knows that it is neither. */
export const NOTE = "(A note from the device, not said by the user) ";

export function nextDialogue(own: Dialogue, event: DialogueEvent): Change<Dialogue> {
  switch (event.tag) {
    case "transcript":
      return { next: remember(own, event.itemId, event.text) };
    case "cut":
      return { next: cutAt(own, event.items) };
    case "news":
      return {
        next: own,
        sends: [
          {
            tag: "send",
            event: { tag: "tell-dialogue", role: "user", text: `${NOTE}${event.text}` },
            id: eventId("news", own.lines.length),
          },
        ],
        facts: [{ tag: "news-told" }],
      };
    case "replay":
      return { next: own, sends: replay(own) };
  }
}

function remember(own: Dialogue, itemId: string, text: string): Dialogue {
  if (text === "") return own;
  const line: Line = { itemId, role: "assistant", text: text.slice(0, DIALOGUE_LINE_MAX_CHARS) };
  return { ...own, lines: [...own.lines, ...asHeard(line, own.cuts)].slice(-DIALOGUE_MAX_LINES) };
}

function cutAt(own: Dialogue, items: readonly HeardItem[]): Dialogue {
  const lines = own.lines.flatMap((line) => asHeard(line, items));
  return { lines, cuts: [...own.cuts, ...items].slice(-CUTS_MAX) };
}

function replay({ lines }: Dialogue): readonly Effect[] {
  return lines.map(({ role, text }, n) => ({
    tag: "send",
    event: { tag: "tell-dialogue", role, text },
    id: eventId("replay", n),
  }));
}

/** A line as far as it was heard; nothing of it when nothing was. */
function asHeard(line: Line, items: readonly HeardItem[]): readonly Line[] {
  const item = items.find(({ itemId }) => itemId === line.itemId);
  if (item === undefined || item.heardMs >= item.receivedMs) return [line];
  const kept = Math.floor((line.text.length * item.heardMs) / item.receivedMs);
  return kept === 0 ? [] : [{ ...line, text: `${line.text.slice(0, kept)}…` }];
}
