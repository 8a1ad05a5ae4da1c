/**
 * How a run ended: the record that the next one reads, and the one line about it.
 *
 * Invariants: a record is whole or it is none; what systemd said and what the run itself said about
 * its end are joined, not overwritten; an orderly stop has no line.
 */

import { oneLine } from "./fault.ts";
import { parseJson, record } from "./json.ts";
import type { Written } from "./settings/loss.ts";
import { isSettingKey } from "./settings/table.ts";

/** The longest remembered message, characters. */
const MESSAGE_MAX_CHARS = 300;
/** The longest word of systemd's that is kept, characters. */
const WORD_MAX_CHARS = 40;
/** Starts that are remembered; more within an hour count as this many. */
const STARTS_MAX = 60;
const HOUR_MS = 3_600_000;
/** From so many starts within an hour on, the line says how many there were. */
const STARTS_COUNTED_MIN = 3;

/** Why a run ended, as far as it could say so itself. */
export type OwnWord = "bug" | "fault" | "config" | null;

export interface RunEnd {
  readonly atMs: number;
  /** $SERVICE_RESULT of systemd.exec(5); empty until systemd has spoken. */
  readonly result: string;
  /** $EXIT_STATUS: an exit code or a signal's name without SIG; empty as above. */
  readonly status: string;
  readonly own: OwnWord;
  /** The run's own last word, one line; may be empty. */
  readonly message: string;
}

export interface RunRecord {
  /** Which boot of the machine, and which start by systemd, it was. */
  readonly bootId: string;
  readonly invocation: string;
  /** Milliseconds since 1970, like all times here. */
  readonly startedMs: number;
  /** Starts of the last hour, this one included, oldest first. */
  readonly starts: readonly number[];
  /** What its configuration said itself; null in records of older versions. */
  readonly written: Written | null;
  /** Null: it is running, or had no chance to say anything. */
  readonly end: RunEnd | null;
}

export type Start = Pick<RunRecord, "bootId" | "invocation" | "startedMs">;

/** The record of a run that begins, after what is known of the one before. */
export function begun(before: RunRecord | null, start: Start): RunRecord {
  const recent = (before?.starts ?? []).filter(
    (atMs) => atMs <= start.startedMs && start.startedMs - atMs < HOUR_MS,
  );
  const starts = [...recent, start.startedMs].slice(-STARTS_MAX);
  // A start that was refused says nothing of a configuration: what is known stays.
  return { ...start, starts, written: before?.written ?? null, end: null };
}

/** The record of a run that has said something about its end, or about which systemd has. */
export function ended(
  run: RunRecord,
  word: Partial<RunEnd> & { readonly atMs: number },
): RunRecord {
  const known = run.end ?? { atMs: 0, result: "", status: "", own: null, message: "" };
  const end = { ...known, ...word };
  return { ...run, end: { ...end, message: oneLine(end.message, MESSAGE_MAX_CHARS) } };
}

export interface ExitNews {
  readonly level: "notice" | "warning" | "error";
  readonly line: string;
}

/** What the owner should hear of the run before; null when it was stopped in good order. */
export function exitNews(before: RunRecord | null, now: Start): ExitNews | null {
  if (before === null) return null;
  const news = before.end === null ? cutShort(before, now) : endNews(before.end);
  if (news === null) return null;
  const count = begun(before, now).starts.length;
  const often = count < STARTS_COUNTED_MIN ? "" : ` (${count} starts within the last hour)`;
  return { level: news.level, line: news.line + often };
}

/** The same for `pipit status`, good order included; null when nothing is known. */
export function exitText(before: RunRecord | null, now: Start): string | null {
  return before === null ? null : (exitNews(before, now)?.line ?? "Stopped in good order");
}

function cutShort(before: RunRecord, now: Start): ExitNews {
  return before.bootId === now.bootId
    ? { level: "warning", line: "The last run ended unexpectedly, without a message" }
    : { level: "warning", line: "The machine lost its power or was reset during the last run" };
}

