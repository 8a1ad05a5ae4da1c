/**
 * Wall time and instants, in the owner's time zone. Where the clocks change, the rule is the one
 * that Temporal calls "compatible": a time that is skipped counts as much later as the gap is long,
 * a time that comes twice means its first coming.
 */

import { DAY_MS } from "../duration.ts";

/** A day of the calendar (Gregorian), and a time of it. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Monday first, as ISO 8601 counts. */
export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Formatters kept; a house has one zone, and is asked about a few others. */
const FORMATTERS_MAX = 16;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Is it a name of the IANA database that this program knows? */
export function isZone(name: string): boolean {
  try {
    formatter(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Reads the wall time of one zone at an instant, milliseconds since 1970. */
export type ZoneReader = (epochMs: number) => WallTime;

/** The one zone that is read without Intl, whose first use takes 7 MB of a small machine's memory. */
let home: { readonly zone: string; readonly read: ZoneReader } | null = null;

/** From now on this zone is read by this; null: by Intl, as the others are. */
export function readZoneBy(zone: string, read: ZoneReader | null): void {
  home = read === null ? null : { zone, read };
}

/** `epochMs`: milliseconds since 1970. Throws a RangeError for a zone that is none. */
export function wallTimeAt(epochMs: number, zone: string): WallTime {
  if (zone === home?.zone) return home.read(epochMs);
  const found = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of formatter(zone).formatToParts(epochMs)) {
    if (isPartOfTime(type)) found[type] = Number(value);
  }
  return found;
}

/** Milliseconds since 1970 at which the clocks of the zone show this. Fields may overflow upwards. */
export function epochMsOf(wall: WallTime, zone: string): number {
  const plainMs = plainMsOf(wall);
  // A zone changes its offset at most once in two days: before and after are all there is.
  const before = offsetMs(plainMs - DAY_MS, zone);
  const after = offsetMs(plainMs + DAY_MS, zone);
  const fits = (offset: number): boolean => offsetMs(plainMs - offset, zone) === offset;
  // Earlier instants have the greater offset, so the first coming is that of `before` when it fits.
  if (fits(before)) return plainMs - before;
  return fits(after) ? plainMs - after : plainMs - before;
}

/** The day of the week of a day. */
export function weekdayOf(wall: Pick<WallTime, "year" | "month" | "day">): Weekday {
  // 1970-01-01 was a Thursday.
  const index = (((daysOf(wall) + 3) % 7) + 7) % 7;
  return WEEKDAYS[index] ?? "mon";
}

/** The day `days` later, at the same wall time. */
export function addDays(wall: WallTime, days: number): WallTime {
  return { ...wall, ...dateOf(daysOf(wall) + days) };
}

/** `2026-11-29`. */
export function dateText({ year, month, day }: Pick<WallTime, "year" | "month" | "day">): string {
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
}

/** `07:05`. */
export function timeText({ hour, minute }: Pick<WallTime, "hour" | "minute">): string {
  return `${two(hour)}:${two(minute)}`;
}

/** Does the calendar have this day? */
export function isDate({ year, month, day }: Pick<WallTime, "year" | "month" | "day">): boolean {
  const back = dateOf(daysOf({ year, month, day }));
  return back.year === year && back.month === month && back.day === day;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function isPartOfTime(type: string): type is keyof WallTime {
  return ["year", "month", "day", "hour", "minute", "second"].includes(type);
}

function formatter(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  if (formatters.size >= FORMATTERS_MAX) formatters.clear();
  formatters.set(zone, made);
  return made;
}

/** What the zone's clocks are ahead of UTC at an instant, milliseconds; whole seconds. */
function offsetMs(epochMs: number, zone: string): number {
  const wholeMs = Math.floor(epochMs / 1000) * 1000;
  return plainMsOf(wallTimeAt(wholeMs, zone)) - wholeMs;
}

/** The wall time as if its zone were UTC. */
function plainMsOf({ hour, minute, second, ...date }: WallTime): number {
  return daysOf(date) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
}

/** Days since 1970-01-01. The year counts from March, so that its leap day is its last. */
function daysOf({ year, month, day }: Pick<WallTime, "year" | "month" | "day">): number {
  const y = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return y * 365 + leapDays + dayOfYear - DAYS_TO_1970;
}

/** From 0000-03-01 to 1970-01-01. */
const DAYS_TO_1970 = 719_468;

function dateOf(days: number): { year: number; month: number; day: number } {
  const z = days + DAYS_TO_1970;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const lost = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524);
  const yearOfEra = Math.floor((dayOfEra - lost + Math.floor(dayOfEra / 146_096)) / 365);
  const before = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - before;
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * m + 2) / 5) + 1;
  const month = m < 10 ? m + 3 : m - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
