/**
 * Moving the configured model to another one: which keys change so that the chain stays sensible (no
 * dead model, none twice, somebody left to ask), and what differs for the owner.
 */

import { MODELS, type Model, modelNamed } from "../../core/models/catalogue.ts";
import { chainOf } from "../../core/models/fallback.ts";
import { chooseVoice, voiceSettings } from "../../core/models/voice.ts";
import type { SettingKey, Settings } from "../../core/settings/table.ts";
import { didYouMean } from "../../core/suggest.ts";
import { isDead, isDeadName, livingSuccessor } from "./model-life.ts";
import type { Assignment } from "./older-key.ts";

export interface ModelMove {
  readonly from: string;
  readonly to: string;
  readonly values: readonly Assignment[];
  readonly notes: readonly string[];
}

export type ModelPlan =
  | { readonly ok: true; readonly move: ModelMove }
  /** `idle`: nothing needs to be done; else it cannot be. */
  | { readonly ok: false; readonly idle: boolean; readonly message: string };

export interface MoveRequest {
  /** A model's name, or `auto` for the living successor of the configured one. */
  readonly name: string;
  /** Take a name that the catalogue does not know. */
  readonly force: boolean;
  /** YYYY-MM-DD. */
  readonly today: string;
}

/** Those that stand in when a chain has run out of candidates, in this order. */
const LAST_RESORT = "gpt-realtime-2.1-mini";
const STAND_INS = ["gpt-realtime-2.1", "gpt-realtime-1.5", LAST_RESORT];

export function planModelMove(settings: Settings, request: MoveRequest): ModelPlan {
  const from = chainOf(settings)[0] ?? settings["openai.model"];
  const target = targetOf(from, request);
  if (!target.ok) return target;
  const { to } = target;
  const voice = chooseVoice(voiceSettings(settings), to);
  if (voice.tag === "refused") {
    const message = `${voice.why}, and openai.auto_select_voice is false: choose another voice first`;
    return { ok: false, idle: false, message };
  }
  const values = chain(settings, to, request.today);
  if (values.length === 0) {
    const message = [
      `${to} is already the model that answers, and the fallback chain is sound`,
      ...target.notes,
    ].join(". ");
    return { ok: false, idle: true, message };
  }
  const mini = values.some(({ value }) => Array.isArray(value) && value.includes(LAST_RESORT));
  const notes = mini
    ? [
        ...target.notes,
        `${LAST_RESORT} is the last resort: smaller and cheaper, asked when all before it fail`,
      ]
    : target.notes;
  return { ok: true, move: { from, to, values, notes } };
}

type Target =
  | { readonly ok: true; readonly to: string; readonly notes: readonly string[] }
  | Extract<ModelPlan, { ok: false }>;

function targetOf(from: string, request: MoveRequest): Target {
  const { name, today, force } = request;
  if (name === "auto") return successorOf(from, today);
  const known = modelNamed(name);
  if (known !== null && isDead(known, today)) {
    const next = livingSuccessor(name, today);
    const instead = next === null ? "" : `; its successor is ${next}`;
    return refuse(`${name} was shut down on ${known.shutdown}${instead}`);
  }
  if (known !== null) {
    const { shutdown } = known;
    const note = `${name} will be shut down on ${shutdown}`;
    return { ok: true, to: name, notes: shutdown === null ? [] : [note] };
  }
  const names = MODELS.map((model) => model.name);
  if (!force) {
    const guess = didYouMean(name, names);
    const gap = guess === "" ? ";" : guess;
    return refuse(`${name} is not in Pipit's catalogue${gap} --force accepts it anyway`);
  }
  const note = `${name} is not in Pipit's catalogue: its price, voices and end are unknown`;
  return { ok: true, to: name, notes: [note] };
}

function successorOf(from: string, today: string): Target {
  const model = modelNamed(from);
  if (model === null) {
    return refuse(`${from} is not in Pipit's catalogue; name its successor with --model NAME`);
  }
  if (model.shutdown === null) {
    const { successor } = model;
    const newer = successor === null ? "" : `; the one after it is ${successor}`;
    return { ok: true, to: from, notes: [`No end of ${from} is announced${newer}`] };
  }
  const next = livingSuccessor(from, today);
  if (next === null) return refuse(`no living successor of ${from} is known`);
  return { ok: true, to: next, notes: [] };
}

function refuse(message: string): Extract<ModelPlan, { ok: false }> {
  return { ok: false, idle: false, message };
}

