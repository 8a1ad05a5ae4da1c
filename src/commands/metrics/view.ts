/**
 * One metrics file as the report sees it: schema 1 and 2, whatever is absent or of another kind is
 * null, never 0. Foreign data is read here and nowhere behind.
 *
 * Invariant: any JSON at all gives an answer; nothing throws, and every text and list is bounded.
 */

import { oneLine } from "../../core/fault.ts";
import { type Fields, fields, number, record, text } from "../../core/json.ts";
import { ANNOUNCEMENT } from "../../core/metrics/session-file.ts";
import { NO_USAGE, type Usage } from "../../core/realtime/usage.ts";
import { epochOf } from "./time.ts";

/** The newest schema whose fields are known here; what a later one means, only a later Pipit knows. */
export const SCHEMA_KNOWN_MAX = 2;
/** Times of one list that are kept; a conversation has a few dozen answers at most. */
const TIMES_MAX = 1_000;
const TEXT_MAX_CHARS = 80;

/** The parts of a bill, in the order in which they are shown; cached is what the input had before. */
export const COST_PARTS = [
  "input_text",
  "input_audio",
  "input_image",
  "cached_text",
  "cached_audio",
  "cached_image",
  "output_text",
  "output_audio",
  "transcription",
] as const;
export type CostPart = (typeof COST_PARTS)[number];
/** Micro-dollars for each part. */
export type CostParts = Readonly<Record<CostPart, number>>;

export interface Cost {
  /** Micro-dollars that are certain; null when the file says nothing of the kind. */
  readonly knownMicroUsd: number | null;
  /** Is that all? False where a price or a bill was not known. */
  readonly isWhole: boolean;
  /** Null in files of schema 1. */
  readonly parts: CostParts | null;
}

export interface SessionView {
  readonly id: string;
  readonly schema: number;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly endReason: string | null;
  readonly trigger: string | null;
  readonly model: string | null;
  readonly modelRequested: string | null;
  readonly voice: string | null;
  readonly protocol: string | null;
  /** The process ended in mid-conversation. */
  readonly recovered: boolean;
  readonly fallbacks: number | null;
  readonly turns: number | null;
  /** For each answer: end of the user's speech to the first sample at the speaker, milliseconds. */
  readonly responseMs: readonly number[];
  readonly connectionMs: number | null;
  readonly wakeToLedMs: number | null;
  readonly wakeToListeningMs: number | null;
  readonly interruptions: number | null;
  readonly calls: number | null;
  readonly callsOk: number | null;
  readonly usage: Usage | null;
  readonly cost: Cost;
  readonly underruns: number | null;
  readonly droppedMs: number | null;
  readonly errors: number | null;
  /** The first of them, in words. */
  readonly errorList: readonly ErrorView[];
  /** For each answer: the turn is committed to the first sound that arrives; milliseconds. */
  readonly modelMs: readonly number[];
  /** For each reply: its first sound arrives to the first sample at the speaker; milliseconds. */
  readonly oursMs: readonly number[];
}

/** What `pipit say` had read out costs money, and is no conversation. */
export function isConversation({ trigger }: Pick<SessionView, "trigger">): boolean {
  return trigger !== ANNOUNCEMENT;
}

export interface ErrorView {
  readonly code: string;
  readonly message: string;
  /** Milliseconds since 1970; null where the file does not tell. */
  readonly atMs: number | null;
}

export type Reading = SessionView | "broken" | "newer";

/** What a parsed metrics file says. Broken: no object, no version, or no time of its beginning. */
export function readSession(json: unknown): Reading {
  const file = record(json);
  if (file === null) return "broken";
  const schema = number(file, "schema_version");
  if (schema === null || schema < 1 || !Number.isInteger(schema)) return "broken";
  if (schema > SCHEMA_KNOWN_MAX) return "newer";
  const startedMs = epochOf(text(file, "started_at") ?? "");
  if (startedMs === null) return "broken";
  const endedMs = epochOf(text(file, "ended_at") ?? "");
  return {
    id: short(file, "session_id") ?? "",
    schema,
    startedMs,
    // Clocks are set while a conversation runs; a length below 0 is none.
    endedMs: endedMs !== null && endedMs >= startedMs ? endedMs : null,
    endReason: short(file, "end_reason"),
    trigger: short(file, "trigger"),
    model: short(file, "model"),
    modelRequested: short(file, "model_requested"),
    voice: short(file, "voice"),
    protocol: short(file, "protocol"),
    recovered: file["recovered"] === true,
    fallbacks: lengthOf(file, "fallbacks"),
    turns: count(file, "turns"),
    ...latenciesOf(file),
    interruptions: lengthOf(file, "interruptions"),
    ...callsOf(file["function_calls"]),
    usage: usageOf(record(file["tokens"])),
    cost: costOf(file),
    underruns: count(fields(file, "audio"), "underruns"),
    droppedMs: count(fields(file, "audio"), "dropped_ms"),
    errors: lengthOf(file, "errors"),
    errorList: errorsOf(file["errors"]),
    modelMs: times(file, "commit_to_first_delta_ms"),
    oursMs: times(file, "delta_to_sound_ms"),
  };
}

