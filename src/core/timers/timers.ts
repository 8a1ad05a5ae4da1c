/**
 * Timers and alarms: what there is, what is due, and what the owner's orders make of it. Pure: each
 * function gives the next `Timers`, or one sentence about why not.
 *
 * Theory: a timer is an instant (it ends after so long, whatever the clocks do); an alarm is a wall
 * time (it rings when the kitchen clock says seven), so its instant is worked out anew from the zone
 * of the day. An entry stays until its ringing is over: what loses power rings again.
 */

import { DAY_MS } from "../duration.ts";
import {
  addDays,
  dateText,
  epochMsOf,
  isDate,
  type WallTime,
  type Weekday,
  wallTimeAt,
  weekdayOf,
} from "./wall-time.ts";

export interface TimerEntry {
  readonly kind: "timer";
  readonly id: number;
  /** What it is for, in the owner's words; may be empty. */
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly dueMs: number;
}

export interface AlarmEntry {
  readonly kind: "alarm";
  readonly id: number;
  readonly label: string;
  readonly hour: number;
  readonly minute: number;
  /** `2026-11-29` for one that rings once; null for one that repeats. */
  readonly date: string | null;
  /** Empty for one that rings once. */
  readonly days: readonly Weekday[];
  /** It repeats after this instant, milliseconds since 1970. */
  readonly afterMs: number;
}

export type Entry = TimerEntry | AlarmEntry;

/** One whose ringing nobody stopped, or whose time passed while the appliance was off. */
export interface Missed {
  readonly kind: Entry["kind"];
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly dueMs: number;
}

export interface Timers {
  readonly nextId: number;
  readonly entries: readonly Entry[];
  readonly missed: readonly Missed[];
}

export const NO_TIMERS: Timers = { nextId: 1, entries: [], missed: [] };

/** More is a mistake of the model's; refused with a sentence. */
export const ENTRIES_MAX = 50;
/** The newest are kept. */
export const MISSED_MAX = 20;
export const LABEL_MAX_CHARS = 60;
/** Longer is an alarm's business. */
export const TIMER_MAX_S = 7 * 86_400;
/** A year and a month ahead. */
export const ALARM_AHEAD_MAX_MS = 400 * DAY_MS;
/** Later than this it is not rung any more, but told. */
export const LATE_MAX_MS = 10 * 60_000;
/** Ids start anew before they are hard to say. */
const ID_MAX = 999;

export type Outcome =
  | { readonly ok: true; readonly timers: Timers; readonly touched: readonly Entry[] }
  | { readonly ok: false; readonly problem: string };

/** The instant of the order, and the zone it is meant in. */
export interface Now {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  readonly zone: string;
}

/** `seconds` from now. */
export function addTimer(timers: Timers, seconds: number, label: string, now: Now): Outcome {
  const problem = wrongLength(seconds);
  if (problem !== null) return refused(problem);
  const dueMs = now.wallMs + Math.round(seconds * 1000);
  return added(timers, (id) => ({ kind: "timer", id, label: shortLabel(label), dueMs }));
}

/** A wall time that was understood: with its date, or with the days on which it repeats. */
export interface AlarmTime {
  readonly hour: number;
  readonly minute: number;
  readonly date: Pick<WallTime, "year" | "month" | "day"> | null;
  readonly days: readonly Weekday[];
}

/** Without date and days: the next time that the clock shows it. */
export function addAlarm(timers: Timers, time: AlarmTime, label: string, now: Now): Outcome {
  const rule = ruleOf(time, now);
  if (typeof rule === "string") return refused(rule);
  return added(timers, (id) => ({ kind: "alarm", id, label: shortLabel(label), ...rule }));
}

/** A timer gets `seconds` more (or less, where negative). */
export function addTime(timers: Timers, which: string, seconds: number, now: Now): Outcome {
  const chosen = choose(timers, which, "timer");
  if (typeof chosen === "string") return refused(chosen);
  const [entry] = chosen;
  if (entry?.kind !== "timer")
    return refused("Only a timer can be made longer; set the alarm again");
  const dueMs = entry.dueMs + Math.round(seconds * 1000);
  const problem = wrongLength((dueMs - now.wallMs) / 1000);
  return problem === null ? replaced(timers, { ...entry, dueMs }) : refused(problem);
}

