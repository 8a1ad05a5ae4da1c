/**
 * Who of the fallback chain can answer on a day, and what to change when nobody can: known before
 * the first wake, from the settings, the dates of models and, where it was asked for, the account's
 * own list.
 *
 * Invariant: a remedy has been tried on a copy of the settings and leads to an answer there; so it
 * names only keys that are read under the present selection.
 */

import { type Fault, fault } from "../fault.ts";
import type { SettingKey, Settings } from "../settings/table.ts";
import { nearest } from "../suggest.ts";
import { MODELS, modelNamed } from "./catalogue.ts";
import { midnightMs, type ShutdownDates, shutdownOf } from "./dates.ts";
import { chainOf, miniSettings, namesInUse } from "./fallback.ts";
import { chooseVoice, voiceSettings } from "./voice.ts";

/** OpenAI speaks only the ga protocol since that day (its deprecation page). */
const BETA_ENDED = "2026-05-12";
const OPENAI_HOST = /^(https?|wss?):\/\/([\w-]+\.)?api\.openai\.com(:\d+)?(\/|$)/;

/** What is known besides the catalogue. */
export interface Knowledge {
  /** The server's own dates; they win over the catalogue's. */
  readonly dates: ShutdownDates;
  /** Models that the account may use; null: not asked, or not known. */
  readonly offered: readonly string[] | null;
}

export const CATALOGUE_ONLY: Knowledge = { dates: {}, offered: null };

/** Why a model of the chain will not answer. */
export type Obstacle =
  | { readonly tag: "ended"; readonly date: string }
  | { readonly tag: "not-offered" }
  | { readonly tag: "no-voice"; readonly voice: string }
  | { readonly tag: "old-protocol" };

export interface Candidate {
  readonly model: string;
  /** Null: nothing is known to stand in its way. */
  readonly obstacle: Obstacle | null;
}

/** Something about one key that is worth a line, though somebody can answer. */
export interface ChainNote {
  readonly key: SettingKey;
  readonly message: string;
}

export interface Prospect {
  readonly candidates: readonly Candidate[];
  /** The first that can answer; null when nobody can. */
  readonly answers: string | null;
  /** Null while somebody can answer. */
  readonly nobody: Fault | null;
  /** The key that the fault is about: it is read under the present selection. */
  readonly nobodyKey: SettingKey;
  readonly notes: readonly ChainNote[];
}

/** Is the address OpenAI's own? Another server may have models that OpenAI has shut down. */
export function isOpenAi(settings: Settings): boolean {
  return OPENAI_HOST.test(settings["openai.base_url"]);
}

/** What is to be expected of these settings at `wallMs`, milliseconds since 1970. */
export function prospectOf(settings: Settings, known: Knowledge, wallMs: number): Prospect {
  const candidates = candidatesOf(settings, known, wallMs);
  const answers = answererOf(candidates);
  const nobody = answers === null ? nobodyFault(settings, candidates, known, wallMs) : null;
  return {
    candidates,
    answers,
    nobody,
    nobodyKey: nobodyKey(settings, candidates),
    notes: [
      ...unknownNames(settings, known),
      ...miniNotes(settings, known, wallMs),
      ...(answers === null ? [] : featureNotes(settings, answers)),
    ],
  };
}

function candidatesOf(settings: Settings, known: Knowledge, wallMs: number): readonly Candidate[] {
  return chainOf(settings).map((model) => ({
    model,
    obstacle: obstacleOf(settings, model, known, wallMs),
  }));
}

function answererOf(candidates: readonly Candidate[]): string | null {
  return candidates.find(({ obstacle }) => obstacle === null)?.model ?? null;
}

/**
 * What keeps `model` from answering under these settings. A voice that it lacks is one only with
 * `auto_select_voice: false`; the chain goes on past such a model as past one that is gone.
 */
export function obstacleOf(
  settings: Settings,
  model: string,
  { dates, offered }: Knowledge,
  wallMs: number,
): Obstacle | null {
  const isOwn = isOpenAi(settings);
  if (isOwn && settings["openai.protocol"] === "beta" && wallMs >= midnightMs(BETA_ENDED)) {
    return { tag: "old-protocol" };
  }
  const date = shutdownOf(model, dates);
  // The list of the account is the server's own word; a date of the catalogue is OpenAI's.
  const isListed = offered?.includes(model) === true;
  if (date !== null && wallMs >= midnightMs(date) && !isListed) return { tag: "ended", date };
  if (offered !== null && !isListed) return { tag: "not-offered" };
  const choice = chooseVoice(voiceSettings(settings), model);
  return choice.tag === "refused" ? { tag: "no-voice", voice: settings["openai.voice"] } : null;
}

/** The sentence for one candidate: "gpt-realtime was shut down on 2027-01-20". */
export function obstacleText({ model, obstacle }: Candidate): string {
  switch (obstacle?.tag) {
    case undefined:
      return `${model} can answer`;
    case "ended":
      return `${model} was shut down on ${obstacle.date}`;
    case "not-offered":
      return `${model} is not available to this account`;
    case "no-voice":
      return `${model} has no voice ${obstacle.voice}, and openai.auto_select_voice is false`;
    case "old-protocol":
      return `OpenAI has not supported openai.protocol: beta since ${BETA_ENDED}`;
  }
}

function nobodyFault(
  settings: Settings,
  candidates: readonly Candidate[],
  known: Knowledge,
  wallMs: number,
): Fault {
  const selection = settings["openai.model_selection"];
  const asks = candidates.map(({ model }) => model).join(", ");
  const causes = [...new Set(candidates.map(obstacleText))].join("; ");
  const isForeign = !isOpenAi(settings) && known.offered === null;
  const unless = isForeign ? ", unless the server of openai.base_url has more than OpenAI" : "";
  const what = `No model can answer${unless}: openai.model_selection: ${selection} asks only ${asks}; ${causes}`;
  return fault("config", "report", what, remedies(settings, known, wallMs));
}

