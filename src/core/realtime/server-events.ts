/**
 * What the Realtime server says to us: one decoder from a text frame to a closed union with our
 * own names. Invariant: it never throws; what it does not know is `ignored`, what it cannot use is
 * `malformed`, and nothing foreign passes this border unparsed. Both spellings of the audio events
 * are understood (GA `response.output_audio.*`, before it `response.audio.*`).
 */

import { oneLine } from "../fault.ts";
import { type Fields, fields, number, parseJson, record, text } from "../json.ts";
import { tooDear } from "../json-scan.ts";
import { type Transcribed, transcribedOf, type Usage, usageOf } from "./usage.ts";

export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  /** JSON as the model wrote it; may be anything. */
  readonly arguments: string;
}

/** A call of a remote server's tool (MCP), which the API makes by itself. */
export interface RemoteCall {
  readonly itemId: string;
  /** Label of the server and name of the tool: `docs.search`. */
  readonly name: string;
  /** The request that was approved for it; null: none was needed. */
  readonly requestId: string | null;
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
      /** Calls of remote tools that are to be approved first; their id is that of the request. */
      readonly requests: readonly ToolCall[];
      /** Something was called, by us or by the API: it is an answer of a kind, without sound, too. */
      readonly hasCalls: boolean;
      readonly usage: Usage | null;
    }
  /** The API asks a remote server what tools it has; and knows it, or could not. */
  | { readonly tag: "remote-listing"; readonly itemId: string; readonly label: string }
  | { readonly tag: "remote-listed"; readonly itemId: string; readonly ok: boolean }
  | { readonly tag: "remote-call"; readonly call: RemoteCall }
  | { readonly tag: "remote-done"; readonly itemId: string; readonly ok: boolean }
  /** The words of an item of the model's that has been said to its end. */
  | { readonly tag: "transcript"; readonly itemId: string; readonly text: string }
  /** The user's words were written down; what that took, where it says so. */
  | { readonly tag: "transcribed"; readonly usage: Transcribed | null }
  | { readonly tag: "error"; readonly error: ServerError }
  | { readonly tag: "ignored"; readonly type: string }
  | { readonly tag: "malformed"; readonly why: string };

/** The names that the server gives to things; its own have some thirty characters. */
export const ID_MAX_CHARS = 256;
/** Models, voices, error codes, functions: the longest that the API takes has 64. */
export const LABEL_MAX_CHARS = 100;
/** What a model writes for a call; cut, it is no JSON any more, and the call is answered so. */
export const ARGUMENTS_MAX_CHARS = 100_000;
/** Words of a minute of speech have some thousand characters. */
export const WORDS_MAX_CHARS = 50_000;

/** One text frame, understood. */
export function decode(frame: string): ServerEvent {
  return read(frame).event;
}

/** The same, with the name of the event; null where the server gives none. */
export function read(frame: string): {
  readonly event: ServerEvent;
  readonly eventId: string | null;
} {
  const value = parseJson(frame);
  const fieldsOf = record(value);
  return { event: decoded(frame, value), eventId: fieldsOf && id(fieldsOf, "event_id") };
}

function decoded(frame: string, value: unknown): ServerEvent {
  if (value === undefined) {
    const why = tooDear(frame) ?? "not JSON";
    return { tag: "malformed", why: `${why} (${frame.length} characters)` };
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
      const itemId = id(event, "item_id");
      return itemId === null ? null : { tag: "committed", itemId };
    }
    case "response.created": {
      const responseId = id(fields(event, "response"), "id");
      return responseId === null ? null : { tag: "response-created", responseId };
    }
    case "response.output_audio.delta":
    case "response.audio.delta":
      return audio(event);
    case "response.output_audio_transcript.done":
    case "response.audio_transcript.done": {
      const itemId = id(event, "item_id");
      const words = text(event, "transcript");
      return itemId === null || words === null
        ? null
        : { tag: "transcript", itemId, text: words.slice(0, WORDS_MAX_CHARS) };
    }
    case "conversation.item.input_audio_transcription.completed":
      return { tag: "transcribed", usage: transcribedOf(event["usage"]) };
    case "response.done":
      return responseDone(fields(event, "response"));
    case "error":
      return { tag: "error", error: serverError(fields(event, "error")) };
    default:
      return remote(type, event);
  }
}

