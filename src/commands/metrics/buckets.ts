/**
 * Conversations by day, week or month, as many steps as a plot can show.
 *
 * Invariant: steps follow each other without a gap, those without a conversation included, and there
 * are never more than STEPS_MAX of a unit (MONTHS_MAX of months).
 */

import { DAY_MS } from "../../core/duration.ts";
import { groupBy, type Summary, summarise } from "./summary.ts";
import { dateOf, dayOf, dayText, localDay, type Zone } from "./time.ts";
import { isConversation, type SessionView } from "./view.ts";

export type Unit = "day" | "week" | "month";

export interface Bucket {
  /** For the axis: `26 Nov`. */
  readonly label: string;
  /** For people and tables: `2026-11-26`, `week of 2026-11-23`, `November 2026`. */
  readonly name: string;
  readonly summary: Summary;
}

export interface Buckets {
  readonly unit: Unit;
  readonly buckets: readonly Bucket[];
  /** Conversations of a time when the clock was wrong, or before the oldest step: only in totals. */
  readonly outside: number;
}

/** Days, and then weeks, that one plot shows. */
export const STEPS_MAX = 92;
export const MONTHS_MAX = 240;
/** A Raspberry Pi without a clock begins in the past: nothing was recorded before Pipit was made. */
export const FIRST_DAY = dayOf({ year: 2025, month: 1, day: 1 });
/** Monday: 1970-01-01 was a Thursday. */
const MONDAY = 4;

const MONTHS = [
  ["Jan", "January"],
  ["Feb", "February"],
  ["Mar", "March"],
  ["Apr", "April"],
  ["May", "May"],
  ["Jun", "June"],
  ["Jul", "July"],
  ["Aug", "August"],
  ["Sep", "September"],
  ["Oct", "October"],
  ["Nov", "November"],
  ["Dec", "December"],
] as const;

/** `November 2026`; months count from 1. */
export function monthName(year: number, month: number): string {
  return `${MONTHS[month - 1]?.[1] ?? ""} ${year}`;
}

export function bucketsOf(
  sessions: readonly SessionView[],
  { zone, nowMs }: { readonly zone: Zone; readonly nowMs: number },
): Buckets {
  const lastDay = localDay(nowMs + DAY_MS, zone);
  const dayOfSession = ({ startedMs }: SessionView): number => localDay(startedMs, zone);
  const inTime = sessions.filter((session) => {
    const day = dayOfSession(session);
    return day >= FIRST_DAY && day <= lastDay;
  });
  const days = inTime.map(dayOfSession);
  const all = sessions.filter(isConversation).length;
  const first = days.reduce((least, day) => Math.min(least, day), Number.POSITIVE_INFINITY);
  const last = days.reduce((most, day) => Math.max(most, day), Number.NEGATIVE_INFINITY);
  if (days.length === 0) return { unit: "day", buckets: [], outside: all };
  const unit = unitFor(last - first + 1);
  const groups = groupBy(inTime, (session) => stepOf(dayOfSession(session), unit));
  const to = stepOf(last, unit);
  const from = Math.max(stepOf(first, unit), to - (unit === "month" ? MONTHS_MAX : STEPS_MAX) + 1);
  const buckets = Array.from({ length: to - from + 1 }, (_, index) => {
    const step = from + index;
    return { ...namesOf(step, unit), summary: summarise(groups.get(step) ?? []) };
  });
  const shown = buckets.reduce((sum, { summary }) => sum + summary.conversations, 0);
  return { unit, buckets, outside: all - shown };
}

function unitFor(days: number): Unit {
  if (days <= STEPS_MAX) return "day";
  return days <= 7 * (STEPS_MAX - 1) ? "week" : "month";
}

function stepOf(day: number, unit: Unit): number {
  if (unit === "day") return day;
  if (unit === "week") return Math.floor((day - MONDAY) / 7);
  const { year, month } = dateOf(day);
  return year * 12 + month - 1;
}

function namesOf(step: number, unit: Unit): Pick<Bucket, "label" | "name"> {
  if (unit === "month") {
    const [short, long] = MONTHS[step % 12] ?? ["", ""];
    const year = Math.floor(step / 12);
    return { label: `${short} ${year}`, name: `${long} ${year}` };
  }
  const day = unit === "week" ? step * 7 + MONDAY : step;
  const { year, month, day: ofMonth } = dateOf(day);
  const label = `${ofMonth} ${MONTHS[month - 1]?.[0] ?? ""}`;
  if (unit === "day") return { label, name: dayText(day) };
  return { label: `${label} ’${String(year).slice(2)}`, name: `week of ${dayText(day)}` };
}
