/**
 * Remote servers of tools (MCP) as the API has them: asked for their tools when a session names them,
 * called by the model without the client, approved by the client where that is wanted. Nothing follows
 * a call by itself, and a call may outlive its response.
 */

import type { Items } from "./items.ts";
import type { JsonObject } from "./json.ts";
import { isObject, listAt, textAt } from "./json.ts";
import type { Schedule } from "./schedule.ts";
import type { ApiError, Outbox } from "./wire.ts";
import { invalid } from "./wire.ts";

export interface RemoteServerPlan {
  /** Names of its tools. */
  readonly tools: readonly string[];
  readonly listingMs: number;
  /** It cannot be reached, or refuses. */
  readonly fails: boolean;
}

/** What the model does with a remote tool, and what comes of it. */
export interface RemotePart {
  readonly tag: "remote";
  readonly label: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
  readonly output: string;
  /** As the protocol shows it; null: it goes well. */
  readonly error: JsonObject | null;
  /** How long it takes. */
  readonly ms: number;
  /** The client is asked first. */
  readonly asks: boolean;
}

export interface RemoteSetup {
  readonly out: Outbox;
  readonly schedule: Schedule;
  readonly items: Items;
  readonly servers: Readonly<Record<string, RemoteServerPlan>>;
}

/** The item of a call, as far as it has come. `requestId`: the approval it had. */
export function remoteItem(
  id: string,
  part: RemotePart,
  words: string,
  requestId: string | null,
  isOver: boolean,
): JsonObject {
  const { label, name, asks } = part;
  const of = { id, server_label: label, name, arguments: words };
  if (asks && requestId === null) return { type: "mcp_approval_request", ...of };
  const output = isOver && part.error === null ? part.output : null;
  const error = isOver ? part.error : null;
  return { type: "mcp_call", ...of, approval_request_id: requestId, output, error };
}

export class RemoteTools {
  readonly #setup: RemoteSetup;
  readonly #listed = new Set<string>();
  /** Requests that nobody has answered yet. */
  readonly #asked = new Map<string, RemotePart>();

  constructor(setup: RemoteSetup) {
    this.#setup = setup;
  }

  /** The session names its servers: each is asked once for its tools. */
  list(session: JsonObject): void {
    for (const tool of listAt(session, "tools")) {
      const label = isObject(tool) && tool["type"] === "mcp" ? textAt(tool, "server_label") : null;
      if (label === null || this.#listed.has(label)) continue;
      this.#listed.add(label);
      this.#ask(label);
    }
  }

  /** The model waits for the client's word. */
  asks(id: string, part: RemotePart): void {
    this.#asked.set(id, part);
  }

  /** An approval is answered; null when that is right. Approved, the call begins. */
  answer(item: JsonObject): ApiError | null {
    if (item["type"] !== "mcp_approval_response") return null;
    const requestId = textAt(item, "approval_request_id") ?? "";
    const part = this.#asked.get(requestId);
    if (part === undefined) {
      const message = `Approval request '${requestId}' not found, or answered already.`;
      return invalid("invalid_approval_request_id", message, "item.approval_request_id");
    }
    this.#asked.delete(requestId);
    if (item["approve"] === true) this.#approved(part, requestId);
    return null;
  }

  /** A call has begun, as an item of the conversation; its end comes by itself. */
  run(id: string, part: RemotePart, index: number, requestId: string | null): void {
    const { out, schedule, items } = this.#setup;
    const place = { item_id: id, output_index: index };
    out.event("response.mcp_call.in_progress", place);
    schedule.after(part.ms, () => {
      const json = remoteItem(id, part, part.arguments, requestId, true);
      out.event(`response.mcp_call.${part.error === null ? "completed" : "failed"}`, place);
      const item = items.find(id);
      if (item === null) return;
      item.json = json;
      const before = items.all[items.all.indexOf(item) - 1]?.id ?? null;
      out.event("conversation.item.done", { previous_item_id: before, item: json });
    });
  }

  #approved(part: RemotePart, requestId: string): void {
    const { out, items } = this.#setup;
    const id = out.ids.next("mcp");
    const json = remoteItem(id, part, part.arguments, requestId, false);
    const { previousId } = items.append(id, json, 0);
    out.event("conversation.item.added", { previous_item_id: previousId, item: json });
    this.run(id, part, 0, requestId);
  }

  #ask(label: string): void {
    const { out, schedule, items, servers } = this.#setup;
    const plan = servers[label] ?? { tools: [], listingMs: 0, fails: true };
    const id = out.ids.next("mcpl");
    const of = { id, type: "mcp_list_tools", server_label: label };
    const { previousId } = items.append(id, { ...of, tools: [] }, 0);
    const place = { previous_item_id: previousId };
    out.event("conversation.item.added", { ...place, item: { ...of, tools: [] } });
    out.event("mcp_list_tools.in_progress", { item_id: id });
    schedule.after(plan.listingMs, () => {
      if (plan.fails) {
        out.event("mcp_list_tools.failed", { item_id: id });
        return;
      }
      const tools = plan.tools.map((name) => ({ name, input_schema: { type: "object" } }));
      const item = items.find(id);
      if (item !== null) item.json = { ...of, tools };
      out.event("mcp_list_tools.completed", { item_id: id });
      out.event("conversation.item.done", { ...place, item: { ...of, tools } });
    });
  }
}
