/**
 * Blocks with names of the owner's own, such as functions and servers of tools: read one by one, every
 * problem with its place.
 */

import { type Fields, record } from "./json.ts";
import { didYouMean } from "./suggest.ts";

export interface BlockProblem {
  /** Below the key that holds the blocks. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Says what is wrong, and where. */
export type Report = (path: BlockProblem["path"], message: string) => void;

export interface Blocks<T> {
  readonly made: readonly T[];
  readonly problems: readonly BlockProblem[];
}

/** Any tree is answered; `{}` is none. Of more than `most` blocks, called `what`, the rest is left. */
export function readBlocks<T>(
  tree: unknown,
  most: number,
  what: string,
  one: (name: string, value: unknown, say: Report) => T | null,
): Blocks<T> {
  const problems: BlockProblem[] = [];
  const made: T[] = [];
  const entries = Object.entries(record(tree) ?? {});
  if (entries.length > most)
    problems.push({ path: [], message: `must have at most ${most} ${what}` });
  for (const [name, value] of entries.slice(0, most)) {
    const block = one(name, value, (path, message) => {
      problems.push({ path: [name, ...path], message });
    });
    if (block !== null) made.push(block);
  }
  return { made, problems };
}

export function unknownKeys(of: Fields, known: readonly string[], say: Report): void {
  for (const key of Object.keys(of)) {
    if (known.includes(key)) continue;
    say([key], `unknown key${didYouMean(key, known) || `; known here: ${known.join(", ")}`}`);
  }
}

export interface Range {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export function numberOf(of: Fields, key: string, range: Range, say: Report): number {
  const value = of[key] ?? range.default;
  const isFine = typeof value === "number" && value >= range.min && value <= range.max;
  if (!isFine) say([key], `must be a number from ${range.min} to ${range.max}`);
  return isFine ? value : range.default;
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
