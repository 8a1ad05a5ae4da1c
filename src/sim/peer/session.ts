/**
 * The session as the server keeps it: its defaults, and what a `session.update` makes of it.
 * An update is all or nothing: where one value cannot be had, everything stays as it was.
 */

import { isObject, type JsonObject, type JsonValue, objectAt, overlay, textAt } from "./json.ts";
import { type ApiError, invalid, type Result } from "./wire.ts";

/** The silence of the published `session.created` capture; the documents say 500. */
const SILENCE_MS = 200;

export interface SessionFacts {
  readonly id: string;
  readonly model: string;
  /** Seconds since 1970. */
  readonly expiresAtS: number;
  readonly voices: readonly string[];
  /** Laid over the defaults by the scenario. */
  readonly overrides: JsonObject;
}

const SERVER_VAD: JsonObject = {
  type: "server_vad",
  threshold: 0.5,
  prefix_padding_ms: 300,
  silence_duration_ms: SILENCE_MS,
  idle_timeout_ms: null,
  create_response: true,
  interrupt_response: true,
};

const SEMANTIC_VAD: JsonObject = {
  type: "semantic_vad",
  eagerness: "auto",
  create_response: true,
  interrupt_response: true,
};

export function defaultSession(facts: SessionFacts): JsonObject {
  const format = { type: "audio/pcm", rate: 24_000 };
  const session: JsonObject = {
    type: "realtime",
    object: "realtime.session",
    id: facts.id,
    model: facts.model,
    output_modalities: ["audio"],
    instructions: "You are a friendly assistant in a simulation.",
    tools: [],
    tool_choice: "auto",
    max_output_tokens: "inf",
    tracing: null,
    prompt: null,
    expires_at: facts.expiresAtS,
    audio: {
      input: {
        format,
        transcription: null,
        noise_reduction: null,
        turn_detection: SERVER_VAD,
      },
      output: { format, voice: facts.voices.includes("marin") ? "marin" : "alloy", speed: 1 },
    },
    include: null,
  };
  return overlay(session, facts.overrides);
}

export interface UpdateRules {
  readonly voices: readonly string[];
  /** The model has already answered with sound: its voice cannot change any more. */
  readonly spoken: boolean;
}

/** The session after `patch`, or why it is refused. */
export function updatedSession(
  session: JsonObject,
  patch: JsonObject,
  rules: UpdateRules,
): Result<JsonObject> {
  const error = refusal(session, patch, rules);
  if (error !== null) return { ok: false, error };
  const next: { [key: string]: JsonValue } = { ...session };
  for (const [key, value] of Object.entries(patch)) {
    next[key] = key === "audio" && isObject(value) ? mergedAudio(session, value) : value;
  }
  return { ok: true, value: next };
}

function mergedAudio(session: JsonObject, patch: JsonObject): JsonObject {
  const input = { ...objectAt(session, "audio", "input"), ...objectAt(patch, "input") };
  if (isObject(input["turn_detection"])) {
    const before = objectAt(session, "audio", "input", "turn_detection");
    input["turn_detection"] = mergedDetection(before, input["turn_detection"]);
  }
  const output = { ...objectAt(session, "audio", "output"), ...objectAt(patch, "output") };
  return { input, output };
}

/** What is not said keeps its value, unless the kind of detection changed. */
function mergedDetection(before: JsonObject, patch: JsonObject): JsonObject {
  if (before["type"] === patch["type"]) return { ...before, ...patch };
  const defaults = patch["type"] === "semantic_vad" ? SEMANTIC_VAD : SERVER_VAD;
  return { ...defaults, ...patch };
}

function refusal(session: JsonObject, patch: JsonObject, rules: UpdateRules): ApiError | null {
  const model = textAt(patch, "model");
  if (model !== null && model !== session["model"]) {
    return invalid("invalid_value", "The model of a session cannot be changed.", "session.model");
  }
  if (patch["type"] !== undefined && patch["type"] !== session["type"]) {
    return invalid(
      "invalid_value",
      `Passing a session of type '${String(patch["type"])}' is not possible here.`,
      "session.type",
    );
  }
  return formatRefusal(patch) ?? voiceRefusal(patch, rules) ?? lengthRefusal(session, patch);
}

