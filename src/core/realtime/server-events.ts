/**
 * What the Realtime server says to us: one decoder from a text frame to a closed union with our
 * own names. Invariant: it never throws; what it does not know is `ignored`, what it cannot use is
 * `malformed`, and nothing foreign passes this border unparsed. Both spellings of the audio events
 * are understood (GA `response.output_audio.*`, before it `response.audio.*`).
 */

import { oneLine } from "../fault.ts";
import { type Fields, fields, number, parseJson, record, text } from "../json.ts";
import { type Transcribed, transcribedOf, type Usage, usageOf } from "./usage.ts";

export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  /** JSON as the model wrote it; may be anything. */
  readonly arguments: string;
}

export type ResponseStatus = "completed" | "cancelled" | "incomplete" | "failed";

export interface ServerError {
  readonly type: string | null;
  readonly code: string | null;
  readonly message: string;
  /** The path of the field it is about, where the server says so. */
  readonly param: string | null;
  /** The client event it answers, where the server says so. */
  readonly eventId: string | null;
}

export type ServerEvent =
  | {
      readonly tag: "session-created" | "session-updated";
      readonly sessionId: string | null;
      readonly model: string | null;
      readonly voice: string | null;
      /** Seconds since 1970 at which the server will end the session. */
      readonly expiresAtS: number | null;
      /** The model that writes down what the user says, where one does. */
      readonly transcriber: string | null;
    }
  /** Milliseconds count the sound sent on this connection. */
  | { readonly tag: "speech-started"; readonly itemId: string; readonly startMs: number }
  | { readonly tag: "speech-stopped"; readonly itemId: string; readonly endMs: number }
  | { readonly tag: "committed"; readonly itemId: string }
  | { readonly tag: "response-created"; readonly responseId: string }
  | {
      readonly tag: "audio";
      readonly responseId: string;
      readonly itemId: string;
      readonly contentIndex: number;
      readonly base64: string;
    }
  | {
      readonly tag: "response-done";
      readonly responseId: string;
      readonly status: ResponseStatus;
      /** Why it is incomplete or cancelled, or the error of a failed one. */
      readonly reason: string | null;
      readonly error: ServerError | null;
      readonly calls: readonly ToolCall[];
      readonly usage: Usage | null;
    }
  /** The words of an item of the model's that has been said to its end. */
  | { readonly tag: "transcript"; readonly itemId: string; readonly text: string }
  /** The user's words were written down; what that took, where it says so. */
  | { readonly tag: "transcribed"; readonly usage: Transcribed | null }
  | { readonly tag: "error"; readonly error: ServerError }
  | { readonly tag: "ignored"; readonly type: string }
  | { readonly tag: "malformed"; readonly why: string };

/** One text frame, understood. */
export function decode(frame: string): ServerEvent {
  const value = parseJson(frame);
  if (value === undefined) {
    return { tag: "malformed", why: `not JSON (${frame.length} characters)` };
  }
  const event = record(value);
  const type = event && text(event, "type");
  if (!event || type === null) return { tag: "malformed", why: "no event type" };
  return understand(type, event) ?? { tag: "malformed", why: `${oneLine(type, 80)} lacks a field` };
}

/** Null where a field that we need is missing. */
function understand(type: string, event: Fields): ServerEvent | null {
  switch (type) {
    case "session.created":
      return session("session-created", event);
    case "session.updated":
      return session("session-updated", event);
    case "input_audio_buffer.speech_started":
      return withItem(event, "audio_start_ms", (itemId, startMs) => ({
        tag: "speech-started",
        itemId,
        startMs,
      }));
    case "input_audio_buffer.speech_stopped":
      return withItem(event, "audio_end_ms", (itemId, endMs) => ({
        tag: "speech-stopped",
        itemId,
        endMs,
      }));
    case "input_audio_buffer.committed": {
      const itemId = text(event, "item_id");
      return itemId === null ? null : { tag: "committed", itemId };
    }
    case "response.created": {
      const responseId = text(fields(event, "response"), "id");
      return responseId === null ? null : { tag: "response-created", responseId };
    }
    case "response.output_audio.delta":
    case "response.audio.delta":
      return audio(event);
    case "response.output_audio_transcript.done":
    case "response.audio_transcript.done": {
      const itemId = text(event, "item_id");
      const words = text(event, "transcript");
      return itemId === null || words === null ? null : { tag: "transcript", itemId, text: words };
    }
    case "conversation.item.input_audio_transcription.completed":
      return { tag: "transcribed", usage: transcribedOf(event["usage"]) };
    case "response.done":
      return responseDone(fields(event, "response"));
    case "error":
      return { tag: "error", error: serverError(fields(event, "error")) };
    default:
      return { tag: "ignored", type: oneLine(type, 80) };
  }
}

function session(tag: "session-created" | "session-updated", event: Fields): ServerEvent {
  const its = fields(event, "session");
  const output = fields(fields(its, "audio"), "output");
  const input = fields(fields(its, "audio"), "input");
  const beta = fields(its, "input_audio_transcription");
  return {
    tag,
    sessionId: text(its, "id"),
    model: text(its, "model"),
    voice: text(output, "voice") ?? text(its, "voice"),
    expiresAtS: number(its, "expires_at"),
    transcriber: text(fields(input, "transcription"), "model") ?? text(beta, "model"),
  };
}

function withItem(
  event: Fields,
  msName: string,
  make: (itemId: string, ms: number) => ServerEvent,
): ServerEvent | null {
  const itemId = text(event, "item_id");
  const ms = number(event, msName);
  return itemId === null || ms === null ? null : make(itemId, ms);
}

function audio(event: Fields): ServerEvent | null {
  const responseId = text(event, "response_id");
  const itemId = text(event, "item_id");
  const base64 = text(event, "delta");
  if (responseId === null || itemId === null || base64 === null) return null;
  return {
    tag: "audio",
    responseId,
    itemId,
    contentIndex: number(event, "content_index") ?? 0,
    base64,
  };
}

function responseDone(response: Fields): ServerEvent | null {
  const responseId = text(response, "id");
  if (responseId === null) return null;
  const details = fields(response, "status_details");
  const error = record(details["error"]);
  return {
    tag: "response-done",
    responseId,
    status: statusOf(text(response, "status")),
    reason: text(details, "reason"),
    error: error === null ? null : serverError(error),
    calls: callsOf(response["output"]),
    usage: usageOf(response["usage"]),
  };
}

/** A done response without a usable status counts as completed: its sound was already heard. */
function statusOf(status: string | null): ResponseStatus {
  return status === "cancelled" || status === "incomplete" || status === "failed"
    ? status
    : "completed";
}

/** Calls taken from one response at the most; the API documents no limit of its own. */
const CALLS_MAX = 32;

function callsOf(output: unknown): readonly ToolCall[] {
  if (!Array.isArray(output)) return [];
  const calls: ToolCall[] = [];
  for (const item of output.slice(0, CALLS_MAX)) {
    const call = record(item);
    const callId = call && text(call, "call_id");
    const name = call && text(call, "name");
    if (!call || text(call, "type") !== "function_call" || !callId || !name) continue;
    calls.push({ callId, name, arguments: text(call, "arguments") ?? "" });
  }
  return calls;
}

function serverError(error: Fields): ServerError {
  return {
    type: text(error, "type"),
    code: text(error, "code"),
    message: oneLine(text(error, "message") ?? "(no message)"),
    param: text(error, "param"),
    eventId: text(error, "event_id"),
  };
}
