/** The running month: what it has cost, what it will at this rate, and what the budget allows. */

import { DAY_MS } from "../../core/duration.ts";
import { FIRST_DAY } from "./buckets.ts";
import { sumOf } from "./summary.ts";
import { dateOf, dayOf, fromLocal, localDay, type Zone } from "./time.ts";
import { isConversation, type SessionView } from "./view.ts";

export interface Month {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly conversations: number;
  /** Micro-dollars that are certain. */
  readonly spentMicroUsd: number;
  /** Conversations whose cost is not wholly known. */
  readonly unknown: number;
  /** Days that count for the rate, begun ones included in part; at least one. */
  readonly days: number;
  readonly monthDays: number;
  /** At the end of the month, if it goes on like this. */
  readonly projectedMicroUsd: number;
  /** `budget.daily_usd` for all its days; null without a budget. */
  readonly capMicroUsd: number | null;
}

export interface MonthOptions {
  readonly zone: Zone;
  readonly nowMs: number;
  /** US dollars; 0: no budget. */
  readonly dailyUsd: number;
  /** What was asked for, milliseconds since 1970; null or absent: without an end on that side. */
  readonly sinceMs?: number | null;
  readonly untilMs?: number | null;
}

/** Null where nothing was recorded in it, or where the sessions are those of a part of it. */
export function monthOf(sessions: readonly SessionView[], options: MonthOptions): Month | null {
  const { zone, nowMs, dailyUsd, sinceMs = null, untilMs = null } = options;
  const { year, month } = dateOf(localDay(nowMs, zone));
  const firstDay = dayOf({ year, month, day: 1 });
  const monthDays = dayOf({ year, month: month + 1, day: 1 }) - firstDay;
  const beganMs = fromLocal(firstDay * DAY_MS, zone);
  if ((sinceMs ?? beganMs) > beganMs || (untilMs ?? nowMs) < nowMs) return null;
  const its = sessions.filter(({ startedMs }) => startedMs >= beganMs && startedMs <= nowMs);
  const [first] = its;
  if (first === undefined) return null;
  // What a clock that was not set has recorded is no earlier month.
  const isFirstMonth = !sessions.some(
    ({ startedMs }) => startedMs < beganMs && localDay(startedMs, zone) >= FIRST_DAY,
  );
  // An appliance that was set up in mid-month is not used less for the days before.
  const fromMs = isFirstMonth ? fromLocal(localDay(first.startedMs, zone) * DAY_MS, zone) : beganMs;
  const days = Math.max(1, (nowMs - fromMs) / DAY_MS);
  const leftDays = Math.max(0, monthDays - (nowMs - beganMs) / DAY_MS);
  const spentMicroUsd = sumOf(its.map(({ cost }) => cost.knownMicroUsd)) ?? 0;
  return {
    ...{ year, month, monthDays, days, spentMicroUsd },
    conversations: its.filter(isConversation).length,
    unknown: its.filter(({ cost }) => !cost.isWhole).length,
    projectedMicroUsd: Math.round(spentMicroUsd + (spentMicroUsd / days) * leftDays),
    capMicroUsd: dailyUsd > 0 ? Math.round(dailyUsd * 1e6 * monthDays) : null,
  };
}
