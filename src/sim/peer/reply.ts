/**
 * One response in progress: performs the steps of its score as server events, keeps what has been
 * sent of each item, and ends exactly once, whatever ends it. The order of the events is the one
 * the real server documents.
 */

import { samplesToMs } from "../../core/audio/pcm.ts";
import { base64Of } from "./base64.ts";
import { assistantAudioTokens, sum, type Tokens, textTokens } from "./billing.ts";
import type { Item, Items } from "./items.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { RemotePart, RemoteTools } from "./remote-tools.ts";
import { remoteItem } from "./remote-tools.ts";
import type { Part, Step } from "./reply-plan.ts";
import type { Outbox } from "./wire.ts";

export type Status = "completed" | "cancelled" | "failed" | "incomplete";

/** One output item on its way. */
export interface ReplyPart {
  readonly itemId: string;
  readonly callId: string;
  readonly part: Part;
  /** Samples of its sound sent so far. */
  sentSamples: number;
  /** Transcript, text or arguments sent so far. */
  words: string;
  state: "waiting" | "open" | "closed";
  item: Item | null;
}

export interface ReplySetup {
  readonly responseId: string;
  /** Number of the turn, for the outbox. */
  readonly turn: number;
  readonly parts: readonly Part[];
  readonly out: Outbox;
  /** Where its items go; null for a response outside the conversation. */
  readonly items: Items | null;
  /** Who does what it asks of remote tools; null for a response outside the conversation. */
  readonly remote: RemoteTools | null;
  /** What every `response` object says besides its status. */
  readonly frame: JsonObject;
  /** Sound goes out. */
  readonly sent: (sound: SentSound) => void;
}

/** The samples of one delta, and what they belong to. */
export interface SentSound {
  readonly turn: number;
  readonly responseId: string;
  readonly itemId: string;
  readonly transcript: string;
  /** The item's whole sound. */
  readonly whole: Int16Array;
  readonly pcm: Int16Array;
}

export class Reply {
  readonly setup: ReplySetup;
  readonly parts: ReplyPart[];
  ended: boolean = false;

  constructor(setup: ReplySetup) {
    this.setup = setup;
    this.parts = setup.parts.map((part) => ({
      itemId: setup.out.ids.next("item"),
      callId: (part.tag === "call" ? part.callId : null) ?? setup.out.ids.next("call"),
      part,
      sentSamples: 0,
      words: "",
      state: "waiting",
      item: null,
    }));
  }

  created(): void {
    this.#event("response.created", { response: this.#json("in_progress", null, null) });
  }

  perform(step: Step): void {
    const part = this.parts[step.part];
    if (part === undefined || this.ended) return;
    switch (step.act.tag) {
      case "open":
        this.#open(part, step.part);
        return;
      case "words":
        this.#words(part, step.part, step.act.text);
        return;
      case "sound":
        this.#sound(part, step.part, step.act.from, step.act.to);
        return;
      case "close":
        this.#close(part, step.part, "completed");
        return;
    }
  }

  /** Ends it: closes what is open, then `response.done`. */
  finish(status: Status, details: JsonObject | null, usage: JsonValue): void {
    if (this.ended) return;
    for (const [index, part] of this.parts.entries()) {
      this.#close(part, index, status === "completed" ? "completed" : "incomplete");
    }
    this.ended = true;
    this.#event("response.done", { response: this.#json(status, details, usage) });
  }

  /** Sends the deltas of `steps`, as a server does that has not yet noticed its cancel. */
  late(steps: readonly Step[]): void {
    for (const step of steps) {
      const part = this.parts[step.part];
      if (part === undefined || step.act.tag !== "sound") continue;
      this.#sound(part, step.part, step.act.from, step.act.to);
    }
  }

  /** Tokens of what was produced so far. */
  output(): Tokens {
    return sum(
      this.parts.map((part) => ({
        text: textTokens(part.words),
        audio: assistantAudioTokens(samplesToMs(part.sentSamples)),
        image: 0,
      })),
    );
  }