/** An alarm moves to another time. */
export function moveAlarm(timers: Timers, which: string, time: AlarmTime, now: Now): Outcome {
  const chosen = choose(timers, which, "alarm");
  if (typeof chosen === "string") return refused(chosen);
  const [entry] = chosen;
  if (entry?.kind !== "alarm") return refused("That is a timer: add time to it, or set it again");
  const rule = ruleOf(time, now);
  return typeof rule === "string" ? refused(rule) : replaced(timers, { ...entry, ...rule });
}

/** `which`: an id, a label or part of one, `timer`, `alarm`, `all`; empty where there is but one. */
export function cancel(timers: Timers, which: string): Outcome {
  const all = /^(all|everything|\*)$/i.test(which.trim());
  const chosen = all ? timers.entries : choose(timers, which);
  if (typeof chosen === "string") return refused(chosen);
  if (chosen.length === 0) return refused("There are no timers and no alarms");
  const entries = timers.entries.filter((entry) => !chosen.includes(entry));
  return { ok: true, timers: { ...timers, entries }, touched: chosen };
}

/** When it rings next, milliseconds since 1970. */
export function dueMsOf(entry: Entry, zone: string): number {
  if (entry.kind === "timer") return entry.dueMs;
  const { hour, minute, date, days, afterMs } = entry;
  if (date !== null) {
    const [year = 1970, month = 1, day = 1] = date.split("-").map(Number);
    return epochMsOf({ year, month, day, hour, minute, second: 0 }, zone);
  }
  // The day before counts, too: a zone may have changed since, by up to a day.
  const today = { ...wallTimeAt(afterMs, zone), hour, minute, second: 0 };
  for (let ahead = -1; ahead <= 8; ahead++) {
    const wall = addDays(today, ahead);
    const dueMs = epochMsOf(wall, zone);
    if (dueMs > afterMs && days.includes(weekdayOf(wall))) return dueMs;
  }
  return Number.POSITIVE_INFINITY;
}

/** The next instant at which anything rings; null where nothing does. */
export function nextDueMs(timers: Timers, zone: string): number | null {
  const due = timers.entries.map((entry) => dueMsOf(entry, zone)).filter(Number.isFinite);
  return due.length === 0 ? null : Math.min(...due);
}

export interface Look {
  readonly timers: Timers;
  /** Due, and not too late: these ring. They stay until `over`. */
  readonly ringing: readonly Entry[];
  /** What has become too late since the last look. */
  readonly missed: readonly Missed[];
}

/** What is due. `held`: entries that are not looked at, because the clock is not to be believed. */
export function look(timers: Timers, now: Now, held: (entry: Entry) => boolean): Look {
  const ringing: Entry[] = [];
  const missed: Missed[] = [];
  let next = timers;
  for (const entry of timers.entries) {
    if (held(entry) || dueMsOf(entry, now.zone) > now.wallMs) continue;
    const dueMs = dueMsOf(entry, now.zone);
    if (now.wallMs - dueMs <= LATE_MAX_MS) {
      ringing.push(entry);
      continue;
    }
    missed.push({ kind: entry.kind, label: entry.label, dueMs });
    next = without(next, entry, now.wallMs - LATE_MAX_MS - 1);
    const again = next.entries.find(({ id }) => id === entry.id);
    if (again !== undefined && dueMsOf(again, now.zone) <= now.wallMs) ringing.push(again);
  }
  return { timers: withMissed(next, missed), ringing, missed };
}

/** Their ringing is over; `unheard`: nobody stopped it. */
export function over(timers: Timers, rung: readonly Entry[], unheard: boolean, now: Now): Timers {
  const missed: Missed[] = [];
  let next = timers;
  for (const { id } of rung) {
    const entry = next.entries.find((one) => one.id === id);
    if (entry === undefined) continue; // Cancelled while it rang.
    const dueMs = dueMsOf(entry, now.zone);
    if (unheard) missed.push({ kind: entry.kind, label: entry.label, dueMs });
    next = without(next, entry, dueMs);
  }
  return withMissed(next, missed);
}

/** Timers that count from a clock which was put right by `stepMs` while they ran. */
export function shifted(timers: Timers, stepMs: number, own: (entry: Entry) => boolean): Timers {
  const entries = timers.entries.map((entry) =>
    entry.kind === "timer" && own(entry) ? { ...entry, dueMs: entry.dueMs + stepMs } : entry,
  );
  return { ...timers, entries };
}

/** What was missed has been told. */
export function announcedMissed(timers: Timers): Timers {
  return { ...timers, missed: [] };
}

