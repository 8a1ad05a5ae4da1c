/**
 * What a session is told in words, all parts together, within the room that the API has for them and for
 * the functions. Who gives way first: news (told in the conversation instead); then what the house says
 * of itself and the remembered facts, neither below its half while the other wants more, of the facts
 * the oldest; last the end of the owner's own words. Our own few sentences never.
 */

import { type Around, contextLines } from "./context.ts";
import { BYTES_PER_TOKEN, type FunctionSpec, tokensOf } from "./registry.ts";
import { cut, utf8Bytes } from "./result.ts";

/**
 * Of instructions and functions together, about: a little less than three quarters of the 16,384 tokens
 * that the API takes (see OFFER_MAX_TOKENS). It is counted by a rule of thumb, four bytes to a token;
 * dense text, as of a house or a schema, has three.
 */
export const SESSION_MAX_TOKENS = 12_000;

export interface Material {
  /** Our own sentences, and after them the owner's. */
  readonly instructions: string;
  /** What the house is, with at most so many bytes of what it says of itself; empty: there is none. */
  readonly house: (maxBytes: number) => readonly string[];
  /** Servers that are away. */
  readonly away: readonly string[];
  readonly around: Around;
  /** All that are offered. */
  readonly functions: readonly FunctionSpec[];
}

export interface Briefing {
  /** The owner's part of it, as it begins. */
  readonly instructions: string;
  /** What stands below it. */
  readonly lines: readonly string[];
  /** Of all of it, about. */
  readonly tokens: number;
  /** What there was room for, tokens. */
  readonly tokensMax: number;
  /** What has given way, for the owner; news is not among it. */
  readonly short: readonly string[];
}

export function briefingOf(material: Material): Briefing {
  const { instructions: whole, house, away, around, functions } = material;
  const tokensMax = roomFor(functions);
  const bare = { ...around, facts: [], news: [] };
  const least = [...house(0), ...away, ...contextLines(bare)];
  const roomBytes = tokensMax * BYTES_PER_TOKEN - bytesOf(least);
  const instructions = cut(whole, Math.max(0, roomBytes));
  const left = roomBytes - utf8Bytes(instructions);

  const cost = (changes: Partial<Around>): number =>
    bytesOf(contextLines({ ...bare, ...changes })) - bytesOf(contextLines(bare));
  const houseBytes = bytesOf(house(Number.POSITIVE_INFINITY)) - bytesOf(house(0));
  const forFacts = Math.max(left / 2, left - houseBytes);
  const facts = newest(around.facts, (some) => cost({ facts: some }) <= forFacts);
  const forHouse = left - cost({ facts });
  const told = houseBytes <= forHouse ? Number.POSITIVE_INFINITY : Math.max(0, forHouse);
  const houseTold = house(told);
  const forNews = forHouse - (bytesOf(houseTold) - bytesOf(house(0)));
  const news = oldest(around.news, (some) => cost({ news: some }) <= forNews);

  const lines = [...houseTold, ...away, ...contextLines({ ...around, facts, news })];
  const short = [
    ...(instructions === whole ? [] : ["the end of openai.instructions"]),
    ...(told === Number.POSITIVE_INFINITY ? [] : ["a part of what the house says of itself"]),
    ...(facts.length === around.facts.length
      ? []
      : [`the oldest ${around.facts.length - facts.length} of ${around.facts.length} memories`]),
  ];
  const tokens = Math.ceil((utf8Bytes(instructions) + bytesOf(lines)) / BYTES_PER_TOKEN);
  return { instructions, lines, tokens, tokensMax, short };
}

/** Tokens that are left for words. */
export function roomFor(functions: readonly FunctionSpec[]): number {
  return SESSION_MAX_TOKENS - functions.reduce((sum, one) => sum + tokensOf(one), 0);
}

/** Each stands on a line of its own. */
function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + utf8Bytes(line) + 1, 0);
}

function newest(all: readonly string[], fits: (some: readonly string[]) => boolean) {
  const from = all.findIndex((_, n) => fits(all.slice(n)));
  return from < 0 ? [] : all.slice(from);
}

function oldest(all: readonly string[], fits: (some: readonly string[]) => boolean) {
  const upTo = all.findLastIndex((_, n) => fits(all.slice(0, n + 1)));
  return all.slice(0, upTo + 1);
}
