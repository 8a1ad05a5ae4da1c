/**
 * Timers as the text that outlives the process, and back. Invariant: any text is answered; what is
 * wrong in it costs that entry alone, and is counted.
 */

import { type Fields, number, record, text } from "../json.ts";
import {
  type AlarmEntry,
  ENTRIES_MAX,
  type Entry,
  MISSED_MAX,
  type Missed,
  NO_TIMERS,
  shortLabel,
  type Timers,
} from "./timers.ts";
import { WEEKDAYS, type Weekday } from "./wall-time.ts";

const SCHEMA = 1;
/** Fifty entries with everything at its longest have some 12 KiB. */
export const STORED_MAX_BYTES = 65_536;

/** The end of the year 9999. */
const MOMENT_MAX_MS = 253_402_300_799_999;

export function storedText({ nextId, entries, missed }: Timers): string {
  const stored = {
    schema: SCHEMA,
    next_id: nextId,
    entries: entries.map(entryOut),
    missed: missed.map(({ kind, label, dueMs }) => ({ kind, label, due_ms: dueMs })),
  };
  return `${JSON.stringify(stored, null, 1)}\n`;
}

function entryOut(entry: Entry): Fields {
  const { kind, id, label } = entry;
  if (entry.kind === "timer") return { kind, id, label, due_ms: entry.dueMs };
  const { hour, minute, date, days, afterMs } = entry;
  return { kind, id, label, hour, minute, date, days, after_ms: afterMs };
}

export interface Restored {
  readonly timers: Timers;
  /** Entries that could not be understood. */
  readonly lost: number;
}

/** Null: the text as a whole is not ours. */
export function restored(stored: string): Restored | null {
  const root = parsed(stored);
  if (root === null || root["schema"] !== SCHEMA) return null;
  const rows = list(root["entries"]);
  const entries: Entry[] = [];
  for (const row of rows.slice(0, ENTRIES_MAX)) {
    const entry = entryIn(record(row) ?? {});
    if (entry !== null && !entries.some(({ id }) => id === entry.id)) entries.push(entry);
  }
  const missed = list(root["missed"])
    .map((row) => missedIn(record(row) ?? {}))
    .filter((one) => one !== null)
    .slice(-MISSED_MAX);
  const nextId = whole(root, "next_id", 1, 999) ?? NO_TIMERS.nextId;
  return { timers: { nextId, entries, missed }, lost: rows.length - entries.length };
}

function parsed(stored: string): Fields | null {
  try {
    return record(JSON.parse(stored));
  } catch {
    return null;
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function entryIn(row: Fields): Entry | null {
  const id = whole(row, "id", 1, 999);
  const stored = text(row, "label");
  const label = stored === null ? undefined : shortLabel(stored);
  if (id === null || label === undefined) return null;
  if (row["kind"] === "alarm") return alarmIn(row, id, label);
  const dueMs = moment(row, "due_ms");
  return row["kind"] !== "timer" || dueMs === null ? null : { kind: "timer", id, label, dueMs };
}

function alarmIn(row: Fields, id: number, label: string): AlarmEntry | null {
  const [hour, minute] = [whole(row, "hour", 0, 23), whole(row, "minute", 0, 59)];
  const afterMs = moment(row, "after_ms");
  const date = text(row, "date");
  const days = list(row["days"]).filter(isWeekday);
  if (hour === null || minute === null || afterMs === null) return null;
  const isOnce = date !== null && /^\d{4}-\d{2}-\d{2}$/.test(date);
  if (!isOnce && days.length === 0) return null;
  return isOnce
    ? { kind: "alarm", id, label, hour, minute, date, days: [], afterMs }
    : { kind: "alarm", id, label, hour, minute, date: null, days, afterMs };
}

function missedIn(row: Fields): Missed | null {
  const { kind } = row;
  const [label, dueMs] = [text(row, "label"), moment(row, "due_ms")];
  if ((kind !== "timer" && kind !== "alarm") || label === null || dueMs === null) return null;
  return { kind, label: shortLabel(label), dueMs };
}

function isWeekday(value: unknown): value is Weekday {
  return WEEKDAYS.some((weekday) => weekday === value);
}

/** Milliseconds since 1970 that a calendar can show, in any zone. */
function moment(of: Fields, name: string): number | null {
  const value = number(of, name);
  return value !== null && Math.abs(value) <= MOMENT_MAX_MS ? value : null;
}

function whole(of: Fields, name: string, min: number, max: number): number | null {
  const value = number(of, name);
  return value !== null && Number.isInteger(value) && value >= min && value <= max ? value : null;
}
