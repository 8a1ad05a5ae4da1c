/** From the command line and the configuration to the words that are to be tried. */

import { wakePlan } from "../../adapters/wake/open.ts";
import { FaultError, fault } from "../../core/fault.ts";
import type { Settings } from "../../core/settings/table.ts";
import { STOP_WORD, type WakePlan } from "../../core/wake/plan.ts";
import { wordKey } from "../../core/wake/sensitivity.ts";
import type { CommandLine, OptionSpec } from "../args.ts";

export const WORD_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  keyword: {
    value: "WORD",
    doc: "a word to listen for, more than once for several; else those configured",
  },
  model: { value: "FILE", doc: "the manifest (.json) of a model; else wake_word.model_path" },
  engine: { value: "ENGINE", doc: "micro, porcupine-keyless or porcupine; else wake_word.engine" },
  sensitivity: { value: "N", doc: "0 to 1; else wake_word.sensitivity" },
};

const ENGINES = ["porcupine-keyless", "porcupine", "micro"] as const;

/** The settings with what the command line changes. Throws a FaultError (config). */
export function settingsFrom(settings: Settings, line: CommandLine): Settings {
  const [keywords, models] = [line.all("keyword"), line.all("model")];
  const [engine, sensitivity] = [line.option("engine"), line.option("sensitivity")];
  const known = ENGINES.find((name) => name === engine);
  if (engine !== undefined && known === undefined) refuse(`--engine takes ${ENGINES.join(", ")}`);
  const number = sensitivity === undefined ? null : Number(sensitivity);
  if (number !== null && !(number >= 0 && number <= 1)) refuse("--sensitivity takes 0 to 1");
  return {
    ...settings,
    "wake_word.enabled": true,
    ...(models.length > 0 ? { "wake_word.model_path": models } : {}),
    ...(keywords.length > 0 ? { "wake_word.keyword": keywords } : {}),
    ...(known === undefined ? {} : { "wake_word.engine": known }),
    ...(number === null ? {} : { "wake_word.sensitivity": number }),
  };
}

function refuse(message: string): never {
  throw new FaultError(fault("config", "report", message));
}

/** The words to be tried: with --keyword only those; else all, the stop word too. */
export function planFrom(settings: Settings, line: CommandLine): WakePlan {
  const keywords = line.all("keyword").map(wordKey);
  if (keywords.length === 0) return wakePlan(settings);
  const others = settings["wake_word.keyword"].filter((word) => wordKey(word) !== STOP_WORD);
  const plan = wakePlan({ ...settings, "wake_word.keyword": others }, true);
  const only = (words: WakePlan["micro"]): WakePlan["micro"] =>
    words.filter(({ keyword }) => keywords.includes(wordKey(keyword)));
  return {
    "porcupine-keyless": only(plan["porcupine-keyless"]),
    porcupine: only(plan.porcupine),
    micro: only(plan.micro),
  };
}
