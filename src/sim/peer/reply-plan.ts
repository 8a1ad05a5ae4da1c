/**
 * The score of one response: which step at which moment, counted from `response.created`.
 * Pure: the same turn gives the same score. Performing it is reply.ts.
 */

import { msToSamples, samplesToMs } from "../../core/audio/pcm.ts";
import type { SilentPart, Turn } from "./scenario.ts";

/** One output item with its sound made. */
export type Part =
  | {
      readonly tag: "sound";
      readonly pcm: Int16Array;
      readonly transcript: string;
      readonly phase: string | null;
    }
  | SilentPart;

export interface Step {
  readonly atMs: number;
  /** Index of the part. */
  readonly part: number;
  readonly act:
    | { readonly tag: "open" }
    /** A piece of the transcript, of the text, or of a call's arguments. */
    | { readonly tag: "words"; readonly text: string }
    /** Samples from … to of the part's sound. */
    | { readonly tag: "sound"; readonly from: number; readonly to: number }
    | { readonly tag: "close" };
}

/** Time that a text piece and a call's arguments take, milliseconds. */
const PIECE_MS = 20;

/** The steps in order, up to where the turn's ending cuts them off. */
export function planReply(parts: readonly Part[], turn: Turn, pace: number): Step[] {
  const steps: Step[] = [];
  let atMs = turn.firstDeltaMs;
  for (const [index, part] of parts.entries()) {
    // The first item is announced at once, its first delta comes later.
    steps.push({ atMs: index === 0 ? 0 : atMs, part: index, act: { tag: "open" } });
    atMs =
      part.tag === "sound"
        ? sound(steps, index, part, turn, pace, atMs)
        : words(steps, index, part, atMs);
    steps.push({ atMs, part: index, act: { tag: "close" } });
  }
  return cut(turn.interleave ? interleaved(steps) : steps, turn);
}

function words(steps: Step[], index: number, part: Part, startMs: number): number {
  const text = wordsOf(part);
  let atMs = startMs;
  for (const piece of pieces(text, Math.max(1, Math.ceil(text.length / 20)))) {
    steps.push({ atMs, part: index, act: { tag: "words", text: piece } });
    atMs += PIECE_MS;
  }
  return atMs;
}

function wordsOf(part: Part): string {
  switch (part.tag) {
    case "text":
      return part.text;
    case "call":
    case "remote":
      return part.arguments;
    case "sound":
      return "";
  }
}

function sound(
  steps: Step[],
  index: number,
  part: Extract<Part, { tag: "sound" }>,
  turn: Turn,
  pace: number,
  startMs: number,
): number {
  const chunk = msToSamples(turn.chunkMs);
  const ranges: { from: number; to: number }[] = [];
  for (let from = 0; from < part.pcm.length; ) {
    const length = from === 0 ? Math.max(1, Math.round(chunk / 4)) : chunk;
    const to = Math.min(part.pcm.length, from + length);
    ranges.push({ from, to });
    from = to;
  }
  const texts = pieces(part.transcript, Math.max(1, ranges.length));
  let atMs = startMs;
  for (const [nth, range] of ranges.entries()) {
    const text = texts[nth] ?? "";
    if (text !== "") steps.push({ atMs, part: index, act: { tag: "words", text } });
    steps.push({ atMs, part: index, act: { tag: "sound", ...range } });
    atMs += turn.deltaMs ?? samplesToMs(range.to - range.from) / pace;
  }
  return atMs;
}

/** Text in at most `count` pieces that end at blanks and together are the text. */
export function pieces(text: string, count: number): string[] {
  const found = text.match(/\s*\S+\s*$|\s*\S+/g) ?? [];
  const perPiece = Math.max(1, Math.ceil(found.length / count));
  const result: string[] = [];
  for (let at = 0; at < found.length; at += perPiece) {
    result.push(found.slice(at, at + perPiece).join(""));
  }
  return result;
}

/** Moves each close behind the first sound of the next part: item A's end after B's beginning. */
function interleaved(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  let held: Step | null = null;
  for (const step of steps) {
    if (step.act.tag === "close") {
      if (held !== null) result.push({ ...held, atMs: step.atMs });
      held = step;
      continue;
    }
    result.push(step);
    if (step.act.tag === "sound" && held !== null) {
      result.push({ ...held, atMs: step.atMs });
      held = null;
    }
  }
  if (held !== null) result.push(held);
  return result;
}

/** A response that fails, or is cut short, stops after so many deltas. */
function cut(steps: Step[], turn: Turn): Step[] {
  if (turn.ending.status === "completed" || turn.ending.afterDeltas === null) return steps;
  const limit = turn.ending.afterDeltas;
  if (limit === 0) return [];
  let deltas = 0;
  for (const [index, step] of steps.entries()) {
    if (step.act.tag === "sound") deltas += 1;
    if (deltas === limit) return steps.slice(0, index + 1);
  }
  return steps;
}