/** What the API takes of instructions and functions together (community.openai.com/t/1378932). */
const TOLD_MAX_TOKENS = 16_384;
/** Of dense text; this peer counts on the safe side. */
const BYTES_PER_TOKEN = 3;

function lengthRefusal(session: JsonObject, patch: JsonObject): ApiError | null {
  const { instructions, tools } = { ...session, ...patch };
  const words = Buffer.byteLength(typeof instructions === "string" ? instructions : "");
  const functions = Buffer.byteLength(JSON.stringify(tools ?? []));
  if (words + functions <= TOLD_MAX_TOKENS * BYTES_PER_TOKEN) return null;
  const message = `Instructions cannot be longer than ${TOLD_MAX_TOKENS} tokens.`;
  return invalid("invalid_value", message, "session.instructions");
}

/** The one limit of this peer that the real one does not have. */
function formatRefusal(patch: JsonObject): ApiError | null {
  for (const side of ["input", "output"]) {
    const format = textAt(patch, "audio", side, "format", "type");
    if (format !== null && format !== "audio/pcm") {
      return invalid(
        "invalid_value",
        `Invalid value: '${format}'. The simulated peer speaks 'audio/pcm' only.`,
        `session.audio.${side}.format.type`,
      );
    }
  }
  return null;
}

function voiceRefusal(patch: JsonObject, rules: UpdateRules): ApiError | null {
  const output = objectAt(patch, "audio", "output");
  if (output["voice"] === undefined) return null;
  if (rules.spoken) {
    // Even the same voice again has been refused (openai-agents-python#1661).
    const message = "Cannot update a conversation's voice if assistant audio is present.";
    return invalid("cannot_update_voice", message);
  }
  const voice = textAt(output, "voice");
  if (voice === null || rules.voices.includes(voice)) return null;
  const names = rules.voices.map((name) => `'${name}'`).join(", ");
  const message = `Invalid value: '${voice}'. Supported values are: ${names}.`;
  return invalid("invalid_value", message, "session.audio.output.voice");
}

/** How turns of the user are found, read from a session. */
export interface TurnDetection {
  readonly threshold: number;
  readonly prefixMs: number;
  readonly silenceMs: number;
  readonly createResponse: boolean;
  readonly interruptResponse: boolean;
  readonly idleTimeoutMs: number | null;
}

/**
 * What semantic_vad waits for in this peer, which understands nothing: a plain silence, the more
 * eager the shorter. The real one waits at most 8, 4 and 2 s, and much less after a whole sentence.
 */
const EAGERNESS_MS: Readonly<Record<string, number>> = { low: 1200, medium: 700, high: 350 };

/** Null when the client commits by itself. */
export function turnDetection(session: JsonObject): TurnDetection | null {
  const input = objectAt(session, "audio", "input");
  const detection = input["turn_detection"];
  if (!isObject(detection)) return null;
  const number = (key: string, absent: number): number => {
    const value = detection[key];
    return typeof value === "number" ? value : absent;
  };
  const semantic = detection["type"] === "semantic_vad";
  const eager = EAGERNESS_MS[textAt(detection, "eagerness") ?? ""] ?? EAGERNESS_MS["medium"] ?? 0;
  const idle = detection["idle_timeout_ms"];
  return {
    threshold: number("threshold", 0.5),
    prefixMs: number("prefix_padding_ms", 300),
    silenceMs: semantic ? eager : number("silence_duration_ms", SILENCE_MS),
    createResponse: detection["create_response"] !== false,
    interruptResponse: detection["interrupt_response"] !== false,
    idleTimeoutMs: typeof idle === "number" ? idle : null,
  };
}
