/**
 * The cost of one conversation: what has been used, what it costs as far as that is known, and what
 * the budget counts for it. Invariant: `knownMicroUsd` is the sum of the parts and the transcription;
 * `assumedMicroUsd` is never below it, and equal to it while everything is known.
 */

import { CATALOGUE_DATE } from "../models/catalogue.ts";
import {
  addKinds,
  addTranscribed,
  addUsage,
  NO_USAGE,
  type Transcribed,
  type Usage,
} from "../realtime/usage.ts";
import {
  assumedBillOf,
  assumedTranscriptionCost,
  billOf,
  NO_PARTS,
  type Parts,
  transcriptionCost,
} from "./cost.ts";
import { type PriceOverrides, pricesOf } from "./prices.ts";

export interface ConversationCost {
  readonly usage: Usage;
  readonly parts: Parts;
  /** Null: nothing was transcribed. `microUsd`: as far as its price is known. */
  readonly transcription:
    | (Transcribed & { readonly model: string; readonly microUsd: number })
    | null;
  /** Micro-dollars, all three. Null: a price or a bill is not known. */
  readonly estimatedMicroUsd: number | null;
  readonly knownMicroUsd: number;
  readonly assumedMicroUsd: number;
  /** Responses that ended without a usage that could be read. */
  readonly unbilled: number;
  /** A price of the owner's was used. */
  readonly own: boolean;
}

export const EMPTY_COST: ConversationCost = {
  usage: NO_USAGE,
  parts: NO_PARTS,
  transcription: null,
  estimatedMicroUsd: 0,
  knownMicroUsd: 0,
  assumedMicroUsd: 0,
  unbilled: 0,
  own: false,
};

/** A response, with its bill. */
export function addResponse(
  conversationCost: ConversationCost,
  usage: Usage,
  model: string,
  overrides: PriceOverrides,
): ConversationCost {
  const bill = billOf(usage, model, overrides);
  const assumed = (bill ?? assumedBillOf(usage, model, overrides)).totalMicroUsd;
  const all = { ...conversationCost, usage: addUsage(conversationCost.usage, usage) };
  if (bill === null) return { ...all, ...money(conversationCost, null, assumed) };
  const own = conversationCost.own || pricesOf(model, overrides).own;
  return {
    ...all,
    parts: addKinds(conversationCost.parts, bill.parts),
    own,
    ...money(conversationCost, assumed, assumed),
  };
}

/** A response whose bill was not seen; `guess` is what it may have used. */
export function addUnbilled(
  conversationCost: ConversationCost,
  guess: Usage,
  model: string,
  overrides: PriceOverrides,
): ConversationCost {
  const assumed = assumedBillOf(guess, model, overrides).totalMicroUsd;
  return {
    ...conversationCost,
    unbilled: conversationCost.unbilled + 1,
    ...money(conversationCost, null, assumed),
  };
}

/** A transcription of the user's speech by `model` ("" where nobody has named it). */
export function addTranscription(
  conversationCost: ConversationCost,
  used: Transcribed,
  model: string,
  overrides: PriceOverrides,
): ConversationCost {
  const cost = transcriptionCost(used, model, overrides);
  const before = conversationCost.transcription ?? { ...NOTHING_TRANSCRIBED, microUsd: 0 };
  const microUsd = before.microUsd + (cost ?? 0);
  const assumed = cost ?? assumedTranscriptionCost(used, model, overrides);
  return {
    ...conversationCost,
    transcription: { ...addTranscribed(before, used), model, microUsd },
    own: conversationCost.own || cost !== null,
    ...money(conversationCost, cost, assumed),
  };
}

const NOTHING_TRANSCRIBED: Transcribed = { inputText: 0, inputAudio: 0, outputText: 0, seconds: 0 };

/** `cost` is null where it is not known. */
function money(conversationCost: ConversationCost, cost: number | null, assumed: number) {
  const { estimatedMicroUsd: sum } = conversationCost;
  return {
    estimatedMicroUsd: cost === null || sum === null ? null : sum + cost,
    knownMicroUsd: conversationCost.knownMicroUsd + (cost ?? 0),
    assumedMicroUsd: conversationCost.assumedMicroUsd + assumed,
  };
}

/** The name of the prices that were used: the catalogue's date, and whether the owner's were, too. */
export function priceTableOf({ own }: ConversationCost): string {
  return own ? `${CATALOGUE_DATE}+config` : CATALOGUE_DATE;
}
