/**
 * What a response costs, from the tokens that the server reports. Money is counted in whole
 * micro-dollars: each part is rounded once, and from there on sums are exact. Cached tokens are a
 * subset of the input and priced as cached; reasoning is inside the text out, and priced there.
 */

import type { Prices } from "../models/catalogue.ts";
import type { Kinds, Transcribed, Usage } from "../realtime/usage.ts";
import type { KnownPrices } from "../settings/price-lines.ts";
import { DEAREST, NO_OVERRIDES, type PriceOverrides, pricesOf } from "./prices.ts";

/** Micro-dollars by what they were paid for. */
export type Parts = Kinds;

export const NO_PARTS: Parts = {
  inputText: 0,
  cachedText: 0,
  inputAudio: 0,
  cachedAudio: 0,
  inputImage: 0,
  cachedImage: 0,
  outputText: 0,
  outputAudio: 0,
};

export interface Bill {
  readonly parts: Parts;
  /** The sum of the parts. */
  readonly totalMicroUsd: number;
}

/** The bill at the model's prices, the owner's laid over the catalogue's; null: one is not known. */
export function billOf(
  usage: Usage,
  model: string,
  overrides: PriceOverrides = NO_OVERRIDES,
): Bill | null {
  return billAt(usage, pricesOf(model, overrides).prices);
}

/** What the budget counts for it: what is not known is taken for the dearest there is. */
export function assumedBillOf(usage: Usage, model: string, overrides: PriceOverrides): Bill {
  const prices = { ...DEAREST, ...pricesOf(model, overrides).prices };
  return billAt(usage, prices) ?? { parts: NO_PARTS, totalMicroUsd: 0 };
}

/** Dollars a million tokens are micro-dollars a token. Null: something is used whose price is not there. */
export function billAt(usage: Usage, prices: KnownPrices): Bill | null {
  const { cachedText, cachedAudio, cachedImage, outputText, outputAudio } = usage;
  const rows: readonly (readonly [keyof Parts, number, keyof Prices])[] = [
    ["inputText", usage.inputText - cachedText, "textIn"],
    ["cachedText", cachedText, "textCached"],
    ["inputAudio", usage.inputAudio - cachedAudio, "audioIn"],
    ["cachedAudio", cachedAudio, "audioCached"],
    ["inputImage", usage.inputImage - cachedImage, "imageIn"],
    ["cachedImage", cachedImage, "imageCached"],
    ["outputText", outputText, "textOut"],
    ["outputAudio", outputAudio, "audioOut"],
  ];
  const parts = { ...NO_PARTS };
  for (const [part, tokens, price] of rows) {
    if (tokens === 0) continue;
    const each = prices[price];
    if (each === undefined) return null;
    parts[part] = Math.round(tokens * each);
  }
  return { parts, totalMicroUsd: sumOf(parts) };
}

/** All parts together. */
export function sumOf(parts: Parts): number {
  return Object.values(parts).reduce((sum: number, part: number) => sum + part, 0);
}

/**
 * Micro-dollars for a transcription of the user's speech. The catalogue has no prices for it (no
 * source for them was at hand when it was compared): null, unless `budget.prices` names the model.
 */
export function transcriptionCost(
  used: Transcribed,
  model: string,
  overrides: PriceOverrides = NO_OVERRIDES,
): number | null {
  const prices = overrides.get(model);
  return prices === undefined ? null : transcriptionAt(used, prices);
}

/** The same for the budget: unknown, it counts as sound that the dearest model listened to. */
export function assumedTranscriptionCost(
  used: Transcribed,
  model: string,
  overrides: PriceOverrides,
): number {
  const perMinute = (60 * USER_TOKENS_PER_S * DEAREST.audioIn) / 1e6;
  const prices = { ...DEAREST, perMinute, ...overrides.get(model) };
  return transcriptionAt(used, prices) ?? 0;
}

/** A rule of thumb for text that a response reads: the instructions and the tools. */
export const CHARS_PER_TOKEN = 4;

/** The user's sound is one token for 100 ms, the assistant's one for 50 (the API's guide to costs). */
export const USER_TOKENS_PER_S = 10;
export const ASSISTANT_TOKENS_PER_S = 20;

function transcriptionAt(used: Transcribed, prices: KnownPrices): number | null {
  const rows: readonly (readonly [number, number | undefined])[] = [
    [used.inputText, prices.textIn],
    [used.inputAudio, prices.audioIn],
    [used.outputText, prices.textOut],
    [used.seconds, prices.perMinute === undefined ? undefined : (prices.perMinute * 1e6) / 60],
  ];
  let microUsd = 0;
  for (const [amount, each] of rows) {
    if (amount === 0) continue;
    if (each === undefined) return null;
    microUsd += Math.round(amount * each);
  }
  return microUsd;
}
