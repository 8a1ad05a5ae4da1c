/**
 * Words of the Realtime protocol that several parts of the simulated peer share: event names, the
 * shape of an error, and the outbox in which a conversation collects what is to be sent.
 * Names are the GA ones everywhere inside; beta names exist only in beta.ts, at the edge.
 */

import type { JsonObject } from "./json.ts";

/** What an `error` event, a failed response or an HTTP refusal says. */
export interface ApiError {
  readonly type: string;
  readonly code: string | null;
  readonly message: string;
  readonly param: string | null;
}

/** An error of the client's making. */
export function invalid(
  code: string | null,
  message: string,
  param: string | null = null,
): ApiError {
  return { type: "invalid_request_error", code, message, param };
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ApiError };

export interface ServerEvent extends JsonObject {
  readonly type: string;
}

/** One thing a conversation wants done on the wire, in order. */
export type Out =
  | { readonly tag: "event"; readonly event: ServerEvent; readonly turn: number }
  | { readonly tag: "close"; readonly code: number; readonly reason: string }
  /** The client broke a rule of order; said loudly besides the event that follows. */
  | { readonly tag: "violation"; readonly error: ApiError };

/** Names that are unique within a peer: the scope is the connection. */
export class Ids {
  readonly #scope: string;
  #count = 0;

  constructor(scope: string) {
    this.#scope = scope;
  }

  next(prefix: string): string {
    this.#count += 1;
    return `${prefix}_${this.#scope}${String(this.#count).padStart(5, "0")}`;
  }
}

/** Collects what is to be sent. `turn` is the response it belongs to, or the one that comes next. */
export class Outbox {
  readonly ids: Ids;
  /** Number of the turn that events without a response belong to; 1 for the first. */
  turn = 1;
  #waiting: Out[] = [];

  constructor(ids: Ids) {
    this.ids = ids;
  }

  event(type: string, fields: JsonObject, turn = this.turn): void {
    const event = { type, event_id: this.ids.next("event"), ...fields };
    this.#waiting.push({ tag: "event", event, turn });
  }

  /** `clientEventId` names the client's event that caused it, where it had a name. */
  error(error: ApiError, clientEventId: string | null): void {
    this.event("error", { error: { ...error, event_id: clientEventId } });
  }

  violation(error: ApiError): void {
    this.#waiting.push({ tag: "violation", error });
  }

  close(code: number, reason: string): void {
    this.#waiting.push({ tag: "close", code, reason });
  }

  take(): Out[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}

/** The eleven events a GA client may send (facts, 3.3). */
export const CLIENT_EVENTS = [
  "session.update",
  "input_audio_buffer.append",
  "input_audio_buffer.commit",
  "input_audio_buffer.clear",
  "output_audio_buffer.clear",
  "conversation.item.create",
  "conversation.item.delete",
  "conversation.item.retrieve",
  "conversation.item.truncate",
  "response.create",
  "response.cancel",
] as const;

/** The events this peer sends of its own accord. */
export const SERVER_EVENTS = [
  "error",
  "session.created",
  "session.updated",
  "conversation.created",
  "conversation.item.added",
  "conversation.item.done",
  "conversation.item.retrieved",
  "conversation.item.truncated",
  "conversation.item.deleted",
  "conversation.item.input_audio_transcription.delta",
  "conversation.item.input_audio_transcription.completed",
  "conversation.item.input_audio_transcription.failed",
  "input_audio_buffer.committed",
  "input_audio_buffer.cleared",
  "input_audio_buffer.speech_started",
  "input_audio_buffer.speech_stopped",
  "input_audio_buffer.timeout_triggered",
  "response.created",
  "response.done",
  "response.output_item.added",
  "response.output_item.done",
  "response.content_part.added",
  "response.content_part.done",
  "response.output_audio.delta",
  "response.output_audio.done",
  "response.output_audio_transcript.delta",
  "response.output_audio_transcript.done",
  "response.output_text.delta",
  "response.output_text.done",
  "response.function_call_arguments.delta",
  "response.function_call_arguments.done",
  "rate_limits.updated",
] as const;
