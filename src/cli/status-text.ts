/**
 * The status as aligned lines for people.
 *
 * Invariant: every key of the data is shown, known ones first and with a label; whatever its value
 * is, it takes one line.
 */

import { oneLine } from "../core/fault.ts";

/** Known keys in the order in which an owner asks. */
const LABELS: readonly (readonly [string, string])[] = [
  ["state", "State"],
  ["led", "LED"],
  ["model", "Model"],
  ["voice", "Voice"],
  ["uptime_s", "Running for"],
  ["conversations", "Conversations"],
  ["microphone", "Microphone"],
  ["speaker", "Speaker"],
  ["wake_word", "Wake word"],
  ["cost_usd", "Cost so far"],
  ["metrics_files_lost", "Metrics files lost"],
  ["retiring", "Models ending"],
  ["last_fault", "Last fault"],
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
  if (key === "cost_usd" && typeof value === "number") return `$${value.toFixed(4)}`;
  if (Array.isArray(value)) return value.length === 0 ? "none" : oneLine(value.join("; "), 600);
  if (typeof value === "number" && key.endsWith("_s")) return durationText(value);
  if (typeof value === "string") return oneLine(value, VALUE_MAX_CHARS);
  return oneLine(JSON.stringify(value), VALUE_MAX_CHARS);
}

/** Seconds as `3 d 4 h`, `5 h 12 min`, `2 min 5 s`, `9 s`: the two largest units. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}