const NO_ERRORS: readonly ErrorView[] = [];
/** Errors of one conversation that are told; more are counted. */
const ERRORS_MAX = 10;
const MESSAGE_MAX_CHARS = 200;

function errorsOf(list: unknown): readonly ErrorView[] {
  if (!Array.isArray(list) || list.length === 0) return NO_ERRORS;
  return list.slice(0, ERRORS_MAX).flatMap((one: unknown) => {
    const error = record(one);
    if (error === null) return [];
    const message = (text(error, "message") ?? "").slice(0, 4 * MESSAGE_MAX_CHARS);
    return [
      {
        code: short(error, "code") ?? "unknown",
        message: oneLine(message, MESSAGE_MAX_CHARS),
        atMs: epochOf(text(error, "at") ?? ""),
      },
    ];
  });
}

function latenciesOf(file: Fields) {
  const each = times(file, "response_latency_ms");
  const mean = count(file, "average_response_latency");
  return {
    // Without the list, the mean is all that is left of the answers.
    responseMs: each.length === 0 && mean !== null ? [mean] : each,
    connectionMs: count(file, "connection_latency_ms"),
    wakeToLedMs: count(file, "wake_to_led_ms"),
    wakeToListeningMs: count(file, "wake_to_listening_ms"),
  };
}

const NO_TIMES: readonly number[] = [];

/** The list `all` of a latency. */
function times(file: Fields, name: string): readonly number[] {
  const all = fields(file, name)["all"];
  if (!Array.isArray(all) || all.length === 0) return NO_TIMES;
  const some: readonly unknown[] = all.length > TIMES_MAX ? all.slice(0, TIMES_MAX) : all;
  return some.every(isCount) ? some : some.filter(isCount);
}

function callsOf(calls: unknown): Pick<SessionView, "calls" | "callsOk"> {
  if (!Array.isArray(calls)) return { calls: null, callsOk: null };
  let callsOk = 0;
  for (const call of calls) if (record(call)?.["ok"] === true) callsOk++;
  return { calls: calls.length, callsOk };
}

function usageOf(tokens: Fields | null): Usage | null {
  if (tokens === null) return null;
  const of = (name: string): number => count(tokens, name) ?? 0;
  const [inputText, inputAudio] = [of("input_text"), of("input_audio")];
  const inputImage = of("input_image");
  return {
    ...NO_USAGE,
    inputText,
    inputAudio,
    inputImage,
    cachedText: Math.min(inputText, of("cached_text")),
    cachedAudio: Math.min(inputAudio, of("cached_audio")),
    cachedImage: Math.min(inputImage, of("cached_image")),
    outputText: of("output_text"),
    outputAudio: of("output_audio"),
  };
}

/** Schema 1 has the estimate alone; null there means that the model's prices were not known. */
function costOf(file: Fields): Cost {
  const estimated = microUsd(file, "estimated_cost");
  const parts = record(file["cost"]);
  return {
    knownMicroUsd: microUsd(file, "known_cost") ?? estimated,
    isWhole: estimated !== null,
    parts: parts === null ? null : partsOf(parts),
  };
}

function partsOf(parts: Fields): CostParts {
  const of = (name: CostPart): number => microUsd(parts, name) ?? 0;
  return {
    input_text: of("input_text"),
    input_audio: of("input_audio"),
    input_image: of("input_image"),
    cached_text: of("cached_text"),
    cached_audio: of("cached_audio"),
    cached_image: of("cached_image"),
    output_text: of("output_text"),
    output_audio: of("output_audio"),
    transcription: of("transcription"),
  };
}

function microUsd(of: Fields, name: string): number | null {
  const usd = count(of, name);
  return usd === null ? null : Math.round(usd * 1_000_000);
}

/** Numbers beyond this are no measurement, and would spoil every sum they enter. */
const COUNT_MAX = 1e12;

function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= COUNT_MAX;
}

function count(of: Fields, name: string): number | null {
  const value = number(of, name);
  return isCount(value) ? value : null;
}

function lengthOf(of: Fields, name: string): number | null {
  const value = of[name];
  return Array.isArray(value) ? value.length : null;
}

/** What needs no making fit, as nearly all that there is. */
const PLAIN = /^[\w.:-]{0,80}$/;

/** Made fit for a line: model names are foreign text. */
function short(of: Fields, name: string): string | null {
  const value = text(of, name);
  if (value === null || PLAIN.test(value)) return value;
  return oneLine(value.slice(0, 4 * TEXT_MAX_CHARS), TEXT_MAX_CHARS);
}
