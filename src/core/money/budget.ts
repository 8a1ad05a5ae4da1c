/**
 * The daily budget, judged: how far it is spent, whether an answer may still be asked for, and which
 * model gives it. Pure; what was spent comes with the moment (see app/spending.ts).
 *
 * Invariant: beyond `budget.daily_usd` nothing is asked for, unless `budget.action` is `warn`. So a
 * day costs its budget and, at the most, the response that was under way when it was reached.
 */

import { type Fault, fault } from "../fault.ts";
import { miniSettings } from "../models/fallback.ts";
import type { PublicSettings } from "../settings/table.ts";

/** `near`: `budget.warn_at` of it is spent; `spent`: all of it. */
export type BudgetLevel = "calm" | "near" | "spent";

const ORDER: readonly BudgetLevel[] = ["calm", "near", "spent"];

/** Is `level` further on than `other`? */
export function isBeyond(level: BudgetLevel, other: BudgetLevel): boolean {
  return ORDER.indexOf(level) > ORDER.indexOf(other);
}

/** Micro-dollars a day; 0: there is no budget. */
export function dailyMicroUsd(settings: PublicSettings): number {
  return Math.round(settings["budget.daily_usd"] * 1e6);
}

export function budgetLevel(settings: PublicSettings, spentMicroUsd: number): BudgetLevel {
  const daily = dailyMicroUsd(settings);
  if (daily === 0) return "calm";
  if (spentMicroUsd >= daily) return "spent";
  return spentMicroUsd >= daily * settings["budget.warn_at"] ? "near" : "calm";
}

/** May nothing more be asked for today? */
export function isRefused(settings: PublicSettings, spentMicroUsd: number): boolean {
  if (settings["budget.action"] === "warn") return false;
  return budgetLevel(settings, spentMicroUsd) === "spent";
}

/** Why nothing more may be asked for today; null where it may. */
export function budgetExceeded(settings: PublicSettings, spentMicroUsd: number): Fault | null {
  return isRefused(settings, spentMicroUsd) ? budgetFault("spent", settings, spentMicroUsd) : null;
}

/** The settings for a conversation that begins now: near the budget's end, `mini` has its own model. */
export function thriftySettings(settings: PublicSettings, spentMicroUsd: number): PublicSettings {
  if (settings["budget.action"] !== "mini") return settings;
  if (budgetLevel(settings, spentMicroUsd) === "calm") return settings;
  return miniSettings(settings);
}

/** What the owner is told when this level has been reached. */
export function budgetFault(
  level: "near" | "spent",
  settings: PublicSettings,
  spent: number,
): Fault {
  const daily = dollars(dailyMicroUsd(settings));
  if (level === "near") {
    const what = `${dollars(spent)} of today's budget of ${daily} is spent`;
    return fault("budget-near", "report", what, nearRemedy(settings));
  }
  const what = `Today's budget of ${daily} is spent (${dollars(spent)})`;
  return fault("budget", "report", what, spentRemedy(settings));
}

const RESET = "It resets at midnight";
const RAISE = "for more, raise budget.daily_usd and reload";

function nearRemedy(settings: PublicSettings): string {
  switch (settings["budget.action"]) {
    case "warn":
      return `${RESET}; budget.action is warn: nothing will be refused`;
    case "mini":
      return `${settings["budget.mini_model"]} answers from the next conversation on. ${RESET}; ${RAISE}`;
    case "refuse":
      return `${RESET}; ${RAISE}`;
  }
}

function spentRemedy(settings: PublicSettings): string {
  const goesOn = "budget.action is warn: conversations go on";
  return `${RESET}; ${settings["budget.action"] === "warn" ? goesOn : RAISE}`;
}

function dollars(microUsd: number): string {
  return `$${(microUsd / 1e6).toFixed(microUsd < 10_000 ? 4 : 2)}`;
}

/** The budget as `pipit status` and the metrics tell it; null where there is none. */
export function budgetStatus(
  settings: PublicSettings,
  spentMicroUsd: number,
): Readonly<Record<string, unknown>> | null {
  const daily = dailyMicroUsd(settings);
  if (daily === 0) return null;
  return {
    daily_usd: daily / 1e6,
    spent_usd: spentMicroUsd / 1e6,
    left_usd: Math.max(0, daily - spentMicroUsd) / 1e6,
    action: settings["budget.action"],
    state: budgetLevel(settings, spentMicroUsd),
  };
}
