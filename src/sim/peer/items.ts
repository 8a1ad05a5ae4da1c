/**
 * The items of one conversation, in their order, and what a client may do to them.
 * Each operation answers with a result; nothing changes when it is an error.
 */

import { samplesToMs } from "../../core/audio/pcm.ts";
import type { Tokens } from "./billing.ts";
import { itemTokens } from "./billing.ts";
import type { JsonObject } from "./json.ts";
import { isObject, listAt, objectAt, textAt, without } from "./json.ts";
import type { Result } from "./wire.ts";
import { invalid } from "./wire.ts";

/** A conversation of more items than this is a runaway client. */
const ITEMS_MAX = 5000;

export interface Item {
  readonly id: string;
  /** As the protocol shows it; without sound. */
  json: JsonObject;
  /** Length of its sound: what the user said, or what was sent of a reply; milliseconds. */
  audioMs: number;
  /** The client has truncated it: what is still sent of it does not count any more. */
  cut: boolean;
}

export interface Placed {
  readonly item: Item;
  readonly previousId: string | null;
}

export class Items {
  #items: Item[] = [];

  get all(): readonly Item[] {
    return this.#items;
  }

  find(id: string): Item | null {
    return this.#items.find((item) => item.id === id) ?? null;
  }

  tokens(): Tokens[] {
    return this.#items.map((item) => itemTokens(item.json, item.audioMs));
  }

  /** Tokens of what stands before an item; of everything when it is not there. */
  tokensBefore(id: string): Tokens[] {
    const index = this.#items.findIndex((item) => item.id === id);
    return index < 0 ? this.tokens() : this.tokens().slice(0, index);
  }

  lastId(): string | null {
    return this.#items.at(-1)?.id ?? null;
  }

  /** Adds the server's own item at the end. */
  append(id: string, json: JsonObject, audioMs: number): Placed {
    const previousId = this.lastId();
    const item = { id, json, audioMs, cut: false };
    this.#items.push(item);
    if (this.#items.length > ITEMS_MAX) throw new Error("conversation has too many items");
    return { item, previousId };
  }

  /** `conversation.item.create`: `id` is used when the client gave none. */
  create(event: JsonObject, id: string): Result<Placed> {
    const given = objectAt(event, "item");
    const json = { id, object: "realtime.item", status: "completed", ...given };
    const itemId = textAt(json, "id") ?? id;
    if (this.find(itemId) !== null) {
      const message = `Item with the given ID '${itemId}' already exists.`;
      return { ok: false, error: invalid("item_create_duplicate_id", message, "item.id") };
    }
    const callId = textAt(json, "call_id");
    if (textAt(json, "type") === "function_call_output" && !this.#called(callId)) {
      const message = `Tool call ID '${callId ?? ""}' not found in conversation.`;
      return { ok: false, error: invalid("invalid_tool_call_id", message, "item.call_id") };
    }
    const after = textAt(event, "previous_item_id");
    const index = this.#indexAfter(after);
    if (index === null) {
      const message = `Previous item with ID '${after ?? ""}' not found.`;
      const code = "item_create_invalid_previous_item_id";
      return { ok: false, error: invalid(code, message, "previous_item_id") };
    }
    const item = { id: itemId, json: soundless(json), audioMs: soundMs(json), cut: false };
    this.#items.splice(index, 0, item);
    if (this.#items.length > ITEMS_MAX) throw new Error("conversation has too many items");
    return { ok: true, value: { item, previousId: this.#items[index - 1]?.id ?? null } };
  }

  delete(id: string): Result<Item> {
    const item = this.find(id);
    if (item === null) return absent("delete", "deleting", id);
    this.#items = this.#items.filter((other) => other !== item);
    return { ok: true, value: item };
  }

  retrieve(id: string): Result<Item> {
    const item = this.find(id);
    return item === null ? absent("retrieve", "retrieving", id) : { ok: true, value: item };
  }

  /** Cuts an assistant item's sound at `endMs` and forgets its transcript. */
  truncate(id: string, endMs: number): Result<Item> {
    const item = this.find(id);
    if (item === null) return absent("truncate", "truncating", id);
    // While a reply is still being said its item has no content yet, but it can be cut already.
    if (item.json["role"] !== "assistant" || item.audioMs === 0) {
      const message = "Only model output audio messages can be truncated";
      return { ok: false, error: invalid("unsupported_content_type", message) };
    }
    const wholeMs = Math.floor(item.audioMs);
    if (endMs > wholeMs) {
      const message = `Audio content of ${wholeMs}ms is already shorter than ${endMs}ms`;
      return { ok: false, error: invalid(null, message) };
    }
    item.audioMs = endMs;
    item.cut = true;
    item.json = { ...item.json, content: [{ type: "output_audio" }] };
    return { ok: true, value: item };
  }

  /** What the user said has been written down; nothing happens when the item is gone. */
  transcribed(id: string, transcript: string): void {
    const item = this.find(id);
    if (item === null) return;
    item.json = { ...item.json, content: [{ type: "input_audio", transcript }] };
  }

  /** Calls that have no output, by call id. */
  openCalls(): readonly string[] {
    return this.#items
      .filter(({ json }) => json["type"] === "function_call")
      .map(({ json }) => textAt(json, "call_id") ?? "")
      .filter((callId) => !this.isAnswered(callId));
  }

  isAnswered(callId: string): boolean {
    return this.#items.some(
      ({ json }) => json["type"] === "function_call_output" && json["call_id"] === callId,
    );
  }

  #called(callId: string | null): boolean {
    return this.#items.some(
      ({ json }) => json["type"] === "function_call" && json["call_id"] === callId,
    );
  }

  #indexAfter(id: string | null): number | null {
    if (id === null) return this.#items.length;
    if (id === "root") return 0;
    const index = this.#items.findIndex((item) => item.id === id);
    return index < 0 ? null : index + 1;
  }
}

function absent(verb: string, doing: string, id: string): Result<never> {
  const message = `Error ${doing} item: the item with id '${id}' does not exist.`;
  return { ok: false, error: invalid(`item_${verb}_invalid_item_id`, message, "item_id") };
}

/** The item without the sound a client put into it. */
function soundless(json: JsonObject): JsonObject {
  if (json["content"] === undefined) return json;
  const content = listAt(json, "content").map((part) =>
    isObject(part) ? written(without(part, "audio")) : part,
  );
  return { ...json, content };
}

/** What a user said has a transcript on the wire, if only an empty one. */
function written(part: JsonObject): JsonObject {
  return part["type"] === "input_audio" ? { transcript: null, ...part } : part;
}

function soundMs(json: JsonObject): number {
  let bytes = 0;
  for (const part of listAt(json, "content")) {
    bytes += ((textAt(part, "audio") ?? "").length / 4) * 3;
  }
  return samplesToMs(Math.floor(bytes / 2));
}
