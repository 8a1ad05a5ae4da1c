/**
 * The metrics file of one conversation: every field, its unit, and its formula. Times are
 * milliseconds; `null` means that the thing did not happen, never 0.
 */

import type { EndReason } from "./assistant-types.ts";
import type { Usage } from "./realtime/usage.ts";

/** Grows by one when a field changes its meaning or goes; new fields do not count. */
export const SCHEMA_VERSION = 1;

/** What was noted while the conversation ran. */
export interface SessionRecord {
  /** Six characters that tell apart conversations of the same second. */
  readonly id: string;
  readonly startedWallMs: number;
  readonly endedWallMs: number;
  readonly endReason: EndReason | "interrupted";
  /** The process died in mid-conversation; the file was made at the next start. */
  readonly recovered: boolean;
  readonly trigger: "wake-word" | "button" | "command";
  readonly model: string;
  readonly modelRequested: string;
  readonly fallbacks: readonly { from: string; to: string; reason: string }[];
  readonly voice: string;
  readonly protocol: string;
  readonly turns: number;
  /** From dialling to the server's first word. */
  readonly connectionMs: number | null;
  /** From the wake word's detection (or the press) to a session that listens. */
  readonly wakeToListeningMs: number | null;
  /** For each spoken answer: end of the user's speech to the first sample at the speaker. */
  readonly responseMs: readonly number[];
  readonly interruptions: readonly { heard_ms: number; received_ms: number }[];
  readonly calls: readonly { name: string; ok: boolean; ms: number }[];
  readonly usage: Usage;
  /** Micro-dollars; null when a response was of a model without a known price. */
  readonly costMicroUsd: number | null;
  /** The date of the prices, with "+config" where the owner's own were used. */
  readonly priceTable: string;
  readonly audio: {
    readonly sentMs: number;
    readonly receivedMs: number;
    readonly playedMs: number;
    readonly droppedMs: number;
    readonly preRollMs: number;
    readonly underruns: number;
  };
  readonly errors: readonly { at: string; code: string; message: string }[];
}

/** `session_<YYYYMMDD>_<HHMMSS>_<id>.json`, in UTC like the times inside. */
export function fileName(
  { startedWallMs, id }: SessionRecord,
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
  const { audio, calls } = record;
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
    fallbacks: record.fallbacks,
    voice: record.voice,
    protocol: record.protocol,
    turns: record.turns,
    connection_latency_ms: rounded(record.connectionMs),
    wake_to_listening_ms: rounded(record.wakeToListeningMs),
    average_response_latency: rounded(mean(record.responseMs)),
    response_latency_ms: latencies(record.responseMs),
    interruptions: record.interruptions,
    function_calls: calls,
    function_success_rate:
      calls.length === 0 ? null : calls.filter((c) => c.ok).length / calls.length,
    tokens: tokens(record.usage),
    estimated_cost: record.costMicroUsd === null ? null : record.costMicroUsd / 1_000_000,
    price_table: record.priceTable,
    audio: {
      sent_ms: rounded(audio.sentMs),
      received_ms: rounded(audio.receivedMs),
      played_ms: rounded(audio.playedMs),
      dropped_ms: rounded(audio.droppedMs),
      pre_roll_ms: rounded(audio.preRollMs),
      underruns: audio.underruns,
    },
    errors: record.errors,
  };
}

function latencies(all: readonly number[]): Record<string, unknown> {
  return {
    p50: rounded(percentile(all, 0.5)),
    p95: rounded(percentile(all, 0.95)),
    max: rounded(percentile(all, 1)),
    all: all.map(rounded),
  };
}

function tokens(usage: Usage): Record<string, number> {
  return {
    input_text: usage.inputText,
    input_audio: usage.inputAudio,
    input_image: usage.inputImage,
    cached_text: usage.cachedText,
    cached_audio: usage.cachedAudio,
    cached_image: usage.cachedImage,
    output_text: usage.outputText,
    output_audio: usage.outputAudio,
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
