/**
 * Which engine listens for which word. `wake_word.engine` names the preferred one; microWakeWord
 * models of `wake_word.model_path` are listened for beside it, and words that `micro` has no model of
 * are the keyless engine's, where it knows them.
 */

import { type Fault, fault } from "../fault.ts";
import { didYouMean } from "../suggest.ts";
import { KEYLESS_KEYWORDS } from "./keyless-words.ts";
import { type Sensitivity, sensitivityOf, type WakeEngineName, wordKey } from "./sensitivity.ts";

/** A word that silences an answer, and is listened for only while one plays. */
export const STOP_WORD = "stop";
/** What every model file of microWakeWord has beside it. */
export const MANIFEST_EXTENSION = ".json";

/** A word, and how eagerly it is listened for. */
export interface WakeWord {
  /** As it is reported. */
  readonly keyword: string;
  /** 0 to 1, higher is more eager. */
  readonly sensitivity: number;
  /** The manifest of a microWakeWord model; empty for other engines. */
  readonly manifest: string;
}

export interface WakeSettings {
  readonly engine: WakeEngineName;
  readonly keywords: readonly string[];
  readonly sensitivity: Sensitivity;
  /** True where the keywords are those of an empty file: nobody asked for them. */
  readonly isDefault: boolean;
  /** A stop word alone will do: to measure it. */
  readonly mayOnlyStop: boolean;
}

/** A manifest that was read: its path, and the word it is for. */
export interface Model {
  readonly path: string;
  readonly word: string;
}

/** The words of each engine that is needed; a stop word is among those of `micro`. */
export type WakePlan = Readonly<Record<WakeEngineName, readonly WakeWord[]>>;

export type Planned =
  | { readonly ok: true; readonly plan: WakePlan }
  | { readonly ok: false; readonly fault: Fault };

/** Divides the words among the engines. */
export function planWakeWords(wanted: WakeSettings, models: readonly Model[]): Planned {
  const words: Record<WakeEngineName, WakeWord[]> = {
    "porcupine-keyless": [],
    porcupine: [],
    micro: models.map(({ path, word }) => ({
      keyword: wordKey(word),
      sensitivity: sensitivityOf("micro", word, wanted.sensitivity),
      manifest: path,
    })),
  };
  const twice = words.micro.find(
    ({ keyword }, nth) => words.micro.findIndex((one) => one.keyword === keyword) !== nth,
  );
  if (twice !== undefined)
    return refuse(`wake_word.model_path has two models of '${twice.keyword}'`);
  for (const keyword of wanted.keywords) {
    if (words.micro.some((one) => one.keyword === wordKey(keyword))) continue;
    const engine = engineFor(keyword, wanted);
    if (engine === null) {
      if (wanted.isDefault && models.length > 0) continue;
      return refuse(unknownWord(keyword, words.micro), remedyFor(keyword));
    }
    const sensitivity = sensitivityOf(engine, keyword, wanted.sensitivity);
    words[engine].push({ keyword, sensitivity, manifest: "" });
  }
  const wakes = Object.values(words).flat();
  if (wanted.mayOnlyStop || wakes.some(({ keyword }) => keyword !== STOP_WORD)) {
    return { ok: true, plan: words };
  }
  return refuse("'stop' alone starts no conversation", "Name a wake word, too");
}

/** The words that wake, whichever engine hears them. */
export function wakingWords(plan: WakePlan): readonly WakeWord[] {
  const all = [...plan["porcupine-keyless"], ...plan.porcupine, ...plan.micro];
  return all.filter(({ keyword }) => keyword !== STOP_WORD);
}

/** Who listens for a word that no model is for; null for nobody. */
function engineFor(keyword: string, { engine, isDefault }: WakeSettings): WakeEngineName | null {
  if (engine === "porcupine") return "porcupine";
  if (engine === "micro" && isDefault) return null;
  return KEYLESS_KEYWORDS.includes(wordKey(keyword)) ? "porcupine-keyless" : null;
}

function refuse(message: string, remedy = ""): Planned {
  return { ok: false, fault: fault("config", "exit", message, remedy) };
}

function unknownWord(keyword: string, micro: readonly WakeWord[]): string {
  const known = micro.map((word) => word.keyword);
  const models =
    known.length === 0 ? "" : `; the models of wake_word.model_path know ${known.join(", ")}`;
  const nearest = didYouMean(keyword, [...known, ...KEYLESS_KEYWORDS]);
  return `No engine here knows the wake word '${keyword}'${models}${nearest}`;
}

function remedyFor(keyword: string): string {
  return `\`pipit wake-words\` lists the words there are; a model of '${keyword}' goes into wake_word.model_path`;
}