/** The key whose value leaves nobody: what the owner's eye should be led to. */
function nobodyKey(settings: Settings, candidates: readonly Candidate[]): SettingKey {
  const tags = new Set(candidates.map(({ obstacle }) => obstacle?.tag));
  if (tags.has("old-protocol")) return "openai.protocol";
  if (tags.size === 1 && tags.has("no-voice")) return "openai.voice";
  switch (settings["openai.model_selection"]) {
    case "auto":
    case "new":
      return "openai.model";
    case "legacy":
      return "openai.model_selection";
  }
}

/** A change of one key or two, and how it is said. */
interface Remedy {
  readonly change: Partial<Settings>;
  readonly says: string;
}

/** Remedies that are told; more would be no advice. */
const REMEDIES_MAX = 2;

/** The smallest sets of changes that lead to an answer; of two that do, no part of one is told. */
function remedies(settings: Settings, known: Knowledge, wallMs: number): string {
  const works = (change: Partial<Settings>): boolean =>
    answererOf(candidatesOf({ ...settings, ...change }, known, wallMs)) !== null;
  let sets: readonly (readonly Remedy[])[] = [[]];
  const singles = possibleRemedies(settings, known, wallMs);
  for (let size = 1; size <= singles.length; size++) {
    sets = sets.flatMap((set) => {
      const last = set.at(-1);
      const after = last === undefined ? 0 : singles.indexOf(last) + 1;
      return singles.slice(after).map((one) => [...set, one]);
    });
    const found = sets.filter((set) => works(Object.assign({}, ...set.map((one) => one.change))));
    const remedies = found.slice(0, REMEDIES_MAX).map((set) => set.map(({ says }) => says));
    if (remedies.length > 0)
      return `Set ${remedies.map((one) => one.join(" with ")).join(", or ")}`;
  }
  return "See `pipit doctor` for the models that this account has";
}

/** In the order in which an owner would rather have them: the smallest change first. */
function possibleRemedies(settings: Settings, known: Knowledge, wallMs: number): readonly Remedy[] {
  const ga: Remedy = { change: { "openai.protocol": "ga" }, says: "openai.protocol: ga" };
  const auto: Remedy = {
    change: { "openai.model_selection": "auto" },
    says: "openai.model_selection: auto",
  };
  const anyVoice: Remedy = {
    change: { "openai.auto_select_voice": true },
    says: "openai.auto_select_voice: true",
  };
  const key =
    settings["openai.model_selection"] === "legacy" ? "openai.legacy_model" : "openai.model";
  const isOpen = (model: string): boolean =>
    obstacleOf({ ...settings, "openai.protocol": "ga" }, model, known, wallMs) === null;
  const living = MODELS.filter(({ name }) => isOpen(name));
  const lasting = living.find(({ shutdown }) => shutdown === null) ?? living[0];
  const name = lasting?.name ?? known.offered?.find(isRealtime);
  const model: readonly Remedy[] =
    name === undefined ? [] : [{ change: { [key]: name }, says: `${key}: ${name}` }];
  return [ga, anyVoice, auto, ...model];
}

function isRealtime(name: string): boolean {
  return name.includes("realtime") && !/transcri|translat|whisper/.test(name);
}

/**
 * Names that neither the catalogue nor the account has. At OpenAI such a name is most likely a slip;
 * another server has names of its own, and only those that look like a slip are told.
 */
function unknownNames(settings: Settings, { offered }: Knowledge): readonly ChainNote[] {
  const known = [...new Set([...MODELS.map(({ name }) => name), ...(offered ?? [])])];
  return namesInUse(settings).flatMap(([key, name]) => {
    if (offered?.includes(name) === true || modelNamed(name) !== null) return [];
    const guess = nearest(name, known);
    if (guess === null && !isOpenAi(settings)) return [];
    const meant = guess === null ? "" : `; did you mean "${guess}"?`;
    return [{ key, message: `${name} is not a model known to this version of Pipit${meant}` }];
  });
}

/** The model for the end of a budget is asked alone: it must be able to answer, too. */
function miniNotes(settings: Settings, known: Knowledge, wallMs: number): readonly ChainNote[] {
  if (settings["budget.action"] !== "mini" || settings["budget.daily_usd"] === 0) return [];
  const [mini] = candidatesOf(miniSettings(settings), known, wallMs);
  if (mini === undefined || mini.obstacle === null) return [];
  const message = `${obstacleText(mini)}: once budget.warn_at is reached, no model could answer`;
  return [{ key: "budget.mini_model", message }];
}

/** What is asked for and the model that answers does not have. A model that we do not know has all. */
function featureNotes(settings: Settings, answers: string): readonly ChainNote[] {
  const row = modelNamed(answers);
  const isOld = settings["openai.protocol"] === "beta";
  const by = isOld ? "openai.protocol: beta" : answers;
  const notes: ChainNote[] = [];
  if (settings["openai.reasoning_effort"] !== "default" && (isOld || row?.reasoning === false)) {
    const message = `is not sent: ${answers} will answer, and ${by} has no reasoning`;
    notes.push({ key: "openai.reasoning_effort", message });
  }
  if (settings["camera.source"] !== "off" && (isOld || row?.images === false)) {
    const message = `is of no use: ${answers} will answer, and ${by} takes no pictures`;
    notes.push({ key: "camera.source", message });
  }
  return notes;
}
