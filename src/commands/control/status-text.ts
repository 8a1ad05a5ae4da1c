/**
 * The status for people: first a sentence, and what needs them; then every figure, in groups.
 *
 * Invariant: every key of the data is shown, known ones first and with a label; whatever its value
 * is, it is one row, broken only at the edge of the terminal.
 */

import { dbfsText, QUIET_REMEDY } from "../../core/audio/level-meter.ts";
import { durationText } from "../../core/duration.ts";
import { echoReach, echoReading, echoText, reachIn, reachText } from "../../core/echo/judge.ts";
import { oneLine } from "../../core/fault.ts";
import { type Fields, fields, number, record, text } from "../../core/json.ts";
import { wrapped } from "../columns.ts";

type Data = Readonly<Record<string, unknown>>;
type Labels = readonly (readonly [string, string])[];

/** Known keys in the order in which an owner asks, a group each. */
const GROUPS: readonly Labels[] = [
  [
    ["state", "State"],
    ["led", "LED"],
    ["model", "Model"],
    ["model_why", "Why this model"],
    ["nobody_can_answer", "Trouble with models"],
    ["voice", "Voice"],
    ["retiring", "Models ending"],
  ],
  [
    ["conversations_today", "Conversations today"],
    ["cost_today_usd", "Cost today"],
    ["budget", "Budget"],
    ["metrics_files_lost", "Metrics files lost"],
    ["metrics_trouble", "Trouble with metrics"],
  ],
  [
    ["input_device", "Microphone"],
    ["microphone", "Microphone state"],
    ["microphone_level", "Microphone level"],
    ["last_sound_ms", "Last sound"],
    ["output_device", "Speaker"],
    ["speaker", "Speaker state"],
    ["volume", "Volume"],
    ["echo", "Echo of answers"],
    ["wake_word", "Wake word"],
    ["wake_word_engine", "Wake word engine"],
    ["wake_word_keyword", "Wake words"],
  ],
  [
    ["config", "Configuration"],
    ["config_refused", "Refused because"],
    ["config_refused_s", "Refused"],
    ["waiting_for_restart", "Waiting for a restart"],
  ],
  [
    ["mqtt", "MQTT broker"],
    ["last_fault", "Last fault"],
    ["last_fault_s", "Last fault was"],
    ["last_exit", "Last run"],
    ["uptime_s", "Running for"],
    ["memory_mb", "Memory"],
    ["version", "Version"],
    ["pid", "Pid"],
  ],
];
/** Besides the rows: the remedies stand in the sentence about each trouble. */
const KNOWN: ReadonlySet<string> = new Set([...GROUPS.flat().map(([key]) => key), "remedies"]);

const VALUE_MAX_CHARS = 300;

/** The sentence, then lines `Label   value`, each with its newline; `columns`: see columns.ts. */
export function statusText(data: Data, columns: number | null = null): string {
  const others: Labels = Object.keys(data)
    .filter((key) => !KNOWN.has(key))
    .map((key) => [key, labelOf(key)]);
  const groups = [...GROUPS, others]
    .map((group) => group.filter(([key]) => Object.hasOwn(data, key)))
    .filter((group) => group.length > 0);
  const width = Math.max(0, ...groups.flat().map(([, label]) => label.length));
  const row = ([key, label]: readonly [string, string]): string =>
    `${label.padEnd(width)}  ${wrapped(textOf(key, data[key]), columns, width + 2)}\n`;
  const head = headOf(data).map((line) => `${wrapped(line, columns, 2, 0)}\n`);
  return [head.join(""), ...groups.map((group) => group.map(row).join(""))]
    .filter((part) => part !== "")
    .join("\n");
}

/** What stands first: a sentence about all, and a line for each thing that is not well. */
function headOf(data: Data): readonly string[] {
  const state = text(data, "state");
  // Only a whole status has a sentence; the answer to another command has a state alone.
  if (state === null || !Object.hasOwn(data, "conversations_today")) return [];
  const troubles = troublesOf(data);
  const end = troubles.length === 0 ? wellText(data) : "Not all is well:";
  const parts = [stateText(state), howToBegin(data), todayText(data), end];
  return [parts.filter((part) => part !== "").join(" "), ...troubles.map((one) => `- ${one}`)];
}

const STATES: Readonly<Record<string, string>> = {
  idle: "Idle.",
  muted: "Muted: pipit mute off opens the microphone.",
  fault: "Reporting a fault.",
};

function stateText(state: string): string {
  return STATES[state] ?? `In a conversation: ${oneLine(state, 40)}.`;
}

