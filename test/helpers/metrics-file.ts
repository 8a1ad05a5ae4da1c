/** The metrics file of one conversation: each field and what it may hold, and its sums against the peer's. */

import assert from "node:assert/strict";
import { type Fields, fields, number } from "../../src/core/json.ts";
import { type JsonObject, numberAt, objectAt, textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isNumber = (value: unknown): boolean => typeof value === "number" && value >= 0;
const isList = (value: unknown): boolean => Array.isArray(value);
const isTime = (value: unknown): boolean =>
  typeof value === "string" && new Date(value).toISOString() === value;
const orNull =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || is(value);
const each =
  (names: readonly string[], is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    typeof value === "object" &&
    value !== null &&
    new Set([...Object.keys(value), ...names]).size === names.length &&
    names.every((name) => Object.hasOwn(value, name)) &&
    Object.values(value).every(is);

const TOKENS = [
  ...["input_text", "input_audio", "input_image", "cached_text", "cached_audio", "cached_image"],
  ...["output_text", "output_audio", "reasoning"],
];
const AUDIO = ["sent_ms", "received_ms", "played_ms", "dropped_ms", "pre_roll_ms", "underruns"];
const COST = [...TOKENS.filter((kind) => kind !== "reasoning"), "transcription"];
const RESPONSES = ["completed", "cancelled", "incomplete", "failed", "unbilled"];
const SPREAD = ["p50", "p95", "max", "all"];

const isSpread = each(SPREAD, (value) => isList(value) || orNull(isNumber)(value));

const SCHEMA: Readonly<Record<string, (value: unknown) => boolean>> = {
  schema_version: (value) => value === 2,
  session_id: isText,
  started_at: isTime,
  ended_at: isTime,
  end_reason: isText,
  recovered: (value) => typeof value === "boolean",
  trigger: (value) => ["wake-word", "button", "command"].includes(String(value)),
  model: isText,
  model_requested: isText,
  fallbacks: isList,
  voice: isText,
  protocol: (value) => value === "ga" || value === "beta",
  turns: isNumber,
  wake_to_led_ms: orNull(isNumber),
  connection_latency_ms: orNull(isNumber),
  wake_to_listening_ms: orNull(isNumber),
  average_response_latency: orNull(isNumber),
  response_latency_ms: isSpread,
  commit_to_first_delta_ms: isSpread,
  delta_to_sound_ms: isSpread,
  press_to_silence_ms: isSpread,
  repeated_events: isNumber,
  response_by: each(["server", "client"], isNumber),
  responses: each(RESPONSES, isNumber),
  interruptions: isList,
  function_calls: isList,
  function_success_rate: orNull(isNumber),
  tokens: each(TOKENS, isNumber),
  transcription: (value) => value === null,
  cost: each(COST, isNumber),
  estimated_cost: orNull(isNumber),
  known_cost: isNumber,
  assumed_cost: isNumber,
  budget: (value) => value === null,
  price_table: isText,
  audio: each(AUDIO, isNumber),
  errors: isList,
};

/** Every field of the contract is there and of its kind, and no other. */
export function assertMetricsSchema(file: Fields): void {
  assert.deepEqual(new Set(Object.keys(file)), new Set(Object.keys(SCHEMA)));
  for (const [name, fits] of Object.entries(SCHEMA)) {
    assert.ok(fits(file[name]), `${name}: ${JSON.stringify(file[name])}`);
  }
}

/** Dollars a million tokens of gpt-realtime, as published: the file's tokens in this order. */
const PRICES = { text: 4, audio: 32, image: 5 };
const CACHED = { text: 0.4, audio: 0.4, image: 0.5 };
const OUTPUT = { text: 16, audio: 64 };

/** Tokens and dollars are the sums over the `usage` that the peer reported. */
export function assertUsageIsTrue(file: Fields, peer: Peer): void {
  const done = peer.events.flatMap(({ event }) =>
    textAt(event, "type") === "response.done" ? [objectAt(event, "response", "usage")] : [],
  );
  const sum = (...path: readonly string[]): number =>
    done.reduce((total: number, usage: JsonObject) => total + (numberAt(usage, ...path) ?? 0), 0);
  const input = (kind: string): number => sum("input_token_details", `${kind}_tokens`);
  const cached = (kind: string): number =>
    sum("input_token_details", "cached_tokens_details", `${kind}_tokens`);
  const output = (kind: string): number => sum("output_token_details", `${kind}_tokens`);
  const kinds = ["text", "audio", "image"] as const;
  let micro = 0;
  for (const kind of kinds) {
    assert.equal(number(fields(file, "tokens"), `input_${kind}`), input(kind));
    assert.equal(number(fields(file, "tokens"), `cached_${kind}`), cached(kind));
    micro += (input(kind) - cached(kind)) * PRICES[kind] + cached(kind) * CACHED[kind];
    if (kind === "image") continue;
    assert.equal(number(fields(file, "tokens"), `output_${kind}`), output(kind));
    micro += output(kind) * OUTPUT[kind];
  }
  const cost = number(file, "estimated_cost") ?? -1;
  assert.ok(Math.abs(cost - micro / 1e6) < done.length * 1e-6, `${cost} is not ${micro / 1e6}`);
  assert.ok(micro > 0, "something was reported");
}
