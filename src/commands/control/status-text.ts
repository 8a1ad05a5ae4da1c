/**
 * The status as aligned lines for people.
 *
 * Invariant: every key of the data is shown, known ones first and with a label; whatever its value
 * is, it takes one line.
 */

import { dbfsText } from "../../core/audio/level-meter.ts";
import { durationText } from "../../core/duration.ts";
import { oneLine } from "../../core/fault.ts";
import { type Fields, number, record, text } from "../../core/json.ts";

/** Known keys in the order in which an owner asks. */
const LABELS: readonly (readonly [string, string])[] = [
  ["state", "State"],
  ["led", "LED"],
  ["model", "Model"],
  ["model_why", "Why this model"],
  ["voice", "Voice"],
  ["uptime_s", "Running for"],
  ["conversations_today", "Conversations today"],
  ["cost_today_usd", "Cost today"],
  ["budget", "Budget"],
  ["metrics_files_lost", "Metrics files lost"],
  ["input_device", "Microphone"],
  ["microphone", "Microphone state"],
  ["microphone_level", "Microphone level"],
  ["last_sound_ms", "Last sound"],
  ["output_device", "Speaker"],
  ["speaker", "Speaker state"],
  ["wake_word", "Wake word"],
  ["wake_word_engine", "Wake word engine"],
  ["wake_word_keyword", "Wake words"],
  ["retiring", "Models ending"],
  ["last_fault", "Last fault"],
  ["last_fault_s", "Last fault was"],
  ["last_exit", "Last run"],
  ["memory_mb", "Memory"],
];

const VALUE_MAX_CHARS = 300;

/** Lines `Label   value`, each with its newline. */
export function statusText(data: Readonly<Record<string, unknown>>): string {
  const known = LABELS.filter(([key]) => Object.hasOwn(data, key));
  const names = new Set(known.map(([key]) => key));
  const others = Object.keys(data)
    .filter((key) => !names.has(key))
    .map((key): readonly [string, string] => [key, labelOf(key)]);
  const rows = [...known, ...others];
  const width = Math.max(0, ...rows.map(([, label]) => label.length));
  return rows.map(([key, label]) => `${label.padEnd(width)}  ${textOf(key, data[key])}\n`).join("");
}

/** `fallback_count` is `Fallback count`. */
function labelOf(key: string): string {
  const words = oneLine(key, 40).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function textOf(key: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return numberText(key, value);
  if (key === "microphone_level") return levelText(record(value) ?? {});
  if (Array.isArray(value)) return value.length === 0 ? "none" : oneLine(value.join("; "), 600);
  if (typeof value === "string") return oneLine(value, VALUE_MAX_CHARS);
  if (key === "budget") return budgetText(value) ?? oneLine(JSON.stringify(value), VALUE_MAX_CHARS);
  return oneLine(JSON.stringify(value), VALUE_MAX_CHARS);
}

/** The end of the key says what the number counts. */
function numberText(key: string, value: number): string {
  if (key.endsWith("_usd")) return `$${value.toFixed(4)}`;
  if (key === "last_fault_s") return `${durationText(value)} ago`;
  if (key === "last_sound_ms") return `${Math.round(value)} ms ago`;
  if (key.endsWith("_s")) return durationText(value);
  if (key.endsWith("_mb")) return `${value} MB`;
  return String(value);
}

/** `-48.2 dBFS, loudest -12.0 dBFS`, and what is wrong with it. */
function levelText(level: Fields): string {
  const [rms, peak] = [number(level, "rms_dbfs"), number(level, "peak_dbfs")];
  const words = `${dbfsText(rms)}, loudest ${dbfsText(peak)} (last seconds)`;
  switch (level["verdict"]) {
    case "silent":
      return `nothing but digital silence for ${durationText(number(level, "flat_s") ?? 0)}`;
    case "clipped":
      return `${words}, clipped`;
    default:
      return words;
  }
}

/** As `$0.4200 of $1.00 spent, $0.5800 left (refuse)`; null for what is no budget. */
function budgetText(value: unknown): string | null {
  const budget = record(value);
  const [daily, spent, left] = ["daily_usd", "spent_usd", "left_usd"].map((name) =>
    budget === null ? null : number(budget, name),
  );
  if (!budget || typeof daily !== "number" || typeof spent !== "number") return null;
  const action = text(budget, "action") ?? "no action";
  const rest = `$${(left ?? 0).toFixed(4)} left`;
  return oneLine(`$${spent.toFixed(4)} of $${daily.toFixed(2)} spent, ${rest} (${action})`);
}