function howToBegin(data: Data): string {
  if (data["state"] !== "idle") return "";
  if (data["wake_word"] === "off") return "The wake word is off: press the button, or pipit wake.";
  const words = data["wake_word_keyword"];
  if (data["wake_word"] !== "ok" || !Array.isArray(words) || words.length === 0) return "";
  return `Say ${oneLine(words.join(" or "), 100)}.`;
}

function todayText(data: Data): string {
  const [count, usd] = [number(data, "conversations_today"), number(data, "cost_today_usd")];
  if (count === null || count === 0) return "No conversation today.";
  const noun = count === 1 ? "conversation" : "conversations";
  return `Today ${count} ${noun}${usd === null ? "" : `, $${usd.toFixed(2)}`}.`;
}

/** A fault that was told a while ago is hardly what the owner asks about. */
const RECENT_FAULT_S = 600;

function wellText(data: Data): string {
  const ageS = number(data, "last_fault_s");
  if (ageS === null || ageS > RECENT_FAULT_S) return "All is well.";
  return `All is well now; the last fault (below) was ${durationText(ageS)} ago.`;
}

/** The one that is being reported: what `last_fault` says, until the state is another. */
function faultOf(data: Data): readonly string[] {
  return data["state"] === "fault" ? [text(data, "last_fault") ?? "A fault: see the journal"] : [];
}

/** What an owner should do something about. */
function troublesOf(data: Data): readonly string[] {
  const parts = ["microphone", "speaker", "wake_word"].flatMap((key) => {
    const said = text(data, key);
    if (said === null || said === "ok" || said === "off") return [];
    const remedy = text(fields(data, "remedies"), key) ?? "";
    return [remedy === "" ? said : `${said}. ${remedy}`];
  });
  const nobody = text(data, "nobody_can_answer");
  const refused = text(data, "config_refused");
  const waiting = data["waiting_for_restart"];
  const budget = record(data["budget"]);
  const disk = text(data, "metrics_trouble");
  const broker = text(fields(data, "mqtt"), "trouble");
  const isSpent = budget !== null && budget["state"] === "spent" && budget["action"] !== "warn";
  const all = [
    ...faultOf(data),
    ...parts,
    ...(nobody === null ? [] : [nobody]),
    ...(refused === null
      ? []
      : [`The configuration file has errors, the previous settings are in force: ${refused}`]),
    ...(Array.isArray(waiting) && waiting.length > 0
      ? [`Restart the service to put in force: ${waiting.join(", ")}`]
      : []),
    ...(disk === null ? [] : [disk]),
    ...(broker === null ? [] : [broker]),
    ...(isSpent ? ["Today's budget is spent: it resets at midnight"] : []),
  ];
  return [...new Set(all)].map((line) => oneLine(line, 600));
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
  if (key === "echo") return echoLine(value) ?? oneLine(JSON.stringify(value), VALUE_MAX_CHARS);
  if (key === "microphone_level") return levelText(record(value) ?? {});
  if (Array.isArray(value)) return value.length === 0 ? "none" : oneLine(value.join("; "), 600);
  if (typeof value === "string") return oneLine(value, VALUE_MAX_CHARS);
  if (key === "mqtt") return brokerText(record(value) ?? {});
  if (key === "budget") return budgetText(value) ?? oneLine(JSON.stringify(value), VALUE_MAX_CHARS);
  return oneLine(JSON.stringify(value), VALUE_MAX_CHARS);
}

/** Keys whose seconds are an age. */
const AGES = ["last_fault_s", "config_refused_s"];

/** The end of the key says what the number counts. */
function numberText(key: string, value: number): string {
  if (key.endsWith("_usd")) return `$${value.toFixed(4)}`;
  if (AGES.includes(key)) return `${durationText(value)} ago`;
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
    case "quiet":
      return `${words}; your voice is faint: ${dbfsText(number(level, "voice_peak_dbfs"))}. ${QUIET_REMEDY}`;
    default:
      return words;
  }
}

/** What was learned of it, as a sentence; null for what is no reading. */
function echoLine(value: unknown): string | null {
  const reading = record(value);
  const learned = reading === null ? null : echoReading(reading);
  if (reading === null || learned === null) return null;
  const reach = reachIn(reading) ?? echoReach(learned);
  const ageS = number(reading, "measured_s");
  const age = ageS === null ? "" : ` (measured ${durationText(ageS)} ago)`;
  return `${echoText(learned)}; ${reachText(reach)}${age}`;
}

/** `connected: broker.lan:1883, as pipit_0123456789ab`. */
function brokerText(mqtt: Fields): string {
  const [state, broker, id] = ["state", "broker", "id"].map((name) => text(mqtt, name) ?? "?");
  return oneLine(`${state}: ${broker}, as pipit_${id}`);
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
