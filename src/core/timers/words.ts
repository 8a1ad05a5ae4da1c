/** Timers and alarms in words and as data: for the terminal, the model, and programs. */

import { durationText } from "../duration.ts";
import { dueMsOf, type Entry, type Missed, type Now, nameOf, type Timers } from "./timers.ts";
import { dateText, timeText, wallTimeAt } from "./wall-time.ts";

/** `#3 timer "pasta": 4 min 10 s left, at 18:32`, `#4 alarm: 07:00 mon fri, next 2026-11-30`. */
export function entryText(entry: Entry, now: Now): string {
  const dueMs = dueMsOf(entry, now.zone);
  const wall = wallTimeAt(dueMs, now.zone);
  if (entry.kind === "timer") {
    const leftS = Math.round((dueMs - now.wallMs) / 1000);
    const left = leftS <= 0 ? "ringing" : `${durationText(leftS)} left`;
    return `${nameOf(entry)}: ${left}, at ${timeText(wall)}`;
  }
  const days = entry.days.length === 7 ? "every day" : entry.days.join(" ");
  const when = entry.date === null ? `${days}, next ${dateText(wall)}` : dateText(wall);
  return `${nameOf(entry)}: ${timeText(entry)} ${when}`;
}

/** `timer "pasta" at 2026-11-28 18:32`. */
export function missedText({ kind, label, dueMs }: Missed, zone: string): string {
  const wall = wallTimeAt(dueMs, zone);
  const name = label === "" ? kind : `${kind} "${label}"`;
  return `${name} at ${dateText(wall)} ${timeText(wall)}`;
}

/** What `pipit timers --json` promises for each entry. Times in ISO 8601, UTC, and in seconds. */
export function entryData(entry: Entry, now: Now): Readonly<Record<string, unknown>> {
  const dueMs = dueMsOf(entry, now.zone);
  const wall = wallTimeAt(dueMs, now.zone);
  return {
    id: entry.id,
    kind: entry.kind,
    label: entry.label,
    due: `${dateText(wall)}T${timeText(wall)}`,
    due_epoch_s: Math.round(dueMs / 1000),
    left_s: Math.max(0, Math.round((dueMs - now.wallMs) / 1000)),
    days: entry.kind === "alarm" ? entry.days : [],
  };
}

/** All of them, the next one first. */
export function timersData(
  timers: Timers,
  ringing: readonly Entry[],
  now: Now,
): Readonly<Record<string, unknown>> {
  const inOrder = timers.entries.toSorted((a, b) => dueMsOf(a, now.zone) - dueMsOf(b, now.zone));
  return {
    zone: now.zone,
    timers: inOrder.map((entry) => entryData(entry, now)),
    lines: inOrder.map((entry) => entryText(entry, now)),
    ringing: ringing.map(nameOf),
    missed: timers.missed.map((missed) => missedText(missed, now.zone)),
  };
}
