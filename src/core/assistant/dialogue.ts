/** What was said, and told to the model again or anew: no machine, it takes everything at any time. */

import {
  type Dialogue,
  type Heard,
  newsEvent,
  retold,
  withCuts,
  withWords,
} from "../realtime/dialogue.ts";
import { type Change, send } from "./machine.ts";

export type DialogueEvent = Readonly<
  | { tag: "transcript"; itemId: string; text: string }
  | { tag: "cut"; items: readonly Heard[] }
  /** Something has come to pass outside, which the model is to tell the user. */
  | { tag: "news"; text: string }
  /** A new connection is told of it. */
  | { tag: "replay" }
>;

export function nextDialogue(own: Dialogue, event: DialogueEvent): Change<Dialogue> {
  switch (event.tag) {
    case "transcript":
      return { next: withWords(own, event.itemId, event.text) };
    case "cut":
      return { next: withCuts(own, event.items) };
    case "news": {
      const sends = [send(newsEvent(event.text), "news", own.lines.length)];
      return { next: own, sends, facts: [{ tag: "news-told" }] };
    }
    case "replay":
      return { next: own, sends: retold(own).map((line, n) => send(line, "replay", n)) };
  }
}
