/**
 * Models that will stop answering: what to tell the owner, and when. The server's own dates win over
 * the catalogue's; whatever it sends that is no date changes nothing.
 */

import { DAY_MS } from "../duration.ts";
import { type Fields, record, text } from "../json.ts";
import type { Settings } from "../settings/table.ts";
import { modelNamed } from "./catalogue.ts";
import { rungs } from "./fallback.ts";

/** An announced end this near is worth a line a day. */
export const NOTICE_DAYS = 60;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** Entries read of a list of models; the real one has about a hundred. */
const LIST_MAX = 2_000;

/** Shutdown dates (YYYY-MM-DD) by model. */
export type ShutdownDates = Readonly<Record<string, string>>;

export interface Retirement {
  readonly model: string;
  readonly date: string;
  /** Whole days from today; negative: it is over. */
  readonly days: number;
  readonly successor: string | null;
}

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

/** The models of the ladder that end within NOTICE_DAYS, or have ended, soonest first. */
export function retirements(
  settings: Settings,
  dates: ShutdownDates,
  wallMs: number,
): readonly Retirement[] {
  const found: Retirement[] = [];
  for (const model of rungs(settings)) {
    const known = modelNamed(model);
    const date = dates[model] ?? known?.shutdown ?? null;
    if (date === null) continue;
    const days = Math.ceil((midnightMs(date) - wallMs) / DAY_MS);
    if (days > NOTICE_DAYS) continue;
    found.push({ model, date, days, successor: known?.successor ?? null });
  }
  return found.sort((a, b) => a.days - b.days);
}

/** One line for the journal. */
export function retirementLine({ model, date, days, successor }: Retirement): string {
  const instead =
    successor === null
      ? ""
      : `. Its successor is ${successor}: sudo pipit migrate-config --model auto`;
  return days <= 0
    ? `The model ${model} was shut down on ${date}; where it would be asked, the next one of the ladder answers${instead}`
    : `The model ${model} will be shut down on ${date}, in ${days} ${days === 1 ? "day" : "days"}${instead}`;
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
