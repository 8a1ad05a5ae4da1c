/** What faults make of an event's text. Pure. */

import type { Action } from "./fault-desk.ts";
import { isObject, type JsonObject, type JsonValue, without } from "./json.ts";

/** The frames that go out for an event: usually one, its own. */
export function altered(event: JsonObject, actions: readonly Action[]): string[] {
  let said = event;
  let texts: ((text: string) => string[])[] = [];
  for (const action of actions) {
    if (action.do === "omit") said = action.fields.reduce(omitted, said);
    if (action.do === "cut") texts = [...texts, (text) => [text.slice(0, text.length / 2)]];
    if (action.do === "repeat") texts = [...texts, (text) => [text, text]];
    if (action.do === "skip") texts = [...texts, () => []];
  }
  let frames = [JSON.stringify(said)];
  for (const change of texts) frames = frames.flatMap(change);
  return frames;
}

/** The event without the field at a dotted path. */
function omitted(event: JsonObject, path: string): JsonObject {
  const [key = "", ...rest] = path.split(".");
  const inner = event[key];
  if (rest.length === 0) return without(event, key);
  return isObject(inner) ? { ...event, [key]: omitted(inner, rest.join(".")) } : event;
}

/** Names such as `$user_item` replaced by what they stand for, anywhere in a scripted event. */
export function filled(value: JsonValue, names: Readonly<Record<string, string>>): JsonValue {
  if (typeof value === "string") return names[value] ?? value;
  if (Array.isArray(value)) return value.map((entry: JsonValue) => filled(entry, names));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, filled(inner, names)] as const);
  return Object.fromEntries(entries);
}

/** A valid event of about `mb` megabytes: large items have broken clients that cap their frames. */
export function hugeEvent(mb: number): string {
  const content = [{ type: "input_text", text: "x".repeat(Math.round(mb * 1_000_000)) }];
  const item = { id: "item_huge", type: "message", status: "completed", role: "system", content };
  const type = "conversation.item.added";
  return JSON.stringify({ type, event_id: "event_huge", previous_item_id: null, item });
}
