/**
 * What the published schema is too lax about: ranges, base64, images, names (facts, schemas/README).
 * Pure: a client event in GA form in, the first thing wrong with it out, or null.
 */

import type { JsonObject, JsonValue } from "./json.ts";
import { isObject, listAt, numberAt, objectAt, textAt } from "./json.ts";
import { pictureProblem } from "./pictures.ts";
import type { ApiError } from "./wire.ts";
import { invalid } from "./wire.ts";

/** Largest audio of one append, bytes (facts, 3.6: 15 MiB). */
export const APPEND_MAX_BYTES = 15 * 1024 * 1024;
/** Largest `max_output_tokens` the reference names; above it there is only "inf". */
const OUTPUT_TOKENS_MAX = 4096;
const FUNCTION_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

export interface CheckFacts {
  /** The model takes `reasoning` and `parallel_tool_calls` (2, 2.1 and 2.1-mini). */
  readonly reasoning: boolean;
}

export function valueProblem(event: JsonObject, facts: CheckFacts): ApiError | null {
  switch (event["type"]) {
    case "session.update":
      return sessionProblem(objectAt(event, "session"), facts);
    case "input_audio_buffer.append":
      return audioProblem(textAt(event, "audio") ?? "");
    case "conversation.item.create":
      return itemProblem(objectAt(event, "item"), "item");
    case "conversation.item.truncate":
      return truncateProblem(event);
    case "response.create":
      return responseProblem(objectAt(event, "response"), facts);
    default:
      return null;
  }
}

function bad(value: JsonValue | undefined, rule: string, param: string): ApiError {
  const shown = JSON.stringify(value ?? null);
  return invalid("invalid_value", `Invalid value: ${shown}. ${rule}`, param);
}

function outside(
  object: JsonObject,
  key: string,
  range: readonly [number, number],
  path: string,
): ApiError | null {
  const value = numberAt(object, key);
  if (value === null || (value >= range[0] && value <= range[1])) return null;
  return bad(value, `Expected a value from ${range[0]} to ${range[1]}.`, `${path}.${key}`);
}

function sessionProblem(session: JsonObject, facts: CheckFacts): ApiError | null {
  const path = "session.audio.input.turn_detection";
  const detection = objectAt(session, "audio", "input", "turn_detection");
  return (
    outside(detection, "threshold", [0, 1], path) ??
    outside(detection, "prefix_padding_ms", [0, 10_000], path) ??
    outside(detection, "silence_duration_ms", [0, 60_000], path) ??
    generationProblem(session, "session", facts)
  );
}

function responseProblem(response: JsonObject, facts: CheckFacts): ApiError | null {
  const conversation = response["conversation"];
  if (conversation !== undefined && conversation !== "auto" && conversation !== "none") {
    return bad(conversation, "Supported values are: 'auto' and 'none'.", "response.conversation");
  }
  for (const [index, item] of listAt(response, "input").entries()) {
    const path = `response.input[${index}]`;
    const problem = isObject(item) ? itemProblem(item, path) : null;
    if (problem !== null) return problem;
  }
  return generationProblem(response, "response", facts);
}

/** What a session and one response have in common. */
function generationProblem(params: JsonObject, path: string, facts: CheckFacts): ApiError | null {
  const modalities = params["output_modalities"];
  if (Array.isArray(modalities) && modalities.length !== 1) {
    const rule = "Supported combinations are: ['text'] and ['audio'].";
    return bad(modalities, rule, `${path}.output_modalities`);
  }
  for (const key of ["reasoning", "parallel_tool_calls"]) {
    if (params[key] === undefined || facts.reasoning) continue;
    // The real code is not documented; clients leave these out for older models.
    const message = `Unsupported parameter: '${path}.${key}' is not supported with this model.`;
    return invalid("unsupported_parameter", message, `${path}.${key}`);
  }
  return (
    outside(params, "max_output_tokens", [1, OUTPUT_TOKENS_MAX], path) ??
    toolsProblem(listAt(params, "tools"), `${path}.tools`)
  );
}

function toolsProblem(tools: readonly JsonValue[], path: string): ApiError | null {
  const names = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    const at = `${path}[${index}]`;
    if (textAt(tool, "type") === "mcp") {
      if (textAt(tool, "server_label") === null) return missing(`${at}.server_label`);
      continue;
    }
    const name = textAt(tool, "name");
    if (name === null) return missing(`${at}.name`);
    if (!FUNCTION_NAME.test(name)) {
      return bad(name, "Expected letters, digits, '_' and '-', at most 64.", `${at}.name`);
    }
    if (names.has(name)) return bad(name, "Tool names must be unique.", `${at}.name`);
    names.add(name);
  }
  return null;
}

function missing(path: string): ApiError {
  return invalid("missing_required_parameter", `Missing required parameter: '${path}'.`, path);
}

function itemProblem(item: JsonObject, path: string): ApiError | null {
  for (const [index, part] of listAt(item, "content").entries()) {
    const problem = isObject(part) ? partProblem(part, `${path}.content[${index}]`) : null;
    if (problem !== null) return problem;
  }
  return null;
}

function partProblem(part: JsonObject, path: string): ApiError | null {
  const type = textAt(part, "type");
  if (type === null) return missing(`${path}.type`);
  if (type === "input_text" || type === "output_text") {
    return textAt(part, "text") === null ? missing(`${path}.text`) : null;
  }
  if (type === "output_audio") {
    // Assistant sound cannot be put back; clients that tried were asked for text.
    return missing(`${path}.text`);
  }
  if (type === "input_audio") {
    const audio = textAt(part, "audio");
    return audio === null ? missing(`${path}.audio`) : audioProblem(audio, `${path}.audio`);
  }
  const url = textAt(part, "image_url") ?? "";
  const shown = `${url.slice(0, 30)}${url.length > 30 ? "..." : ""}`;
  const rule = pictureProblem(url);
  return rule === null ? null : bad(shown, rule, `${path}.image_url`);
}

/** Standard base64 of whole 16-bit samples. */
export function audioProblem(audio: string, param = "audio"): ApiError | null {
  if (audio.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(audio)) {
    return invalid("invalid_value", `Invalid '${param}'. Expected base64-encoded audio.`, param);
  }
  const padding = audio.endsWith("==") ? 2 : audio.endsWith("=") ? 1 : 0;
  const bytes = (audio.length / 4) * 3 - padding;
  if (bytes === 0) return invalid("invalid_value", `Invalid '${param}'. It is empty.`, param);
  if (bytes % 2 !== 0) {
    return invalid("invalid_value", `Invalid '${param}'. ${bytes} bytes are not whole samples.`);
  }
  if (bytes > APPEND_MAX_BYTES) {
    return invalid("invalid_value", `Invalid '${param}'. More than 15 MiB in one event.`, param);
  }
  return null;
}

function truncateProblem(event: JsonObject): ApiError | null {
  const endMs = numberAt(event, "audio_end_ms") ?? 0;
  if (endMs < 0) return bad(endMs, "Expected a value of at least 0.", "audio_end_ms");
  const index = numberAt(event, "content_index") ?? 0;
  return index === 0 ? null : bad(index, "Expected 0.", "content_index");
}
