/** The words there are: inside the keyless engine, of the configuration's models, and to be had. */

import { KEYLESS_KEYWORDS } from "../../core/wake/keyless-words.ts";
import { OFFICIAL_LICENCE, OFFICIAL_MODELS } from "../../core/wake/official.ts";
import type { WakePlan } from "../../core/wake/plan.ts";
import {
  type Sensitivity,
  sensitivityOf,
  type WakeEngineName,
  wordKey,
} from "../../core/wake/sensitivity.ts";

export interface ListedWord {
  readonly word: string;
  readonly engine: WakeEngineName;
  readonly sensitivity: number;
  /** It is listened for with this configuration. */
  readonly is_listened_for: boolean;
  /** It can be used as it is: inside the engine, or a model of the configuration. */
  readonly is_here: boolean;
  readonly licence: string;
  readonly kilobytes: number | null;
  /** The manifest; null where there is none here. */
  readonly manifest: string | null;
}

const KEYLESS_LICENCE = "Apache-2.0";
const OWN_LICENCE = "its author's";

/** All words, those listened for first. */
export function listedWords(
  plan: WakePlan,
  sensitivity: Sensitivity,
  kilobytesOf: (manifest: string) => number | null,
): readonly ListedWord[] {
  const listened = Object.entries(plan).flatMap(([engine, words]) =>
    words.map((word) => ({ ...word, engine })),
  );
  const isListened = (engine: WakeEngineName, word: string): boolean =>
    listened.some((one) => one.engine === engine && wordKey(one.keyword) === word);
  const keyless = KEYLESS_KEYWORDS.map((word) => ({
    word,
    engine: "porcupine-keyless" as const,
    sensitivity: sensitivityOf("porcupine-keyless", word, sensitivity),
    is_listened_for: isListened("porcupine-keyless", word),
    is_here: true,
    licence: KEYLESS_LICENCE,
    kilobytes: null,
    manifest: null,
  }));
  const all = [
    ...porcupineWords(plan),
    ...ownModels(plan, kilobytesOf),
    ...keyless,
    ...official(plan, sensitivity),
  ];
  return all.sort((a, b) => Number(b.is_listened_for) - Number(a.is_listened_for));
}

function porcupineWords(plan: WakePlan): readonly ListedWord[] {
  return plan.porcupine.map(({ keyword, sensitivity }) => ({
    word: keyword,
    engine: "porcupine" as const,
    sensitivity,
    is_listened_for: true,
    is_here: true,
    licence: "Picovoice's, with an account",
    kilobytes: null,
    manifest: null,
  }));
}

function ownModels(
  plan: WakePlan,
  kilobytesOf: (manifest: string) => number | null,
): readonly ListedWord[] {
  return plan.micro.map(({ keyword, sensitivity, manifest }) => ({
    word: keyword,
    engine: "micro" as const,
    sensitivity,
    is_listened_for: true,
    is_here: true,
    licence: OFFICIAL_MODELS.some(({ name }) => name === keyword) ? OFFICIAL_LICENCE : OWN_LICENCE,
    kilobytes: kilobytesOf(manifest),
    manifest,
  }));
}

function official(plan: WakePlan, sensitivity: Sensitivity): readonly ListedWord[] {
  const missing = OFFICIAL_MODELS.filter(
    ({ name }) => !plan.micro.some(({ keyword }) => keyword === name),
  );
  return missing.map(({ name, bytes }) => ({
    word: name,
    engine: "micro" as const,
    sensitivity: sensitivityOf("micro", name, sensitivity),
    is_listened_for: false,
    is_here: false,
    licence: OFFICIAL_LICENCE,
    kilobytes: kilobytes(bytes),
    manifest: null,
  }));
}

export function kilobytes(bytes: number): number {
  return Math.round(bytes / 100) / 10;
}

/** The table for people, and what to do next. */
export function listingText(words: readonly ListedWord[]): string {
  const rows = words.map((word) => [
    word.is_listened_for ? "*" : " ",
    word.word,
    word.engine,
    word.sensitivity.toString(),
    word.kilobytes === null ? "" : `${word.kilobytes} KB`,
    word.licence,
    word.is_here ? (word.manifest ?? "") : `pipit wake-words install ${word.word}`,
  ]);
  const heads = ["", "word", "engine", "sensitivity", "size", "licence", "where"];
  const widths = heads.map((head, at) =>
    Math.max(...[heads, ...rows].map((row) => row[at]?.length ?? head.length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd();
  return `${[heads, ...rows].map(line).join("\n")}

* is listened for. A model of your own, or of others, works by its manifest: wake_word.model_path.
\`stop\` silences an answer, and is listened for only while one plays.
`;
}
