/** Answers the client's events about single items: create, retrieve, delete, truncate. */

import type { Billing } from "./billing.ts";
import type { Items } from "./items.ts";
import type { JsonObject } from "./json.ts";
import { numberAt, objectAt, textAt } from "./json.ts";
import type { RemoteTools } from "./remote-tools.ts";
import type { Settling } from "./settling.ts";
import type { ApiError, Outbox } from "./wire.ts";

export interface ItemDeskSetup {
  readonly items: Items;
  readonly billing: Billing;
  readonly settling: Settling;
  readonly out: Outbox;
  readonly remote: RemoteTools;
}

export class ItemDesk {
  readonly #items: Items;
  readonly #billing: Billing;
  readonly #settling: Settling;
  readonly #out: Outbox;
  readonly #remote: RemoteTools;

  constructor({ items, billing, settling, out, remote }: ItemDeskSetup) {
    this.#settling = settling;
    this.#remote = remote;
    this.#items = items;
    this.#billing = billing;
    this.#out = out;
  }

  create(event: JsonObject, eventId: string | null): void {
    const item = objectAt(event, "item");
    if (textAt(item, "type") === "function_call_output") {
      this.#settling.answered(textAt(item, "call_id") ?? "");
    }
    const result = this.#items.create(event, this.#out.ids.next("item"));
    if (!result.ok) {
      this.#out.error(result.error, eventId);
      return;
    }
    const { item: placed, previousId } = result.value;
    this.#billing.broken(this.#items.tokensBefore(placed.id));
    const fields = { previous_item_id: previousId, item: placed.json };
    this.#out.event("conversation.item.added", fields);
    this.#out.event("conversation.item.done", fields);
    const error = this.#remote.answer(placed.json);
    if (error !== null) this.#out.error(error, eventId);
  }

  /** Retrieve, delete or truncate, by the event's type. */
  change(event: JsonObject, eventId: string | null): void {
    const id = textAt(event, "item_id") ?? "";
    const error =
      event["type"] === "conversation.item.retrieve"
        ? this.#retrieve(id)
        : this.#alter(event, id, this.#items.tokensBefore(id));
    if (error !== null) this.#out.error(error, eventId);
  }

  #retrieve(id: string): ApiError | null {
    const result = this.#items.retrieve(id);
    if (!result.ok) return result.error;
    this.#out.event("conversation.item.retrieved", { item: result.value.json });
    return null;
  }

  /** Changes the past: only what stands before it stays in the cache. */
  #alter(event: JsonObject, id: string, before: Parameters<Billing["broken"]>[0]): ApiError | null {
    const endMs = numberAt(event, "audio_end_ms") ?? 0;
    const deletes = event["type"] === "conversation.item.delete";
    const result = deletes ? this.#items.delete(id) : this.#items.truncate(id, endMs);
    if (!result.ok) return result.error;
    this.#billing.broken(before);
    const place = deletes ? {} : { content_index: 0, audio_end_ms: endMs };
    const type = deletes ? "conversation.item.deleted" : "conversation.item.truncated";
    this.#out.event(type, { item_id: id, ...place });
    return null;
  }
}
