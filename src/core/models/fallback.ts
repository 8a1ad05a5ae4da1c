/**
 * Which model answers: the configured ladder, and what is remembered about its rungs. Pure.
 *
 * A model that is gone, or not for this account, is passed over for a day; one whose server failed
 * several times cools down for minutes, after which it is the first choice again. A forced choice
 * (`new`, `legacy`) has one rung and never falls back.
 */

import type { Fault } from "../fault.ts";
import type { PublicSettings } from "../settings/table.ts";

/** How long a model is taken to be gone. */
export const GONE_MS = 24 * 3_600_000;
/** How long a failing model is left alone before it is tried first again. */
export const COOL_DOWN_MS = 5 * 60_000;

/** Models passed over, until a monotonic time; expired entries are dropped on the way. */
export interface Ladder {
  readonly passedOver: Readonly<Record<string, { readonly untilMs: number; readonly why: string }>>;
  /** The server asked us to come later; until then nothing is dialled. */
  readonly holdOff: { readonly untilMs: number; readonly why: Fault } | null;
  /** Whose memory this is, as a hash: what one account lacks, another may have. */
  readonly account: string;
}

export const FRESH_LADDER: Ladder = { passedOver: {}, holdOff: null, account: "" };

/** The memory as far as it holds: for another key or server it starts anew. */
export function chainFor(ladder: Ladder, account: string): Ladder {
  return ladder.account === account ? ladder : { ...FRESH_LADDER, account };
}

/** Longest time for which the server's "come later" is heeded without asking again. */
export const HOLD_OFF_MAX_MS = 10 * 60_000;

/** The models to try, in order, each once. */
export function rungs(settings: PublicSettings): readonly string[] {
  const { "openai.model": model, "openai.legacy_model": legacy } = settings;
  switch (settings["openai.model_selection"]) {
    case "new":
      return [model];
    case "legacy":
      return [legacy];
    case "auto":
      return [...new Set([model, legacy, ...settings["openai.fallback_models"]])];
  }
}

/** Near the end of the budget, `budget.mini_model` is asked alone: a chain would lead back to the dear ones. */
export function miniSettings<S extends PublicSettings>(settings: S): S {
  const model = settings["budget.mini_model"];
  return { ...settings, "openai.model": model, "openai.model_selection": "new" };
}

/** The first rung that is not passed over and not in `tried`; null when there is none left. */
export function nextRung(
  settings: PublicSettings,
  ladder: Ladder,
  tried: readonly string[],
  nowMs: number,
): string | null {
  const open = (model: string): boolean => (ladder.passedOver[model]?.untilMs ?? 0) <= nowMs;
  return rungs(settings).find((model) => !tried.includes(model) && open(model)) ?? null;
}

/**
 * Where a conversation starts. When every rung is passed over, the first one is asked all the same:
 * one attempt a wake is no hammering, and what was gone may have come back.
 */
export function firstRung(settings: PublicSettings, ladder: Ladder, nowMs: number): string {
  return nextRung(settings, ladder, [], nowMs) ?? rungs(settings)[0] ?? settings["openai.model"];
}

/** Remembers that `model` is not to be tried for `forMs`. */
export function passOver(
  ladder: Ladder,
  model: string,
  why: string,
  nowMs: number,
  forMs: number,
): Ladder {
  const kept = Object.entries(ladder.passedOver).filter(([, { untilMs }]) => untilMs > nowMs);
  const entry = { untilMs: nowMs + forMs, why };
  return { ...ladder, passedOver: { ...Object.fromEntries(kept), [model]: entry } };
}

/** The model answered: whatever was held against it is forgotten. */
export function answered(ladder: Ladder, model: string): Ladder {
  if (ladder.passedOver[model] === undefined) return ladder;
  const { [model]: _, ...passedOver } = ladder.passedOver;
  return { ...ladder, passedOver };
}

/** Nothing is dialled for `forMs`; a wake meanwhile is told `why`. */
export function holdOff(ladder: Ladder, why: Fault, nowMs: number, forMs: number): Ladder {
  return { ...ladder, holdOff: { untilMs: nowMs + Math.min(forMs, HOLD_OFF_MAX_MS), why } };
}
