/**
 * Calendar and clock as texts, without a clock: UTC as in the metrics files, and local days for
 * people. The proleptic Gregorian calendar; a day is a whole number, 0 is 1970-01-01.
 */

import { DAY_MS } from "../../core/duration.ts";

/** Minutes east of UTC at a point in time (milliseconds since 1970): the machine's time zone. */
export type Zone = (epochMs: number) => number;

const MINUTE_MS = 60_000;

/** Days in the 400 years after which the calendar repeats. */
const ERA_DAYS = 146_097;
/** From 0000-03-01 to 1970-01-01: years are counted from March, so that leap days come last. */
const EPOCH_DAYS = 719_468;

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** The day's number; months and days beyond their range run on. */
export function dayOf({ year, month, day }: CivilDate): number {
  const fromMarch = month <= 2 ? year - 1 : year;
  const era = Math.floor(fromMarch / 400);
  const yearOfEra = fromMarch - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leaps = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * ERA_DAYS + yearOfEra * 365 + leaps + dayOfYear - EPOCH_DAYS;
}

/** The date of a day's number. */
export function dateOf(day: number): CivilDate {
  const fromMarch = Math.floor(day) + EPOCH_DAYS;
  const era = Math.floor(fromMarch / ERA_DAYS);
  const dayOfEra = fromMarch - era * ERA_DAYS;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const leaps = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - (365 * yearOfEra + leaps);
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}

/** Local day of a point in time. */
export function localDay(epochMs: number, zone: Zone): number {
  return Math.floor((epochMs + zone(epochMs) * MINUTE_MS) / DAY_MS);
}

/**
 * The first point in time at which local clocks show `localMs` (as if it were UTC) or more: where
 * they skip that time, the end of the skip; where they show it twice, the first. So a day begins at
 * its first existing moment, on both sides of Greenwich.
 */
export function fromLocal(localMs: number, zone: Zone): number {
  // No zone is further than 14 hours from UTC: a day before and after, one change at most between.
  const offsets = [zone(localMs - DAY_MS), zone(localMs + DAY_MS)];
  const [early = 0, late = 0] = offsets
    .map((offset) => localMs - offset * MINUTE_MS)
    .sort((a, b) => a - b);
  const shown = (epochMs: number): number => epochMs + zone(epochMs) * MINUTE_MS;
  if (shown(early) === localMs) return early;
  if (shown(late) === localMs) return late;
  let [before, after] = [early, late];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (shown(middle) < localMs) before = middle;
    else after = middle;
  }
  return after;
}

/** `2026-11-26`. */
export function dayText(day: number): string {
  const { year, month, day: dayOfMonth } = dateOf(day);
  return `${padded(year, 4)}-${padded(month)}-${padded(dayOfMonth)}`;
}

/** `2026-11-26 18:03`, local. */
export function localText(epochMs: number, zone: Zone): string {
  const localMs = epochMs + zone(epochMs) * MINUTE_MS;
  return `${dayText(Math.floor(localMs / DAY_MS))} ${clockOf(localMs).slice(0, 5)}`;
}

/** `2026-11-26T18:03:07.000Z`. */
export function utcText(epochMs: number): string {
  const ms = Math.round(epochMs);
  return `${dayText(Math.floor(ms / DAY_MS))}T${clockOf(ms)}.${padded(modulo(ms, 1_000), 3)}Z`;
}

/** `18:03:07`. */
function clockOf(ms: number): string {
  const seconds = Math.floor(modulo(ms, DAY_MS) / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => padded(part)).join(":");
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

function padded(value: number, digits = 2): string {
  return String(value).padStart(digits, "0");
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;

export interface IsoTime {
  /** As if the text were UTC. */
  readonly ms: number;
  /** Minutes east of UTC as written; null where the text does not say. */
  readonly offsetMin: number | null;
  readonly dateOnly: boolean;
}

/** An ISO 8601 date, or date and time; null for anything else, the 31st of February included. */
export function readIso(text: string): IsoTime | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const part = (index: number): number => Number(match[index] ?? 0);
  const date = { year: part(1), month: part(2), day: part(3) };
  if (date.month < 1 || date.month > 12) return null;
  const day = dayOf(date);
  if (date.day < 1 || dateOf(day).month !== date.month) return null;
  const [hours, minutes, seconds] = [part(4), part(5), part(6)];
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  const offsetMin = offsetOf(match[8]);
  if (offsetMin !== null && Math.abs(offsetMin) >= 24 * 60) return null;
  const clockMs = (hours * 3_600 + minutes * 60 + seconds) * 1_000 + Math.floor(part(7) * 1_000);
  return { ms: day * DAY_MS + clockMs, offsetMin, dateOnly: match[4] === undefined };
}

function offsetOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (text === "Z") return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2));
  return text.startsWith("-") ? -minutes : minutes;
}

/** Milliseconds since 1970 of a full time with its zone, as in the metrics files; else null. */
export function epochOf(text: string): number | null {
  const time = readIso(text);
  return time === null || time.offsetMin === null ? null : time.ms - time.offsetMin * MINUTE_MS;
}