/** What it says of the tools of remote servers. */
function remote(type: string, event: Fields): ServerEvent | null {
  switch (type) {
    case "conversation.item.added":
    case "conversation.item.created":
      // What was approved begins here, without a response.
      return (
        remoteListing(fields(event, "item")) ?? remoteCall(fields(event, "item")) ?? ignored(type)
      );
    case "mcp_list_tools.completed":
    case "mcp_list_tools.failed":
      return withId(event, (itemId) => ({
        tag: "remote-listed",
        itemId,
        ok: type === "mcp_list_tools.completed",
      }));
    case "response.output_item.added":
      return remoteCall(fields(event, "item")) ?? ignored(type);
    case "response.mcp_call.completed":
    case "response.mcp_call.failed":
      return withId(event, (itemId) => ({
        tag: "remote-done",
        itemId,
        ok: type === "response.mcp_call.completed",
      }));
    default:
      return ignored(type);
  }
}

function ignored(type: string): ServerEvent {
  return { tag: "ignored", type: oneLine(type, 80) };
}

function withId(event: Fields, make: (itemId: string) => ServerEvent): ServerEvent | null {
  const itemId = id(event, "item_id");
  return itemId === null ? null : make(itemId);
}

function remoteListing(item: Fields): ServerEvent | null {
  const itemId = id(item, "id");
  const server = label(item, "server_label");
  if (text(item, "type") !== "mcp_list_tools" || itemId === null || server === null) return null;
  return { tag: "remote-listing", itemId, label: server };
}

function remoteCall(item: Fields): ServerEvent | null {
  const itemId = id(item, "id");
  const name = remoteName(item);
  if (text(item, "type") !== "mcp_call" || itemId === null || name === null) return null;
  return { tag: "remote-call", call: { itemId, name, requestId: id(item, "approval_request_id") } };
}

function remoteName(item: Fields): string | null {
  const [server, name] = [label(item, "server_label"), label(item, "name")];
  return server === null || name === null ? null : oneLine(`${server}.${name}`, LABEL_MAX_CHARS);
}

function session(tag: "session-created" | "session-updated", event: Fields): ServerEvent {
  const its = fields(event, "session");
  const output = fields(fields(its, "audio"), "output");
  const input = fields(fields(its, "audio"), "input");
  const beta = fields(its, "input_audio_transcription");
  return {
    tag,
    sessionId: id(its, "id"),
    model: label(its, "model"),
    voice: label(output, "voice") ?? label(its, "voice"),
    expiresAtS: number(its, "expires_at"),
    transcriber: label(fields(input, "transcription"), "model") ?? label(beta, "model"),
  };
}

function withItem(
  event: Fields,
  msName: string,
  make: (itemId: string, ms: number) => ServerEvent,
): ServerEvent | null {
  const itemId = id(event, "item_id");
  const ms = number(event, msName);
  return itemId === null || ms === null ? null : make(itemId, ms);
}

function audio(event: Fields): ServerEvent | null {
  const responseId = id(event, "response_id");
  const itemId = id(event, "item_id");
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
  const responseId = id(response, "id");
  if (responseId === null) return null;
  const details = fields(response, "status_details");
  const error = record(details["error"]);
  return {
    tag: "response-done",
    responseId,
    status: statusOf(text(response, "status")),
    reason: label(details, "reason"),
    error: error === null ? null : serverError(error),
    ...calledIn(response["output"]),
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

function calledIn(output: unknown) {
  const items = Array.isArray(output) ? output.slice(0, CALLS_MAX).map((item) => record(item)) : [];
  const ofType = (type: string): readonly Fields[] =>
    items.flatMap((item) => (item !== null && text(item, "type") === type ? [item] : []));
  const calls = ofType("function_call").flatMap((call) => {
    return toolCall(id(call, "call_id"), label(call, "name"), call);
  });
  const requests = ofType("mcp_approval_request").flatMap((call) => {
    return toolCall(id(call, "id"), remoteName(call), call);
  });
  const hasRemote = ofType("mcp_call").length > 0;
  return { calls, requests, hasCalls: calls.length > 0 || requests.length > 0 || hasRemote };
}

function toolCall(callId: string | null, name: string | null, call: Fields): readonly ToolCall[] {
  if (callId === null || !name) return [];
  return [
    { callId, name, arguments: (text(call, "arguments") ?? "").slice(0, ARGUMENTS_MAX_CHARS) },
  ];
}

function serverError(error: Fields): ServerError {
  return {
    type: label(error, "type"),
    code: label(error, "code"),
    message: oneLine(text(error, "message") ?? "(no message)"),
    param: label(error, "param"),
    eventId: id(error, "event_id"),
  };
}

/** A name that we send back as it is; null when it cannot be one. */
function id(of: Fields, name: string): string | null {
  const value = text(of, name);
  return value === null || value.length > ID_MAX_CHARS ? null : value;
}

/** A word or two for people and for the record: one line, bounded; null where there is none. */
function label(of: Fields, name: string): string | null {
  const value = text(of, name);
  return value === null ? null : oneLine(value, LABEL_MAX_CHARS);
}
