/**
 * What a metrics file says that its conversation has cost, as a budget counts it. Files of every
 * schema are read: 2 says `assumed_cost`; 1 has `estimated_cost`, which is null where a price or a
 * bill was not known, and then its tokens count at the dearest prices there are.
 */

import { type Fields, fields, number, text } from "../json.ts";
import { NO_USAGE, TOKENS_MAX } from "../realtime/usage.ts";
import { assumedBillOf } from "./cost.ts";
import { NO_OVERRIDES } from "./prices.ts";

/** No conversation comes near: a file that says more was not written by Pipit. */
const COST_MAX_USD = 1_000;

/** Micro-dollars, at least 0. */
export function pastMicroUsd(file: Fields): number {
  const usd = number(file, "assumed_cost") ?? number(file, "estimated_cost");
  if (usd !== null && usd <= COST_MAX_USD) return Math.max(0, Math.round(usd * 1e6));
  const known = Math.min(number(file, "known_cost") ?? 0, COST_MAX_USD);
  return Math.max(0, Math.round(known * 1e6), byTokens(file));
}

function byTokens(file: Fields): number {
  const tokens = fields(file, "tokens");
  const count = (name: string): number =>
    Math.min(TOKENS_MAX, Math.max(0, Math.round(number(tokens, name) ?? 0)));
  const inputText = count("input_text");
  const inputAudio = count("input_audio");
  const usage = {
    ...NO_USAGE,
    inputText,
    inputAudio,
    inputImage: count("input_image"),
    cachedText: Math.min(inputText, count("cached_text")),
    cachedAudio: Math.min(inputAudio, count("cached_audio")),
    outputText: count("output_text"),
    outputAudio: count("output_audio"),
  };
  return assumedBillOf(usage, text(file, "model") ?? "", NO_OVERRIDES).totalMicroUsd;
}
