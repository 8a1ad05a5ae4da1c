/**
 * Dates on which models end, by name: the catalogue has its own, a server may send others. Whatever
 * it sends that is no date changes nothing.
 */

import { DAY_MS } from "../duration.ts";
import { type Fields, record, text } from "../json.ts";
import { modelNamed } from "./catalogue.ts";

const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** Entries read of a list of models; the real one has about a hundred. */
const LIST_MAX = 2_000;

/** Shutdown dates (YYYY-MM-DD) by model. */
export type ShutdownDates = Readonly<Record<string, string>>;

/** The dates in the answer to `GET /v1/models`, whatever that is. */
export function shutdownDates(answer: unknown): ShutdownDates {
  const list = record(answer)?.["data"];
  if (!Array.isArray(list)) return {};
  const dates: Record<string, string> = {};
  for (const entry of list.slice(0, LIST_MAX)) {
    const model: Fields | null = record(entry);
    const id = model && text(model, "id");
    const date = model && text(model, "shutdown_date");
    if (id && date && DATE.test(date) && !Number.isNaN(midnightMs(date))) dates[id] = date;
  }
  return dates;
}

/**
 * The day on which a model ends: the server's word before the catalogue's. A model may be named like
 * a property that every object has (`constructor`).
 */
export function shutdownOf(model: string, dates: ShutdownDates): string | null {
  const told = Object.hasOwn(dates, model) ? dates[model] : undefined;
  return told ?? modelNamed(model)?.shutdown ?? null;
}

/** Epoch milliseconds of midnight UTC, from the proleptic Gregorian calendar; NaN if there is no such day. */
export function midnightMs(date: string): number {
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  const lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  const length = lengths[month - 1];
  if (length === undefined || day < 1 || day > length) return Number.NaN;
  const before = lengths.slice(0, month - 1).reduce((sum, days) => sum + days, 0);
  const past = year - 1;
  const leaps = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  // 719,162 days lie between 0001-01-01 and 1970-01-01.
  return (past * 365 + leaps + before + day - 1 - 719_162) * DAY_MS;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}