/** The keys that differ from what is configured, in the order of the table. */
function chain(settings: Settings, to: string, today: string): readonly Assignment[] {
  const lasts = (name: string): boolean => {
    const model = modelNamed(name);
    return model === null || (!isDead(model, today) && model.shutdown === null);
  };
  const legacyNow = settings["openai.legacy_model"];
  const standIn = STAND_INS.find((name) => name !== to && lasts(name));
  const legacy = legacyNow !== to && lasts(legacyNow) ? legacyNow : (standIn ?? legacyNow);
  const wanted = settings["openai.fallback_models"].filter(
    (name) => name !== to && name !== legacy && !isDeadName(name, today),
  );
  const spare = STAND_INS.find((name) => name !== to && name !== legacy && lasts(name));
  const fallback = wanted.length > 0 || spare === undefined ? wanted : [spare];
  const selection = settings["openai.model_selection"];
  const values: Assignment[] = [
    { key: "openai.model", value: to },
    // A forced choice asks nobody else: what is not read is not written.
    ...(selection === "auto"
      ? ([
          { key: "openai.legacy_model", value: legacy },
          { key: "openai.fallback_models", value: fallback },
        ] as const)
      : []),
    { key: "openai.model_selection", value: selection === "legacy" ? "new" : selection },
  ];
  return values.filter(({ key, value }) => !same(settings, key, value));
}

function same(settings: Settings, key: SettingKey, value: unknown): boolean {
  return JSON.stringify(settings[key]) === JSON.stringify(value);
}

/** One line of the comparison; equal sides mean that nothing changes. */
export interface Difference {
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

/** Tokens in a minute of sound (OpenAI's cost guide): the user's 1 per 100 ms, the model's 1 per 50 ms. */
const LISTENING_TOKENS = 600;
const SPEAKING_TOKENS = 1_200;

const PRICES = [
  ["text in", "textIn"],
  ["text in, cached", "textCached"],
  ["text out", "textOut"],
  ["audio in", "audioIn"],
  ["audio in, cached", "audioCached"],
  ["audio out", "audioOut"],
  ["image in", "imageIn"],
  ["image in, cached", "imageCached"],
] as const;

/** What is known of both models, side by side; empty when one of them is not in the catalogue. */
export function differences(move: ModelMove, settings: Settings): readonly Difference[] {
  const [a, b] = [modelNamed(move.from), modelNamed(move.to)];
  if (a === null || b === null) return [];
  const both = (what: string, of: (model: Model) => string): Difference => ({
    what,
    from: of(a),
    to: of(b),
  });
  const minute = (tokens: number, price: number): string =>
    `$${((tokens * price) / 1_000_000).toFixed(4)}`;
  const request = { ...voiceSettings(settings), autoSelect: true };
  const spoken = (model: Model): string => {
    const choice = chooseVoice(request, model.name);
    return choice.tag === "chosen" ? choice.voice : "none";
  };
  return [
    ...PRICES.map(([what, key]) => both(`${what}, per 1M tokens`, (its) => dollars(its, key))),
    both("a minute of your speech", (its) => minute(LISTENING_TOKENS, its.prices.audioIn)),
    both("a minute of answer", (its) => minute(SPEAKING_TOKENS, its.prices.audioOut)),
    both("voice that is used", spoken),
    both("context, tokens", (its) => String(its.contextTokens)),
    both("longest answer, tokens", (its) => String(its.maxOutputTokens)),
    both("reasoning", (its) => yes(its.reasoning)),
    both("sees images", (its) => yes(its.images)),
    both("will be shut down", (its) => its.shutdown ?? "no date known"),
  ];
}

function dollars(model: Model, key: (typeof PRICES)[number][1]): string {
  const price = model.prices[key];
  return price === 0 ? "none" : `$${price.toFixed(2)}`;
}

function yes(value: boolean): string {
  return value ? "yes" : "no";
}

/** What behaves differently, in sentences. */
export function behaviour(move: ModelMove, settings: Settings): readonly string[] {
  const [a, b] = [modelNamed(move.from), modelNamed(move.to)];
  const notes = [...move.notes];
  if (a === null || b === null) return notes;
  const lost = a.voices.filter((voice) => !b.voices.includes(voice));
  const gained = b.voices.filter((voice) => !a.voices.includes(voice));
  if (lost.length > 0) notes.push(`Voices lost: ${lost.join(", ")}`);
  if (gained.length > 0) notes.push(`Voices gained: ${gained.join(", ")}`);
  if (b.reasoning && !a.reasoning) {
    const cap = settings["openai.truncation"];
    const capped =
      cap === 0
        ? "openai.truncation is 0: nothing caps that"
        : `capped at ${cap} by openai.truncation`;
    notes.push(
      "It speaks short preambles (“let me see”) before it thinks or uses a tool, and an answer may have two pieces of sound",
      `It remembers up to ${b.contextTokens} tokens, and every answer pays for all that is remembered again: ${capped}`,
      "It thinks before it answers, and thinking is billed as text out: openai.reasoning_effort says how long",
    );
  }
  if (a.reasoning && !b.reasoning) notes.push("openai.reasoning_effort is not sent to it");
  return notes;
}
