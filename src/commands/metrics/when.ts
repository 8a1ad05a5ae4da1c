/** What an owner types for a point in time: `today`, `7d`, `24h`, `2026`, `2026-11-01`, or ISO 8601. */

import { DAY_MS } from "../../core/duration.ts";
import { dayOf, fromLocal, localDay, readIso, type Zone } from "./time.ts";

const UNITS_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: DAY_MS,
  w: 7 * DAY_MS,
};
/** Days may do without their letter as long as nobody takes them for a year. */
const AGO = /^(?:(\d{1,5})([mhdw])|(\d{1,3}))$/;
const YEAR = /^(?:19|20)\d\d$/;
const MONTH = /^(\d{4})-(\d\d)$/;
/** The forms that an error message names. */
const ALLOWED =
  "today, yesterday, 7d, 24h, 2026-11-01, 2026-11, 2026, or a time as 2026-11-01T18:00";

export type When =
  | { readonly ok: true; readonly atMs: number }
  | { readonly ok: false; readonly problem: string };

/**
 * A point in time, milliseconds since 1970. `7d` is that long before `nowMs`, as is `7`; `today`,
 * `yesterday`, a date, a month (`2026-11`) and a year are the beginning of that local time, or its end with
 * `end`; a time without a zone is local.
 */
export function readWhen(text: string, nowMs: number, zone: Zone, end = false): When {
  const ago = AGO.exec(text);
  if (ago !== null) return fine(nowMs - Number(ago[1] ?? ago[3]) * (UNITS_MS[ago[2] ?? "d"] ?? 0));
  const days = daysNamed(text.toLowerCase(), localDay(nowMs, zone));
  if (days !== null) return edge(days, zone, end);
  const time = readIso(text);
  if (time === null) return { ok: false, problem: `"${text}" is not a time; write ${ALLOWED}` };
  if (time.offsetMin !== null) return fine(time.ms - time.offsetMin * 60_000);
  if (!time.dateOnly) return fine(fromLocal(time.ms, zone));
  return edge([time.ms / DAY_MS, time.ms / DAY_MS], zone, end);
}

/** First and last day of what has a name, of a year or a month; null for anything else. */
function daysNamed(text: string, today: number): readonly [number, number] | null {
  if (text === "today") return [today, today];
  if (text === "yesterday") return [today - 1, today - 1];
  if (YEAR.test(text)) {
    const newYear = { year: Number(text), month: 1, day: 1 };
    return [dayOf(newYear), dayOf({ ...newYear, year: newYear.year + 1 }) - 1];
  }
  const [, year, month] = MONTH.exec(text) ?? [];
  if (year === undefined || Number(month) < 1 || Number(month) > 12) return null;
  const first = { year: Number(year), month: Number(month), day: 1 };
  return [dayOf(first), dayOf({ ...first, month: first.month + 1 }) - 1];
}

/** The beginning of the first day, or the end of the last: the beginning of the next, less one. */
function edge([first, last]: readonly [number, number], zone: Zone, end: boolean): When {
  if (!end) return fine(fromLocal(first * DAY_MS, zone));
  return fine(fromLocal((last + 1) * DAY_MS, zone) - 1);
}

function fine(atMs: number): When {
  return { ok: true, atMs };
}

/** Days in a mean month of the calendar, for projections: 400 years have 146,097 days. */
export const MONTH_DAYS = 146_097 / 4_800;
