/**
 * What a response costs in tokens, by the published unit facts: user audio 1 token a 100 ms,
 * assistant audio 1 token a 50 ms, the whole conversation billed again with every response, and
 * what the model has seen before counted as cached, a subset of the input. Text is counted as one
 * token for four characters, an image by its size: stand-ins for a tokenizer the peer does not have.
 */

import type { JsonObject } from "./json.ts";
import { isObject, listAt, numberAt, objectAt, textAt } from "./json.ts";
import { pictureTokens } from "./pictures.ts";

const USER_TOKEN_MS = 100;
export const ASSISTANT_TOKEN_MS = 50;
const CHARS_PER_TOKEN = 4;
/** Cached counts come in multiples of this (the documented sample shows 64). */
const CACHE_STEP = 64;

export interface Tokens {
  readonly text: number;
  readonly audio: number;
  readonly image: number;
}

const NONE: Tokens = { text: 0, audio: 0, image: 0 };

export function textTokens(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}

export function assistantAudioTokens(ms: number): number {
  return Math.ceil(ms / ASSISTANT_TOKEN_MS);
}

export function sum(parts: Iterable<Tokens>): Tokens {
  let total = NONE;
  for (const part of parts) {
    total = {
      text: total.text + part.text,
      audio: total.audio + part.audio,
      image: total.image + part.image,
    };
  }
  return total;
}

function size(tokens: Tokens): number {
  return tokens.text + tokens.audio + tokens.image;
}

/** Tokens of one item; `audioMs` is the length of its sound. */
export function itemTokens(item: JsonObject, audioMs: number): Tokens {
  let text = textTokens(textAt(item, "arguments") ?? "") + textTokens(textAt(item, "output") ?? "");
  let image = 0;
  for (const part of listAt(item, "content")) {
    text += textTokens(textAt(part, "text") ?? textAt(part, "transcript") ?? "");
    if (textAt(part, "type") === "input_image") image += isObject(part) ? pictureTokens(part) : 0;
  }
  const assistant = item["role"] === "assistant";
  const audio = assistant ? assistantAudioTokens(audioMs) : Math.ceil(audioMs / USER_TOKEN_MS);
  return { text, audio, image };
}

/** Input of one response: all of it, and the part that was cached. */
export interface Input {
  readonly all: Tokens;
  readonly cached: Tokens;
}

/** Keeps what the server has in its cache for one conversation. */
export class Billing {
  #seen: Tokens = NONE;
  #prefix = "";

  /** The input of a response over `items`, oldest first. Remembers it as seen. */
  bill(session: JsonObject, items: readonly Tokens[]): Input {
    const prefix = JSON.stringify([session["instructions"] ?? "", session["tools"] ?? []]);
    if (prefix !== this.#prefix) this.#seen = NONE;
    this.#prefix = prefix;
    const fixed: Tokens = { text: textTokens(prefix), audio: 0, image: 0 };
    const kept = this.#retained(session, items);
    const all = sum([fixed, ...kept]);
    const cached = {
      text: cachedOf(this.#seen.text, all.text),
      audio: cachedOf(this.#seen.audio, all.audio),
      image: cachedOf(this.#seen.image, all.image),
    };
    this.#seen = all;
    return { all, cached };
  }

  /** The reply becomes part of what was seen. */
  produced(output: Tokens): void {
    this.#seen = sum([this.#seen, output]);
  }

  /** Something in the middle changed: only what stands before it is still in the cache. */
  broken(before: readonly Tokens[]): void {
    const still = sum([{ text: textTokens(this.#prefix), audio: 0, image: 0 }, ...before]);
    this.#seen = {
      text: Math.min(this.#seen.text, still.text),
      audio: Math.min(this.#seen.audio, still.audio),
      image: Math.min(this.#seen.image, still.image),
    };
  }

  /** Items that still fit, by the session's truncation setting; the oldest go first. */
  #retained(session: JsonObject, items: readonly Tokens[]): readonly Tokens[] {
    const truncation = objectAt(session, "truncation");
    const limit = numberAt(truncation, "token_limits", "post_instructions");
    if (limit === null || size(sum(items)) <= limit) return items;
    const target = limit * (numberAt(truncation, "retention_ratio") ?? 1);
    let kept = items;
    while (kept.length > 1 && size(sum(kept)) > target) kept = kept.slice(1);
    this.#seen = { text: textTokens(this.#prefix), audio: 0, image: 0 };
    return kept;
  }
}

function cachedOf(seen: number, now: number): number {
  return Math.floor(Math.min(seen, now) / CACHE_STEP) * CACHE_STEP;
}

/** The `usage` of a response. */
export function usageJson(input: Input, output: Tokens): JsonObject {
  const inputTokens = size(input.all);
  const outputTokens = size(output);
  return {
    total_tokens: inputTokens + outputTokens,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    input_token_details: {
      text_tokens: input.all.text,
      audio_tokens: input.all.audio,
      image_tokens: input.all.image,
      cached_tokens: size(input.cached),
      cached_tokens_details: {
        text_tokens: input.cached.text,
        audio_tokens: input.cached.audio,
        image_tokens: input.cached.image,
      },
    },
    output_token_details: { text_tokens: output.text, audio_tokens: output.audio },
  };
}

/** What a failed response reports: nothing was billed. */
export function noUsage(): JsonObject {
  return usageJson({ all: NONE, cached: NONE }, NONE);
}
