/**
 * Tokens of one response. Cached counts are subsets of the input counts of the same kind, and
 * reasoning tokens of the text out: nothing here may be added up twice.
 */

import { fields, number, record } from "./fields.ts";

export interface Usage {
  readonly inputText: number;
  readonly inputAudio: number;
  readonly inputImage: number;
  readonly cachedText: number;
  readonly cachedAudio: number;
  readonly cachedImage: number;
  readonly outputText: number;
  readonly outputAudio: number;
}

export const NO_USAGE: Usage = {
  inputText: 0,
  inputAudio: 0,
  inputImage: 0,
  cachedText: 0,
  cachedAudio: 0,
  cachedImage: 0,
  outputText: 0,
  outputAudio: 0,
};

/** `response.usage` as the server sends it; null where there is none. Missing counts are 0. */
export function usageOf(value: unknown): Usage | null {
  const usage = record(value);
  if (!usage) return null;
  const input = fields(usage, "input_token_details");
  const cached = fields(input, "cached_tokens_details");
  const output = fields(usage, "output_token_details");
  const count = (of: typeof input, name: string) => Math.max(0, Math.round(number(of, name) ?? 0));
  const inputText = count(input, "text_tokens");
  const inputAudio = count(input, "audio_tokens");
  const inputImage = count(input, "image_tokens");
  return {
    inputText,
    inputAudio,
    inputImage,
    cachedText: Math.min(inputText, count(cached, "text_tokens")),
    cachedAudio: Math.min(inputAudio, count(cached, "audio_tokens")),
    cachedImage: Math.min(inputImage, count(cached, "image_tokens")),
    outputText: count(output, "text_tokens"),
    outputAudio: count(output, "audio_tokens"),
  };
}

/** The sum of two usages, kind by kind. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputText: a.inputText + b.inputText,
    inputAudio: a.inputAudio + b.inputAudio,
    inputImage: a.inputImage + b.inputImage,
    cachedText: a.cachedText + b.cachedText,
    cachedAudio: a.cachedAudio + b.cachedAudio,
    cachedImage: a.cachedImage + b.cachedImage,
    outputText: a.outputText + b.outputText,
    outputAudio: a.outputAudio + b.outputAudio,
  };
}
