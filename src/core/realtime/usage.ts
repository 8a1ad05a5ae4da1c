/**
 * Tokens of one response, and of one transcription, as the server counts them.
 *
 * Invariants: cached counts are subsets of the input counts of the same kind, reasoning tokens of
 * the text out: nothing here may be added up twice. A count that no response can have (negative,
 * not whole, beyond TOKENS_MAX, not a number) makes the whole usage unreadable: null, and the bill
 * counts as one that was not seen; so does a usage without a single count. Half of a bill is not
 * believed.
 *
 * Shapes (the two schemas, the published samples, and servers that send less): details by kind; the
 * totals alone; `cached_tokens` without its details; `reasoning_tokens` inside the text out.
 */

import { type Fields, fields, number, record, text } from "../json.ts";

/** An amount of each kind that has a price of its own. */
export interface Kinds {
  readonly inputText: number;
  readonly inputAudio: number;
  readonly inputImage: number;
  readonly cachedText: number;
  readonly cachedAudio: number;
  readonly cachedImage: number;
  readonly outputText: number;
  readonly outputAudio: number;
}

export interface Usage extends Kinds {
  /** Part of `outputText`; never priced by itself. */
  readonly reasoning: number;
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
  reasoning: 0,
};

/** What the transcription of the user's speech took; it has prices of its own. */
export interface Transcribed {
  readonly inputText: number;
  readonly inputAudio: number;
  readonly outputText: number;
  /** Length of the sound, where that is what is billed. */
  readonly seconds: number;
}

/** No response comes near: the largest context window of the catalogue is 128,000 tokens. */
export const TOKENS_MAX = 10_000_000;
/** A session lasts an hour. */
const SECONDS_MAX = 86_400;

/** `response.usage` as the server sends it; null where there is none, or none to be believed. */
export function usageOf(value: unknown): Usage | null {
  const usage = record(value);
  return usage === null ? null : believed(responseUsage(usage, new Counts()));
}

function responseUsage(usage: Fields, counts: Counts): Counted<Usage> {
  const input = fields(usage, "input_token_details");
  const output = fields(usage, "output_token_details");
  const into = counts.split(input, ["audio", "text", "image"], counts.of(usage, "input_tokens"));
  const out = counts.split(output, ["audio", "text"], counts.of(usage, "output_tokens"));
  const cached = cachedOf(input, into, counts);
  const result = {
    inputText: into.text,
    inputAudio: into.audio,
    inputImage: into.image,
    cachedText: Math.min(into.text, cached.text),
    cachedAudio: Math.min(into.audio, cached.audio),
    cachedImage: Math.min(into.image, cached.image),
    outputText: out.text,
    outputAudio: out.audio,
    reasoning: Math.min(out.text, counts.of(output, "reasoning_tokens") ?? 0),
  };
  return { counts, result };
}

/** `usage` of a completed transcription: by tokens or by duration; null where it cannot be read. */
export function transcribedOf(value: unknown): Transcribed | null {
  const usage = record(value);
  if (usage === null) return null;
  const counts = new Counts();
  if (text(usage, "type") === "duration") {
    const seconds = number(usage, "seconds");
    if (seconds === null || seconds < 0 || seconds > SECONDS_MAX) return null;
    return { inputText: 0, inputAudio: 0, outputText: 0, seconds };
  }
  const input = fields(usage, "input_token_details");
  const into = counts.split(input, ["audio", "text"], counts.of(usage, "input_tokens"));
  const outputText = counts.of(usage, "output_tokens") ?? 0;
  const result = { inputText: into.text, inputAudio: into.audio, outputText, seconds: 0 };
  return believed({ counts, result });
}

type Kind = "audio" | "text" | "image";
type Split = Readonly<Record<Kind, number>>;

interface Counted<T> {
  readonly counts: Counts;
  readonly result: T;
}

function believed<T>({ counts, result }: Counted<T>): T | null {
  return counts.areAbsurd || !counts.areThere ? null : result;
}

/** Reads counts, and remembers whether one of them cannot be, and whether there was any. */
class Counts {
  areAbsurd: boolean = false;
  areThere: boolean = false;

  /** Null where the field is absent (or null, as the server writes it in the middle of things). */
  of(from: Fields, name: string): number | null {
    const value = from[name];
    if (value === undefined || value === null) return null;
    this.areThere = true;
    const count = number(from, name) ?? -1;
    if (Number.isInteger(count) && count >= 0 && count <= TOKENS_MAX) return count;
    this.areAbsurd = true;
    return 0;
  }

  /**
   * The counts by kind. Tokens of the total that the details do not name are of the first of `kinds`
   * that they lack: sound first, for that is what is spoken here, and the dearest.
   */
  split(details: Fields, kinds: readonly Kind[], total: number | null): Split {
    const found = { audio: 0, text: 0, image: 0 };
    let lacking: Kind | null = null;
    for (const kind of kinds) {
      const count = this.of(details, `${kind}_tokens`);
      if (count === null) lacking ??= kind;
      else found[kind] = count;
    }
    const unnamed = (total ?? 0) - found.audio - found.text - found.image;
    if (lacking !== null && unnamed > 0) found[lacking] = unnamed;
    return found;
  }
}

/**
 * The cached part of each kind. A bare `cached_tokens` is laid on text, then images, then sound: the
 * cache holds the beginning, which is text, and no order makes the bill larger.
 */
function cachedOf(input: Fields, all: Split, counts: Counts): Split {
  const details = record(input["cached_tokens_details"]);
  const total = counts.of(input, "cached_tokens") ?? 0;
  if (details !== null) return counts.split(details, ["text", "image", "audio"], total);
  const cachedText = Math.min(all.text, total);
  const image = Math.min(all.image, total - cachedText);
  return { text: cachedText, image, audio: Math.min(all.audio, total - cachedText - image) };
}

export function addKinds(a: Kinds, b: Kinds): Kinds {
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

/** The sum of two usages, kind by kind. */
export function addUsage(a: Usage, b: Usage): Usage {
  return { ...addKinds(a, b), reasoning: a.reasoning + b.reasoning };
}

/** The sum of two transcriptions. */
export function addTranscribed(a: Transcribed, b: Transcribed): Transcribed {
  return {
    inputText: a.inputText + b.inputText,
    inputAudio: a.inputAudio + b.inputAudio,
    outputText: a.outputText + b.outputText,
    seconds: a.seconds + b.seconds,
  };
}
