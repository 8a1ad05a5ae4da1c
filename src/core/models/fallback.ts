/**
 * Which model answers: the configured chain, and what is remembered about its candidates. Pure.
 *
 * A model that is gone, or not for this account, is marked unavailable for a day; one whose server failed
 * several times cools down for minutes, after which it is the first choice again. A forced choice
 * (`new`, `legacy`) has one candidate and never falls back.
 */

import type { Fault } from "../fault.ts";
import type { PublicSettings, SettingKey } from "../settings/table.ts";

/** How long a model is taken to be gone. */
export const GONE_MS = 24 * 3_600_000;
/** How long a failing model is left alone before it is tried first again. */
export const COOL_DOWN_MS = 5 * 60_000;

/** Models marked unavailable, until a monotonic time; expired entries are dropped on the way. */
export interface FallbackChain {
  readonly unavailable: Readonly<
    Record<string, { readonly untilMs: number; readonly why: string }>
  >;
  /** The server asked us to come later; until then nothing is dialled. */
  readonly retryAfter: { readonly untilMs: number; readonly why: Fault } | null;
  /** Whose memory this is, as a hash: what one account lacks, another may have. */
  readonly account: string;
}

export const FRESH_CHAIN: FallbackChain = { unavailable: {}, retryAfter: null, account: "" };

/** The memory as far as it holds: for another key or server it starts anew. */
export function chainFor(chain: FallbackChain, account: string): FallbackChain {
  return chain.account === account ? chain : { ...FRESH_CHAIN, account };
}

/** Longest time for which the server's "come later" is heeded without asking again. */
export const CHAIN_WAIT_MAX_MS = 10 * 60_000;

/** The keys that name the models to try, and the names, in order. */
export function namesInUse(settings: PublicSettings): readonly (readonly [SettingKey, string])[] {
  const model = ["openai.model", settings["openai.model"]] as const;
  const legacy = ["openai.legacy_model", settings["openai.legacy_model"]] as const;
  const more = settings["openai.fallback_models"].map(
    (name) => ["openai.fallback_models", name] as const,
  );
  switch (settings["openai.model_selection"]) {
    case "new":
      return [model];
    case "legacy":
      return [legacy];
    case "auto":
      return [model, legacy, ...more];
  }
}

/** The models to try, in order, each once. */
export function chainOf(settings: PublicSettings): readonly string[] {
  return [...new Set(namesInUse(settings).map(([, name]) => name))];
}

/** Near the end of the budget, `budget.mini_model` is asked alone: a chain would lead back to the dear ones. */
export function miniSettings<S extends PublicSettings>(settings: S): S {
  const model = settings["budget.mini_model"];
  return { ...settings, "openai.model": model, "openai.model_selection": "new" };
}

/** The first candidate that is not marked unavailable and not in `tried`; null when there is none left. */
export function nextCandidate(
  settings: PublicSettings,
  chain: FallbackChain,
  tried: readonly string[],
  nowMs: number,
): string | null {
  const open = (model: string): boolean => (chain.unavailable[model]?.untilMs ?? 0) <= nowMs;
  return chainOf(settings).find((model) => !tried.includes(model) && open(model)) ?? null;
}

/**
 * Where a conversation starts. When every candidate is marked unavailable, the first one is asked all the same:
 * one attempt a wake is no hammering, and what was gone may have come back.
 */
export function firstCandidate(
  settings: PublicSettings,
  chain: FallbackChain,
  nowMs: number,
): string {
  return (
    nextCandidate(settings, chain, [], nowMs) ?? chainOf(settings)[0] ?? settings["openai.model"]
  );
}

/** Remembers that `model` is not to be tried for `forMs`. */
export function markUnavailable(
  chain: FallbackChain,
  model: string,
  why: string,
  nowMs: number,
  forMs: number,
): FallbackChain {
  const kept = Object.entries(chain.unavailable).filter(([, { untilMs }]) => untilMs > nowMs);
  const entry = { untilMs: nowMs + forMs, why };
  return { ...chain, unavailable: { ...Object.fromEntries(kept), [model]: entry } };
}

/** The model answered: whatever was held against it is forgotten. */
export function answered(chain: FallbackChain, model: string): FallbackChain {
  if (!Object.hasOwn(chain.unavailable, model)) return chain;
  const { [model]: _, ...unavailable } = chain.unavailable;
  return { ...chain, unavailable };
}

/** Nothing is dialled for `forMs`; a wake meanwhile is told `why`. */
export function retryAfter(
  chain: FallbackChain,
  why: Fault,
  nowMs: number,
  forMs: number,
): FallbackChain {
  return { ...chain, retryAfter: { untilMs: nowMs + Math.min(forMs, CHAIN_WAIT_MAX_MS), why } };
}
