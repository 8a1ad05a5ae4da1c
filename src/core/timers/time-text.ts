/** Times as people and the model write them: `10m`, `1h30m`, `07:00`, `2026-11-29T07:00`, `mon,fri`. */

import type { AlarmTime } from "./timers.ts";
import { WEEKDAYS, type Weekday } from "./wall-time.ts";

const UNIT_S: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, min: 60, s: 1 };

/** Seconds of `90`, `45s`, `10m`, `10 min`, `1h30m`; null for anything else. */
export function secondsOf(text: string): number | null {
  const words = text.trim().toLowerCase();
  if (/^\d{1,6}$/.test(words)) return Number(words);
  if (!/^(?:\d{1,6}\s*(?:d|h|min|m|s)\s*)+$/.test(words)) return null;
  let seconds = 0;
  for (const [, count = "", unit = ""] of words.matchAll(/(\d{1,6})\s*(d|h|min|m|s)/g)) {
    seconds += Number(count) * (UNIT_S[unit] ?? 0);
  }
  return seconds;
}

const AT = /^(?:(\d{4})-(\d{2})-(\d{2})[T ])?([01]?\d|2[0-3]):([0-5]\d)(?::\d{2})?$/;

/** `07:00`, or with a date before it; `days` makes it repeat. A string is what is wrong. */
export function alarmTimeOf(at: string, days: readonly string[]): AlarmTime | string {
  const match = AT.exec(at.trim());
  if (match === null) return `"${at}" is not a time: write 07:00 or 2026-11-29T07:00`;
  const [, year, month, day, hour, minute] = match;
  const known: Weekday[] = [];
  for (const name of days) {
    const found = daysNamed(name);
    if (found === null) return `"${name}" is no day: write ${WEEKDAYS.join(", ")}`;
    known.push(...found);
  }
  if (known.length > 0 && year !== undefined) return "An alarm has a date or weekdays, not both";
  const date =
    year === undefined ? null : { year: Number(year), month: Number(month), day: Number(day) };
  const ordered = WEEKDAYS.filter((weekday) => known.includes(weekday));
  return { hour: Number(hour), minute: Number(minute), date, days: ordered };
}

/** `mon`, `Monday`, `weekdays`, `weekend`, `daily`. */
function daysNamed(name: string): readonly Weekday[] | null {
  const word = name.trim().toLowerCase();
  if (/^(daily|every ?day)$/.test(word)) return WEEKDAYS;
  if (/^weekdays?$/.test(word)) return WEEKDAYS.slice(0, 5);
  if (/^weekends?$/.test(word)) return WEEKDAYS.slice(5);
  const found = WEEKDAYS.find((weekday) => word.length >= 3 && word.startsWith(weekday));
  return found === undefined ? null : [found];
}