  #open(part: ReplyPart, index: number): void {
    part.state = "open";
    const item = this.#itemJson(part, "in_progress", []);
    this.#event("response.output_item.added", { output_index: index, item });
    const placed = this.setup.items?.append(part.itemId, item, 0) ?? null;
    part.item = placed?.item ?? null;
    if (placed !== null) {
      this.#conversation("conversation.item.added", placed.previousId, item);
    }
    if (part.part.tag === "call" || part.part.tag === "remote") return;
    const empty = part.part.tag === "sound" ? soundPart("") : { type: "text", text: "" };
    this.#item("response.content_part.added", part, index, { content_index: 0, part: empty });
  }

  #words(part: ReplyPart, index: number, text: string): void {
    part.words += text;
    if (part.part.tag === "call") {
      const type = "response.function_call_arguments.delta";
      this.#item(type, part, index, { call_id: part.callId, delta: text });
      return;
    }
    if (part.part.tag === "remote") {
      if (part.part.asks) return; // A request comes whole.
      this.#item("response.mcp_call_arguments.delta", part, index, { delta: text });
      return;
    }
    const type = part.part.tag === "sound" ? "output_audio_transcript" : "output_text";
    this.#item(`response.${type}.delta`, part, index, { content_index: 0, delta: text });
  }

  #sound(part: ReplyPart, index: number, from: number, to: number): void {
    if (part.part.tag !== "sound") return;
    const pcm = part.part.pcm.subarray(from, to);
    part.sentSamples += pcm.length;
    if (part.item?.cut === false) part.item.audioMs = samplesToMs(part.sentSamples);
    const { turn, responseId } = this.setup;
    const { itemId } = part;
    const { transcript, pcm: whole } = part.part;
    this.setup.sent({ turn, responseId, itemId, transcript, whole, pcm });
    const fields = { content_index: 0, delta: base64Of(pcm) };
    this.#item("response.output_audio.delta", part, index, fields);
  }

  #close(part: ReplyPart, index: number, status: "completed" | "incomplete"): void {
    if (part.state !== "open") return;
    part.state = "closed";
    if (part.part.tag === "remote" && !part.part.asks) {
      this.#call(part, part.part, index, status);
      return;
    }
    this.#contentDone(part, index);
    const json = this.#itemJson(part, status, finalContent(part));
    this.#event("response.output_item.done", { output_index: index, item: json });
    if (part.item === null) return;
    const before = this.setup.items?.all ?? [];
    const at = before.indexOf(part.item);
    part.item.json = part.item.cut ? { ...part.item.json, status } : json;
    // An item that the client has deleted meanwhile is not announced again.
    if (at >= 0) {
      this.#conversation("conversation.item.done", before[at - 1]?.id ?? null, json);
    }
  }

  /** It goes on by itself, beyond the end of the response perhaps. */
  #call(part: ReplyPart, remote: RemotePart, index: number, status: string): void {
    const done = { arguments: part.words };
    this.#item("response.mcp_call_arguments.done", part, index, done);
    if (status === "completed") this.setup.remote?.run(part.itemId, remote, index, null);
  }

  #contentDone(part: ReplyPart, index: number): void {
    if (part.part.tag === "remote") {
      this.setup.remote?.asks(part.itemId, part.part);
      return;
    }
    if (part.part.tag === "call") {
      const fields = { call_id: part.callId, name: part.part.name, arguments: part.words };
      this.#item("response.function_call_arguments.done", part, index, fields);
      return;
    }
    const at = { content_index: 0 };
    if (part.part.tag === "text") {
      this.#item("response.output_text.done", part, index, { ...at, text: part.words });
      const done = { type: "text", text: part.words };
      this.#item("response.content_part.done", part, index, { ...at, part: done });
      return;
    }
    this.#item("response.output_audio.done", part, index, at);
    const transcript = { ...at, transcript: part.words };
    this.#item("response.output_audio_transcript.done", part, index, transcript);
    const done = { ...at, part: soundPart(part.words) };
    this.#item("response.content_part.done", part, index, done);
  }

  #itemJson(part: ReplyPart, status: string, content: readonly JsonObject[]): JsonObject {
    const head = { id: part.itemId, object: "realtime.item", status };
    if (part.part.tag === "call") {
      const call = { type: "function_call", name: part.part.name, call_id: part.callId };
      return { ...head, ...call, arguments: part.words };
    }
    if (part.part.tag === "remote") {
      return remoteItem(part.itemId, part.part, part.words, null, false);
    }
    const phase = part.part.phase === null ? {} : { phase: part.part.phase };
    return { ...head, type: "message", role: "assistant", ...phase, content };
  }

  #json(status: Status | "in_progress", details: JsonObject | null, usage: JsonValue): JsonObject {
    const output = this.parts
      .filter((part) => part.state === "closed")
      .map((part) =>
        this.#itemJson(
          part,
          status === "completed" ? "completed" : "incomplete",
          finalContent(part),
        ),
      );
    return {
      object: "realtime.response",
      id: this.setup.responseId,
      status,
      status_details: details,
      output,
      ...this.setup.frame,
      usage,
    };
  }

  #conversation(type: string, previousId: string | null, item: JsonObject): void {
    const fields = { previous_item_id: previousId, item };
    this.setup.out.event(type, fields, this.setup.turn);
  }

  #item(type: string, part: ReplyPart, index: number, fields: JsonObject): void {
    this.#event(type, { item_id: part.itemId, output_index: index, ...fields });
  }

  #event(type: string, fields: JsonObject): void {
    const own = fields["response"] === undefined ? { response_id: this.setup.responseId } : {};
    this.setup.out.event(type, { ...own, ...fields }, this.setup.turn);
  }
}

function soundPart(transcript: string): JsonObject {
  return { type: "audio", transcript };
}

function finalContent(part: ReplyPart): JsonObject[] {
  if (part.part.tag === "sound") return [{ type: "output_audio", transcript: part.words }];
  return part.part.tag === "text" ? [{ type: "output_text", text: part.words }] : [];
}
