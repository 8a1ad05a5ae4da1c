/**
 * What a number of tokens a day costs with two models, and what the one saves: the table that the
 * migration guide prints, computed from the catalogue's prices. Pure; money in whole micro-dollars.
 */

import type { Model, Prices } from "../../core/models/catalogue.ts";

/** A month as the guide counts it. */
const DAYS_A_MONTH = 30;
const DAYS_A_YEAR = 365;

export interface Spend {
  readonly dayMicroUsd: number;
  readonly monthMicroUsd: number;
  readonly yearMicroUsd: number;
}

export interface SavingsRow {
  /** What all the tokens are taken to be. */
  readonly tokens: string;
  readonly before: Spend;
  readonly after: Spend;
  readonly saved: Spend;
  /** Saved, of what it cost before; null where that was nothing. */
  readonly savedShare: number | null;
}

/** Mixed: as many tokens in as out. Nothing is cached here: what is costs less with either model. */
const KINDS: readonly (readonly [string, readonly (keyof Prices)[]])[] = [
  ["audio in", ["audioIn"]],
  ["audio out", ["audioOut"]],
  ["audio, half and half", ["audioIn", "audioOut"]],
  ["text in", ["textIn"]],
  ["text out", ["textOut"]],
  ["text, half and half", ["textIn", "textOut"]],
];

/** A row for each kind of tokens; `tokensPerDay` is a whole number, `after` costs instead of `before`. */
export function savings(tokensPerDay: number, before: Model, after: Model): readonly SavingsRow[] {
  return KINDS.map(([tokens, parts]) => {
    const cost = ({ prices }: Model): Spend => spend(tokensPerDay * mean(parts, prices));
    const [was, is] = [cost(before), cost(after)];
    const saved = {
      dayMicroUsd: was.dayMicroUsd - is.dayMicroUsd,
      monthMicroUsd: was.monthMicroUsd - is.monthMicroUsd,
      yearMicroUsd: was.yearMicroUsd - is.yearMicroUsd,
    };
    const savedShare = was.yearMicroUsd === 0 ? null : saved.yearMicroUsd / was.yearMicroUsd;
    return { tokens, before: was, after: is, saved, savedShare };
  });
}

/** US dollars a million tokens are micro-dollars a token. */
function mean(parts: readonly (keyof Prices)[], prices: Prices): number {
  return parts.reduce((sum, part) => sum + prices[part], 0) / parts.length;
}

function spend(microUsdPerDay: number): Spend {
  return {
    dayMicroUsd: Math.round(microUsdPerDay),
    monthMicroUsd: Math.round(microUsdPerDay * DAYS_A_MONTH),
    yearMicroUsd: Math.round(microUsdPerDay * DAYS_A_YEAR),
  };
}
