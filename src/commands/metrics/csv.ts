/**
 * One line a conversation for spreadsheets: RFC 4180, the unit in each column's name.
 *
 * Invariants: every line has the same fields; what a file did not have is empty, never 0; a text that
 * a spreadsheet would take for a formula begins with an apostrophe instead.
 */

import { mean, percentile } from "../../core/metrics/session-file.ts";
import { lengthMs } from "./summary.ts";
import { utcText } from "./time.ts";
import type { SessionView } from "./view.ts";

type Value = string | number | boolean | null;

/** Columns are added at the end, and never change their meaning. */
const COLUMNS: readonly (readonly [string, (of: SessionView) => Value])[] = [
  ["started_at_utc", ({ startedMs }) => utcText(startedMs)],
  ["ended_at_utc", ({ endedMs }) => (endedMs === null ? null : utcText(endedMs))],
  ["session_id", ({ id }) => id],
  ["schema_version", ({ schema }) => schema],
  ["trigger", ({ trigger }) => trigger],
  ["end_reason", ({ endReason }) => endReason],
  ["recovered", ({ recovered }) => recovered],
  ["model", ({ model }) => model],
  ["model_requested", ({ modelRequested }) => modelRequested],
  ["voice", ({ voice }) => voice],
  ["protocol", ({ protocol }) => protocol],
  ["length_ms", lengthMs],
  ["turns", ({ turns }) => turns],
  ["answers", ({ responseMs }) => responseMs.length],
  ["response_latency_mean_ms", ({ responseMs }) => tenth(mean(responseMs))],
  ["response_latency_p50_ms", ({ responseMs }) => percentile(responseMs, 0.5)],
  ["response_latency_p95_ms", ({ responseMs }) => percentile(responseMs, 0.95)],
  ["connection_latency_ms", ({ connectionMs }) => connectionMs],
  ["wake_to_led_ms", ({ wakeToLedMs }) => wakeToLedMs],
  ["wake_to_listening_ms", ({ wakeToListeningMs }) => wakeToListeningMs],
  ["interruptions", ({ interruptions }) => interruptions],
  ["function_calls", ({ calls }) => calls],
  ["function_calls_ok", ({ callsOk }) => callsOk],
  ["errors", ({ errors }) => errors],
  ["input_text_tokens", ({ usage }) => usage?.inputText ?? null],
  ["input_audio_tokens", ({ usage }) => usage?.inputAudio ?? null],
  ["input_image_tokens", ({ usage }) => usage?.inputImage ?? null],
  ["cached_text_tokens", ({ usage }) => usage?.cachedText ?? null],
  ["cached_audio_tokens", ({ usage }) => usage?.cachedAudio ?? null],
  ["cached_image_tokens", ({ usage }) => usage?.cachedImage ?? null],
  ["output_text_tokens", ({ usage }) => usage?.outputText ?? null],
  ["output_audio_tokens", ({ usage }) => usage?.outputAudio ?? null],
  ["known_cost_usd", ({ cost }) => usd(cost.knownMicroUsd)],
  ["estimated_cost_usd", ({ cost }) => (cost.isWhole ? usd(cost.knownMicroUsd) : null)],
  ["underruns", ({ underruns }) => underruns],
  ["dropped_ms", ({ droppedMs }) => droppedMs],
];

const NEWLINE = "\r\n";

/** The header and one line a conversation, each with its line end. */
export function metricsCsv(sessions: readonly SessionView[]): string {
  const header = COLUMNS.map(([name]) => name).join(",");
  const line = (session: SessionView): string =>
    COLUMNS.map(([, value]) => csvField(value(session))).join(",");
  return [header, ...sessions.map(line), ""].join(NEWLINE);
}

/** What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection), blanks before it too. */
const FORMULA = /^\s*[=+\-@\t\r]/;

/** A field as RFC 4180 wants it; numbers are written as they are, texts never as a formula. */
export function csvField(value: Value): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Six places: money is whole micro-dollars. */
function usd(microUsd: number | null): string | null {
  return microUsd === null ? null : (microUsd / 1_000_000).toFixed(6);
}

function tenth(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 10) / 10;
}