/** One-shot: gone. Repeating: waits for its next day after `afterMs`. */
function without(timers: Timers, entry: Entry, afterMs: number): Timers {
  const repeats = entry.kind === "alarm" && entry.date === null;
  const entries = repeats
    ? timers.entries.map((one) => (one.id === entry.id ? { ...entry, afterMs } : one))
    : timers.entries.filter((one) => one.id !== entry.id);
  return { ...timers, entries };
}

function withMissed(timers: Timers, missed: readonly Missed[]): Timers {
  if (missed.length === 0) return timers;
  return { ...timers, missed: [...timers.missed, ...missed].slice(-MISSED_MAX) };
}

function wrongLength(seconds: number): string | null {
  if (!Number.isFinite(seconds) || seconds < 1) return "A timer needs at least one second";
  return seconds > TIMER_MAX_S ? "A timer has at most seven days; set an alarm instead" : null;
}

type Rule = Pick<AlarmEntry, "hour" | "minute" | "date" | "days" | "afterMs">;

function ruleOf(time: AlarmTime, { wallMs, zone }: Now): Rule | string {
  const { hour, minute, days } = time;
  if (days.length > 0) return { hour, minute, date: null, days, afterMs: wallMs };
  if (time.date !== null && !isDate(time.date)) return "The calendar has no such day";
  const today = wallTimeAt(wallMs, zone);
  const wall = { ...today, ...(time.date ?? {}), hour, minute, second: 0 };
  const isOver = epochMsOf(wall, zone) <= wallMs;
  if (isOver && time.date !== null) return "That time is already over";
  const day = isOver ? addDays(wall, 1) : wall;
  if (epochMsOf(day, zone) - wallMs > ALARM_AHEAD_MAX_MS) {
    return "An alarm is at most a year ahead";
  }
  return { hour, minute, date: dateText(day), days: [], afterMs: wallMs };
}

function added(timers: Timers, make: (id: number) => Entry): Outcome {
  if (timers.entries.length >= ENTRIES_MAX) {
    return refused(`There are ${ENTRIES_MAX} timers and alarms already; cancel some first`);
  }
  let id = timers.nextId;
  while (timers.entries.some((entry) => entry.id === id)) id = (id % ID_MAX) + 1;
  const entry = make(id);
  const entries = [...timers.entries, entry];
  return { ok: true, timers: { ...timers, nextId: (id % ID_MAX) + 1, entries }, touched: [entry] };
}

function replaced(timers: Timers, entry: Entry): Outcome {
  const entries = timers.entries.map((one) => (one.id === entry.id ? entry : one));
  return { ok: true, timers: { ...timers, entries }, touched: [entry] };
}

/** The one that is meant, or the sentence that asks which. */
function choose(timers: Timers, which: string, kind?: Entry["kind"]): readonly Entry[] | string {
  const asked = which.trim().replace(/^#/, "").toLowerCase();
  const ofKind = timers.entries.filter((entry) => kind === undefined || entry.kind === kind);
  const noun = kind === undefined ? "timer or alarm" : kind;
  if (ofKind.length === 0) return `There is no ${noun}`;
  const byId = ofKind.filter(({ id }) => String(id) === asked);
  if (byId.length > 0) return byId;
  const fitting = matching(ofKind, asked);
  const [only] = fitting;
  if (fitting.length === 1 && only !== undefined) return [only];
  const listed = (fitting.length > 0 ? fitting : ofKind).map(nameOf).join(", ");
  if (fitting.length > 1) return `Several fit; ask which one is meant: ${listed}`;
  return `No ${noun} is called "${which}"; there are: ${listed}`;
}

function matching(entries: readonly Entry[], asked: string): readonly Entry[] {
  if (asked === "") return entries;
  const exact = entries.filter(({ label }) => label.toLowerCase() === asked);
  if (exact.length > 0) return exact;
  const part = entries.filter(({ label }) => label !== "" && isPart(label.toLowerCase(), asked));
  if (part.length > 0) return part;
  return entries.filter((entry) => entry.kind === asked);
}

/** "the pasta one" means the timer "pasta". */
function isPart(label: string, asked: string): boolean {
  return label.includes(asked) || asked.split(/\s+/).includes(label);
}

/** `#3 timer "pasta"`. */
export function nameOf({ id, kind, label }: Entry): string {
  return label === "" ? `#${id} ${kind}` : `#${id} ${kind} "${label}"`;
}

export function shortLabel(label: string): string {
  return label
    .replaceAll(/[\p{Cc}"\s]+/gu, " ")
    .trim()
    .slice(0, LABEL_MAX_CHARS);
}

function refused(problem: string): Outcome {
  return { ok: false, problem };
}
