/**
 * The removed beta dialect (`OpenAI-Beta: realtime=v1`) as a translation at the edge: client events
 * of the beta become GA events, GA server events become those the beta sent, or nothing.
 * The conversation behind it knows only GA. Pure.
 */

import {
  isObject,
  type JsonObject,
  type JsonValue,
  listAt,
  objectAt,
  textAt,
  without,
} from "./json.ts";
import type { ServerEvent } from "./wire.ts";

type Fields = { [key: string]: JsonValue };

/** Default of the beta's `temperature`. */
const TEMPERATURE = 0.8;

const FORMATS: Readonly<Record<string, JsonObject>> = {
  pcm16: { type: "audio/pcm", rate: 24_000 },
  g711_ulaw: { type: "audio/pcmu" },
  g711_alaw: { type: "audio/pcma" },
};

function gaFormat(name: JsonValue): JsonValue {
  return FORMATS[String(name)] ?? name;
}

function betaFormat(format: JsonValue | undefined): JsonValue {
  const type = textAt(format, "type");
  const found = Object.entries(FORMATS).find(([, value]) => value["type"] === type);
  return found?.[0] ?? "pcm16";
}

/** A beta client event in GA form. */
export function gaClientEvent(event: JsonObject): JsonObject {
  const kept = event["previous_item_id"] === null ? without(event, "previous_item_id") : event;
  switch (event["type"]) {
    case "session.update":
      return { ...kept, session: gaSession(objectAt(event, "session")) };
    case "conversation.item.create":
      return { ...kept, item: gaItem(objectAt(event, "item")) };
    case "response.create":
      return event["response"] === undefined
        ? kept
        : { ...kept, response: gaParams(objectAt(event, "response")) };
    default:
      return kept;
  }
}

/** Where a beta session field stands in a GA session's `audio`. */
const AUDIO_FIELDS: Readonly<Record<string, readonly ["input" | "output", string]>> = {
  voice: ["output", "voice"],
  speed: ["output", "speed"],
  output_audio_format: ["output", "format"],
  input_audio_format: ["input", "format"],
  input_audio_transcription: ["input", "transcription"],
  input_audio_noise_reduction: ["input", "noise_reduction"],
  turn_detection: ["input", "turn_detection"],
};

function gaSession(session: JsonObject): JsonObject {
  return { type: "realtime", ...gaParams(session) };
}

/** Session and response parameters: the same names in both. */
function gaParams(params: JsonObject): JsonObject {
  const result: Fields = {};
  const audio: { input: Fields; output: Fields } = { input: {}, output: {} };
  for (const [key, value] of Object.entries(params)) {
    const place = AUDIO_FIELDS[key];
    if (place !== undefined) {
      audio[place[0]][place[1]] = key.endsWith("_format") ? gaFormat(value) : value;
    } else if (key === "modalities") {
      const audible = Array.isArray(value) && value.includes("audio");
      result["output_modalities"] = audible ? ["audio"] : ["text"];
    } else if (key === "max_response_output_tokens") {
      result["max_output_tokens"] = value;
    } else if (key === "input" && Array.isArray(value)) {
      result["input"] = value.map((item) => (isObject(item) ? gaItem(item) : item));
    } else {
      result[key] = value;
    }
  }
  const sides = Object.entries(audio).filter(([, fields]) => Object.keys(fields).length > 0);
  return sides.length === 0 ? result : { ...result, audio: Object.fromEntries(sides) };
}

function gaItem(item: JsonObject): JsonObject {
  const assistant = item["role"] === "assistant";
  return assistant ? withContent(item, { text: "output_text", audio: "output_audio" }) : item;
}

function betaItem(item: JsonObject): JsonObject {
  return withContent(item, { output_text: "text", output_audio: "audio" });
}

function withContent(item: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  if (item["content"] === undefined) return item;
  const content = listAt(item, "content").map((part) => {
    const name = names[textAt(part, "type") ?? ""];
    return isObject(part) && name !== undefined ? { ...part, type: name } : part;
  });
  return { ...item, content };
}

const RENAMED: readonly (readonly [string, string])[] = [
  ["response.output_audio_transcript.", "response.audio_transcript."],
  ["response.output_audio.", "response.audio."],
  ["response.output_text.", "response.text."],
];

/** A GA server event as the beta said it; null where the beta said nothing. */
export function betaServerEvent(event: ServerEvent): ServerEvent | null {
  for (const [ga, beta] of RENAMED) {
    if (event.type.startsWith(ga)) return { ...event, type: event.type.replace(ga, beta) };
  }
  switch (event.type) {
    case "session.created":
    case "session.updated":
      return { ...event, session: betaSession(objectAt(event, "session")) };
    case "conversation.item.added": {
      const item = betaItem(objectAt(event, "item"));
      const previous = event["previous_item_id"] ?? null;
      return { ...event, type: "conversation.item.created", previous_item_id: previous, item };
    }
    case "conversation.item.done":
    case "input_audio_buffer.timeout_triggered":
      return null;
    case "conversation.item.retrieved":
    case "response.output_item.added":
    case "response.output_item.done":
      return { ...event, item: betaItem(objectAt(event, "item")) };
    case "response.function_call_arguments.done":
      return { ...without(event, "name"), type: event.type };
    case "response.created":
    case "response.done":
      return { ...event, response: betaResponse(objectAt(event, "response")) };
    default:
      return event;
  }
}

function betaSession(session: JsonObject): JsonObject {
  const input = objectAt(session, "audio", "input");
  const output = objectAt(session, "audio", "output");
  const detection = input["turn_detection"];
  const fields = without(session, "type", "audio", "output_modalities", "max_output_tokens");
  return {
    ...without(fields, "prompt", "include", "tracing", "truncation", "reasoning"),
    modalities: betaModalities(session),
    voice: output["voice"] ?? "alloy",
    input_audio_format: betaFormat(input["format"]),
    output_audio_format: betaFormat(output["format"]),
    input_audio_transcription: input["transcription"] ?? null,
    input_audio_noise_reduction: input["noise_reduction"] ?? null,
    turn_detection: isObject(detection) ? without(detection, "idle_timeout_ms") : null,
    temperature: session["temperature"] ?? TEMPERATURE,
    max_response_output_tokens: session["max_output_tokens"] ?? "inf",
  };
}

function betaModalities(from: JsonObject): JsonValue {
  return listAt(from, "output_modalities").includes("audio") ? ["text", "audio"] : ["text"];
}

function betaResponse(response: JsonObject): JsonObject {
  const output = objectAt(response, "audio", "output");
  return {
    ...without(response, "audio", "output_modalities"),
    output: listAt(response, "output").map((item) => (isObject(item) ? betaItem(item) : item)),
    modalities: betaModalities(response),
    voice: output["voice"] ?? "alloy",
    output_audio_format: betaFormat(output["format"]),
    temperature: TEMPERATURE,
  };
}
