/**
 * The lines of `budget.prices`: a model, a colon, and any of its prices.
 */

import { didYouMean } from "../suggest.ts";

/** What a model has a price for: US dollars for a million tokens. */
export interface PriceParts {
  readonly textIn: number;
  readonly textCached: number;
  readonly textOut: number;
  readonly audioIn: number;
  readonly audioCached: number;
  readonly audioOut: number;
  readonly imageIn: number;
  readonly imageCached: number;
}

/** Prices as far as they are known. `perMinute`: US dollars for a minute of transcribed sound. */
export type KnownPrices = Partial<PriceParts> & { readonly perMinute?: number };

/** The words of a line, and what they stand for. */
const WORDS = {
  text_in: "textIn",
  text_cached: "textCached",
  text_out: "textOut",
  audio_in: "audioIn",
  audio_cached: "audioCached",
  audio_out: "audioOut",
  image_in: "imageIn",
  image_cached: "imageCached",
  per_minute: "perMinute",
} as const;

type Word = keyof typeof WORDS;

/** US dollars for a million tokens; the dearest token ever sold here was 80. */
const PRICE_MAX = 10_000;

const LINE = /^(\S+):\s+(\S.*)$/;
const PART = /^([a-z_]+)=(\d+(?:\.\d+)?)$/;

/** One line, understood; a string is the error message, which names the wrong part. */
export function readPrices(line: string): { model: string; prices: KnownPrices } | string {
  const [, model, rest] = LINE.exec(line.trim()) ?? [];
  if (model === undefined || rest === undefined) {
    return 'must be a model, a colon and its prices, such as "gpt-realtime: text_in=4 audio_in=32"';
  }
  const found = new Map<string, number>();
  for (const part of rest.trim().split(/\s+/)) {
    const [, word, digits] = PART.exec(part) ?? [];
    if (word === undefined || digits === undefined) {
      return `"${part.slice(0, 40)}" (${model}) must be a part and its price, such as text_in=4`;
    }
    if (!isWord(word)) {
      const words = Object.keys(WORDS);
      return `"${word}" (${model}) must be one of ${words.join(", ")}${didYouMean(word, words)}`;
    }
    if (Number(digits) > PRICE_MAX) {
      return `${word} (${model}) must be US dollars for a million tokens, at most ${PRICE_MAX}`;
    }
    if (found.has(WORDS[word])) return `${word} (${model}) is in the line twice`;
    found.set(WORDS[word], Number(digits));
  }
  return { model, prices: Object.fromEntries(found) };
}

function isWord(word: string): word is Word {
  return Object.hasOwn(WORDS, word);
}

/** What is wrong with which line, of all of them; empty when nothing is. */
export function wrongPrices(
  lines: readonly string[],
): readonly { readonly index: number; readonly message: string }[] {
  const seen = new Set<string>();
  return lines.flatMap((line, index) => {
    const read = readPrices(line);
    if (typeof read === "string") return [{ index, message: read }];
    if (seen.has(read.model)) return [{ index, message: `${read.model} has two lines` }];
    seen.add(read.model);
    return [];
  });
}
