/**
 * What comes from the broker, read once: a command for this appliance, a birth of Home Assistant, or
 * nothing that counts. Anybody with access to the broker can send anything.
 */

import { type ControlRequest, SAY_MAX_CHARS } from "../control.ts";
import { oneLine } from "../fault.ts";
import { PRESS } from "./discovery.ts";
import { ONLINE } from "./state.ts";
import type { Topics } from "./topics.ts";

export type Incoming =
  | { readonly tag: "command"; readonly request: ControlRequest }
  /** Home Assistant has started, and knows nothing yet. */
  | { readonly tag: "born" }
  | { readonly tag: "ignored"; readonly why: Ignored };

/** `retained`: said before we came; a command of yesterday is no command. */
export type Ignored = "retained" | "topic" | "payload";

const PERCENT = /^\d{1,3}(?:\.\d{1,3})?$/;

/** `text` null: it was longer than is read, or no text. */
export function readIncoming(
  topics: Topics,
  topic: string,
  text: string | null,
  isRetained: boolean,
): Incoming {
  if (isRetained) return { tag: "ignored", why: "retained" };
  if (topic === topics.birth) {
    return text === ONLINE ? { tag: "born" } : { tag: "ignored", why: "payload" };
  }
  const read = readerOf(topics, topic);
  if (read === null) return { tag: "ignored", why: "topic" };
  const request = text === null ? null : read(text);
  return request === null ? { tag: "ignored", why: "payload" } : { tag: "command", request };
}

type Read = (text: string) => ControlRequest | null;

/** Whoever floods us with messages gets no more of us than a few comparisons each. */
function readerOf(topics: Topics, topic: string): Read | null {
  switch (topic) {
    case topics.mute:
      return muteRequest;
    case topics.volume:
      return volumeRequest;
    case topics.wake:
      return (text) => (text === PRESS ? { command: "wake" } : null);
    case topics.stop:
      return (text) => (text === PRESS ? { command: "stop" } : null);
    case topics.say:
      return sayRequest;
    default:
      return null;
  }
}

function muteRequest(text: string): ControlRequest | null {
  if (text !== "ON" && text !== "OFF") return null;
  return { command: "mute", on: text === "ON" };
}

function volumeRequest(text: string): ControlRequest | null {
  const percent = PERCENT.test(text) ? Number(text) : Number.NaN;
  return percent <= 100 ? { command: "volume", percent } : null;
}

/** Lines become one: what is spoken has none. */
function sayRequest(text: string): ControlRequest | null {
  if (text.length > SAY_MAX_CHARS) return null;
  const words = oneLine(text, SAY_MAX_CHARS);
  return words === "" ? null : { command: "say", text: words };
}