function endNews(end: RunEnd): ExitNews | null {
  const words = end.message === "" ? "" : `: ${end.message}`;
  if (end.own === "config") {
    return { level: "notice", line: `The last start was refused${words}` };
  }
  if (end.own === "bug") return { level: "error", line: `The last run ended by a bug${words}` };
  if (end.own === "fault") return { level: "warning", line: `The last run failed${words}` };
  switch (end.result) {
    case "success":
    case "exec-condition":
    case "": // it stopped by itself, and systemd had no chance to add anything
      return null;
    case "watchdog":
      return { level: "error", line: "The last run hung, and the watchdog ended it" };
    case "oom-kill":
      return { level: "error", line: "The last run was ended because memory ran out" };
    case "timeout":
      return {
        level: "warning",
        line: "The last run did not start or stop in time, and was killed",
      };
    case "signal":
      return { level: "warning", line: `The last run was killed by SIG${end.status}` };
    case "core-dump":
      return { level: "error", line: `The last run crashed with SIG${end.status}` };
    case "exit-code":
      return { level: "error", line: `The last run ended with exit code ${end.status}` };
    default:
      return { level: "warning", line: `The last run ended: ${end.result} (${end.status})` };
  }
}

/** The record as JSON, one line with its newline. */
export function recordText(run: RunRecord): string {
  const { bootId, invocation, startedMs, starts, written, end } = run;
  const last =
    end === null
      ? null
      : {
          at_ms: end.atMs,
          result: end.result,
          status: end.status,
          own: end.own,
          message: end.message,
        };
  const record = {
    schema_version: 1,
    boot_id: bootId,
    invocation,
    started_at_ms: startedMs,
    starts_ms: starts,
    config: written === null ? null : writtenData(written),
    end: last,
  };
  return `${JSON.stringify(record)}\n`;
}

/** Reads what `recordText` wrote; null for anything else. */
export function parseRecord(text: string): RunRecord | null {
  const value = record(parseJson(text));
  if (value === null || value["schema_version"] !== 1) return null;
  const starts = value["starts_ms"];
  const end = value["end"] === null ? null : parseEnd(value["end"]);
  if (!Array.isArray(starts) || end === undefined) return null;
  return {
    bootId: word(value["boot_id"]),
    invocation: word(value["invocation"]),
    startedMs: time(value["started_at_ms"]),
    starts: starts.slice(-STARTS_MAX).map(time),
    written: parseWritten(value["config"]),
    end,
  };
}

function parseEnd(value: unknown): RunEnd | undefined {
  const end = record(value);
  if (end === null) return undefined;
  const { own, message } = end;
  return {
    atMs: time(end["at_ms"]),
    result: word(end["result"]),
    status: word(end["status"]),
    own: own === "bug" || own === "fault" || own === "config" ? own : null,
    message: typeof message === "string" ? oneLine(message, MESSAGE_MAX_CHARS) : "",
  };
}

function writtenData({ sections, filled, keyCount, secrets, dailyUsd, meansDefaults }: Written) {
  const budget = dailyUsd !== null && Number.isNaN(dailyUsd) ? "from the environment" : dailyUsd;
  return { sections, filled, key_count: keyCount, secrets, budget, means_defaults: meansDefaults };
}

/** Sections that are remembered: twice what the table has. */
const SECTIONS_MAX = 40;

function parseWritten(value: unknown): Written | null {
  const config = record(value);
  if (config === null) return null;
  const { sections, filled, secrets, budget } = config;
  return {
    sections: words(sections),
    filled: words(filled),
    keyCount: time(config["key_count"]),
    secrets: words(secrets).filter(isSettingKey),
    dailyUsd: typeof budget === "number" ? budget : typeof budget === "string" ? Number.NaN : null,
    meansDefaults: config["means_defaults"] === true,
  };
}

function words(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.slice(0, SECTIONS_MAX).map(word) : [];
}

function word(value: unknown): string {
  return typeof value === "string" ? oneLine(value, WORD_MAX_CHARS) : "";
}

function time(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
