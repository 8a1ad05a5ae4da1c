/**
 * What Home Assistant answers, in words for the model. Its own words are Python's: read aloud, nobody
 * understands them.
 */

import { oneLine } from "../fault.ts";
import { unmarked } from "../functions/fence.ts";
import { foreignText, foreignWords, type ToolResult } from "../functions/result.ts";
import { type Fields, fields, parseJson, record, text } from "../json.ts";
import { contentText } from "../mcp/messages.ts";
import { type Trouble, troubleResult } from "../mcp/trouble.ts";

/** Why no device matched: the name in its library, and a sentence. */
const REASONS: Readonly<Record<string, string>> = {
  NAME: "There is no device by that name",
  AREA: "There is nothing of the kind in that area",
  INVALID_AREA: "There is no such area",
  FLOOR: "There is nothing of the kind on that floor",
  INVALID_FLOOR: "There is no such floor",
  DOMAIN: "There is no such kind of device there",
  DEVICE_CLASS: "There is no such kind of device there",
  FEATURE: "The device cannot do that",
  STATE: "No device is in that state",
  ASSISTANT:
    "The device is not exposed to voice assistants; its owner can do that in Home Assistant's settings, under Voice assistants",
  MULTIPLE_TARGETS: "Several devices fit: ask which one",
  DUPLICATE_NAME: "Several devices have that name: ask in which room",
};

export function homeResult(result: Fields, maxBytes: number): ToolResult {
  const words = contentText(result);
  if (result["isError"] === true) return { ok: false, error: failureOf(words) };
  const answer = record(parseJson(words));
  if (answer === null) return words === "" ? DONE : foreignText(words, maxBytes);
  if (answer["success"] === false) {
    return { ok: false, error: failureOf(text(answer, "error") ?? "") };
  }
  if (answer["response_type"] !== undefined) return actionResult(answer, maxBytes);
  const told = answer["result"];
  return foreignText(typeof told === "string" ? told : words, maxBytes);
}

const DONE: ToolResult = { ok: true, data: { done: true } };

/** Why it was not done, of a text of Home Assistant's. */
export function failureOf(words: string): string {
  const reason = /MatchFailedReason\.([A-Z_]+)/.exec(words)?.[1];
  if (reason !== undefined) {
    return `${REASONS[reason] ?? "No device fits"}; nothing was done`;
  }
  if (/MatchFailedError/.test(words)) return "No device fits; nothing was done";
  if (/coroutine|Traceback|<\w+(?:Error|Result)\b|object at 0x/.test(words)) {
    return "Home Assistant failed with an error of its own; nothing more is known";
  }
  const detail = foreignWords(words.replace(/^Error calling tool:\s*/, ""), ERROR_MAX_BYTES);
  return `Home Assistant reports a failure: ${detail}`;
}

const ERROR_MAX_BYTES = 512;

/** Which devices did it, and which did not. */
function actionResult(answer: Fields, maxBytes: number): ToolResult {
  const data = fields(answer, "data");
  const speech = text(fields(fields(answer, "speech"), "plain"), "speech");
  if (answer["response_type"] === "error") {
    return { ok: false, error: errorOf(text(data, "code") ?? "unknown", speech) };
  }
  const [done, failed] = [namesIn(data["success"]), namesIn(data["failed"])];
  if (failed.length > 0) {
    const which = failed.join(", ");
    if (done.length === 0) return { ok: false, error: `It did not work for: ${which}` };
    return { ok: true, data: { done, not_done: failed, note: "Tell the user which did not work" } };
  }
  if (speech !== null && speech !== "") return foreignText(speech, maxBytes);
  return done.length === 0 ? DONE : { ok: true, data: { done } };
}

/** Devices by name; the area is only where they are. */
function namesIn(list: unknown): readonly string[] {
  const items = Array.isArray(list) ? list.map((item) => record(item) ?? {}) : [];
  const devices = items.filter((item) => item["type"] !== "area" && item["type"] !== "floor");
  const named = devices.length > 0 ? devices : items;
  const names = named.slice(0, NAMES_MAX).flatMap((item) => text(item, "name") ?? []);
  return names.map((name) => unmarked(oneLine(name, NAME_MAX_CHARS)));
}

/** Devices that are named in a result. */
const NAMES_MAX = 40;
/** A name stands outside of the fence: too short for more than a name. */
const NAME_MAX_CHARS = 64;

/** The errors of whole sentences come with status 200. */
function errorOf(code: string, speech: string | null): string {
  const sentences: Readonly<Record<string, string>> = {
    no_intent_match: "Home Assistant has no sentence or automation that fits; nothing was done",
    no_valid_targets: "No device fits; nothing was done",
    failed_to_handle: "Home Assistant understood it, and could not do it",
  };
  const known = Object.hasOwn(sentences, code) ? sentences[code] : undefined;
  const told = known ?? "Home Assistant failed with an error of its own";
  return speech === null ? told : `${told}: ${foreignWords(speech, ERROR_MAX_BYTES)}`;
}

/** The answer of `/api/conversation/process`. */
export function sentenceResult(answer: unknown, maxBytes: number): ToolResult {
  const response = fields(record(answer) ?? {}, "response");
  if (response["response_type"] === undefined) {
    return { ok: false, error: "Home Assistant answered in a way that cannot be used" };
  }
  return actionResult(response, maxBytes);
}

export function homeTrouble(why: Trouble): ToolResult {
  if (why.status === 500) {
    return {
      ok: false,
      error:
        "Home Assistant could not use this call; most often an argument is missing: give name, or area with domain. Nothing was done",
    };
  }
  if (why.status === 504) {
    return {
      ok: false,
      error: "Home Assistant took too long: it is not known whether it was done",
    };
  }
  return troubleResult(why);
}
