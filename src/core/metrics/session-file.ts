/**
 * The metrics file of one conversation. What each field means, its unit and its formula, stands in
 * one table: fields.ts; that of metrics/README.md is made from it.
 *
 * Invariants: times are milliseconds, money is US dollars, `null` means that the thing did not
 * happen, never 0. Files of older schemas stay readable: a field never changes its meaning under
 * the same number.
 */

import { oneLine } from "../fault.ts";
import { type ConversationCost, priceTableOf } from "../money/conversation-cost.ts";
import type { CallOutcome, EndReason } from "../phase.ts";
import { type BudgetReading, moneyFields } from "./cost-fields.ts";

/** Longest text in an entry of a list: an error of the API has some two hundred characters. */
const TEXT_MAX_CHARS = 300;

/** Grows by one when a field changes its meaning or goes; new fields do not count. */
export const SCHEMA_VERSION = 2;

/** The trigger of what was no conversation: `pipit say`, in the model's voice. */
export const ANNOUNCEMENT = "announcement";

/** What the clock said, all in milliseconds; lists in the order of the events. */
export interface Times {
  readonly wakeToLedMs: number | null;
  readonly wakeToListeningMs: number | null;
  readonly connectionMs: number | null;
  readonly responseMs: readonly number[];
  readonly commitToDeltaMs: readonly number[];
  readonly deltaToSoundMs: readonly number[];
  readonly pressToSilenceMs: readonly number[];
}

/** Responses by how they ended. */
export interface ResponseCounts {
  readonly completed: number;
  readonly cancelled: number;
  readonly incomplete: number;
  readonly failed: number;
}

/** `ok` and `result_bytes` are null where the call has no result. */
export interface CallEntry {
  readonly name: string;
  readonly ok: boolean | null;
  readonly ms: number;
  readonly end: CallOutcome;
  readonly result_bytes: number | null;
}

/** What was noted while the conversation ran. */
export interface SessionRecord {
  /** Six characters that tell apart conversations of the same second. */
  readonly id: string;
  readonly startedWallMs: number;
  readonly endedWallMs: number;
  /** `interrupted`: the process ended in the middle of it; `announced`: it was an announcement. */
  readonly endReason: EndReason | "interrupted" | "announced";
  /** Made at the next start, from the last checkpoint. */
  readonly recovered: boolean;
  readonly trigger: "wake-word" | "button" | "command" | typeof ANNOUNCEMENT;
  readonly model: string;
  readonly modelRequested: string;
  readonly fallbacks: readonly { from: string; to: string; reason: string }[];
  readonly voice: string;
  readonly protocol: string;
  readonly turns: number;
  /** Questions by who created the response to them. */
  readonly requestedBy: { readonly server: number; readonly client: number };
  readonly times: Times;
  readonly responses: ResponseCounts;
  readonly interruptions: readonly { heard_ms: number; received_ms: number }[];
  readonly calls: readonly CallEntry[];
  readonly conversationCost: ConversationCost;
  readonly budget: BudgetReading | null;
  readonly audio: {
    readonly sentMs: number;
    readonly receivedMs: number;
    /** Null: not known yet. */
    readonly playedMs: number | null;
    readonly droppedMs: number;
    readonly preRollMs: number;
    readonly underruns: number;
    /** Of the server's, heard once already. */
    readonly repeatedEvents: number;
  };
  readonly errors: readonly { at: string; code: string; message: string }[];
}

/** `session_<YYYYMMDD>_<HHMMSS>_<id>.json`, in UTC like the times inside. */
export function fileName(
  { startedWallMs, id }: Pick<SessionRecord, "startedWallMs" | "id">,
  iso: (ms: number) => string,
): string {
  const digits = iso(startedWallMs).replace(/[-:]/g, "");
  return `session_${digits.slice(0, 8)}_${digits.slice(9, 15)}_${id}.json`;
}

/** The file's text. `iso` renders epoch milliseconds as ISO 8601 in UTC. */
export function render(record: SessionRecord, iso: (ms: number) => string): string {
  return `${JSON.stringify(fieldsOf(record, iso), null, 2)}\n`;
}

function fieldsOf(record: SessionRecord, iso: (ms: number) => string): Record<string, unknown> {
  const { calls, responses, conversationCost } = record;
  return {
    schema_version: SCHEMA_VERSION,
    session_id: record.id,
    started_at: iso(record.startedWallMs),
    ended_at: iso(record.endedWallMs),
    end_reason: record.endReason,
    recovered: record.recovered,
    trigger: record.trigger,
    model: record.model,
    model_requested: record.modelRequested,
    fallbacks: record.fallbacks.map(cut),
    voice: record.voice,
    protocol: record.protocol,
    turns: record.turns,
    ...timeFields(record.times),
    responses: { ...responses, unbilled: conversationCost.unbilled },
    response_by: record.requestedBy,
    interruptions: record.interruptions,
    function_calls: calls.map(cut),
    function_success_rate: successRate(calls),
    ...moneyFields(conversationCost, record.budget),
    price_table: priceTableOf(conversationCost),
    audio: audioFields(record.audio),
    repeated_events: record.audio.repeatedEvents,
    errors: record.errors.map(cut),
  };
}

/** Of those that have a result: who was interrupted or refused has not failed. */
function successRate(calls: SessionRecord["calls"]): number | null {
  const known = calls.filter(({ ok }) => ok !== null);
  return known.length === 0 ? null : known.filter(({ ok }) => ok).length / known.length;
}

/** The texts of a list's entry, fit for the file: one line each, and bounded. */
function cut<Entry extends object>(entry: Entry): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(entry).map(([name, value]) => [
      name,
      typeof value === "string" ? oneLine(value, TEXT_MAX_CHARS) : value,
    ]),
  );
}

function timeFields(times: Times): Record<string, unknown> {
  return {
    wake_to_led_ms: rounded(times.wakeToLedMs),
    wake_to_listening_ms: rounded(times.wakeToListeningMs),
    connection_latency_ms: rounded(times.connectionMs),
    average_response_latency: rounded(mean(times.responseMs)),
    response_latency_ms: spread(times.responseMs),
    commit_to_first_delta_ms: spread(times.commitToDeltaMs),
    delta_to_sound_ms: spread(times.deltaToSoundMs),
    press_to_silence_ms: spread(times.pressToSilenceMs),
  };
}

function audioFields(audio: SessionRecord["audio"]): Record<string, unknown> {
  return {
    sent_ms: rounded(audio.sentMs),
    received_ms: rounded(audio.receivedMs),
    played_ms: rounded(audio.playedMs),
    dropped_ms: rounded(audio.droppedMs),
    pre_roll_ms: rounded(audio.preRollMs),
    underruns: audio.underruns,
  };
}

function spread(all: readonly number[]): Record<string, unknown> {
  return {
    p50: rounded(percentile(all, 0.5)),
    p95: rounded(percentile(all, 0.95)),
    max: rounded(percentile(all, 1)),
    all: all.map(rounded),
  };
}

/** Arithmetic mean; null of nothing. */
export function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Nearest-rank percentile, `share` of 0 to 1; null of nothing. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? null;
}

/** To a tenth of a millisecond: finer than anything here can know. */
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 10) / 10;
}
