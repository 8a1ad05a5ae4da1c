/** What `pipit status` answers: built from what the parts know, when it is asked for. */

import { isConnecting } from "../core/assistant/link-dial.ts";
import type { State } from "../core/assistant/state.ts";
import { indication, phase } from "../core/assistant/views.ts";
import { type Fault, faultLine } from "../core/fault.ts";
import { chainFor, chainOf, firstCandidate } from "../core/models/fallback.ts";
import { chooseVoice, voiceSettings } from "../core/models/voice.ts";
import { budgetStatus, thriftySettings } from "../core/money/budget.ts";
import { redact } from "../core/redact.ts";
import { type Settings, secretValues } from "../core/settings/table.ts";
import type { Clock } from "../ports.ts";
import type { Recorder } from "./records/recorder.ts";
import type { Spending } from "./records/spending.ts";
import type { ConfigState } from "./status-line.ts";

/** A fault as `status` remembers it. */
export interface LastFault {
  readonly line: string;
  readonly atMs: number;
}

export interface StatusParts {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly state: State;
  /** Hash of server and key. */
  readonly account: string;
  readonly recorder: Recorder;
  readonly spending: Spending;
  readonly hasWakeEngine: boolean;
  readonly startedMs: number;
  readonly lastFrameMs: number | null;
  /** Of the microphone; null before the first sound. */
  readonly level: Readonly<Record<string, unknown>> | null;
  /** What was learned of it; null: nothing yet, or nothing is taken out. */
  readonly echo: Readonly<Record<string, unknown>> | null;
  readonly lastFault: LastFault | null;
  readonly retiring: readonly string[];
  readonly config: ConfigState;
  /** At the MQTT broker; null: none is wanted. */
  readonly presence: Readonly<Record<string, unknown>> | null;
  /** Why no model can answer; null while one can. */
  readonly nobody: Fault | null;
  /** What the process knows of itself: version, memory and the like. */
  readonly host: Readonly<Record<string, unknown>>;
}

/** Flat, in the order in which an owner asks; the keys are what `--json` promises. */
export function statusOf(parts: StatusParts): Record<string, unknown> {
  const { clock, settings, state, lastFault, lastFrameMs, config } = parts;
  const secrets = secretValues(settings);
  const today = parts.spending.today();
  const condition = (part: "microphone" | "speaker" | "wake-word"): string =>
    state.memory.deviceFaults[part]?.message ?? "ok";
  const ageMs = (atMs: number): number => Math.max(0, clock.nowMs() - atMs);
  return {
    state: phase(state),
    led: indication(state),
    ...modelOf(parts, today.microUsd),
    nobody_can_answer: parts.nobody === null ? null : faultLine(parts.nobody),
    config: config.refused === null ? "in force" : "refused",
    config_refused: config.refused === null ? null : redact(config.refused.why, secrets),
    config_refused_s: config.refused && Math.round(ageMs(config.refused.atMs) / 1000),
    waiting_for_restart: config.waiting,
    uptime_s: Math.round(ageMs(parts.startedMs) / 1000),
    conversations_today: today.conversations,
    cost_today_usd: today.microUsd / 1_000_000,
    budget: budgetStatus(settings, today.microUsd),
    metrics_files_lost: parts.recorder.lostFiles,
    metrics_trouble: parts.recorder.diskTrouble,
    input_device: settings["audio.input_device"],
    microphone: condition("microphone"),
    microphone_level: parts.level,
    last_sound_ms: lastFrameMs === null ? null : Math.round(ageMs(lastFrameMs)),
    output_device: settings["audio.output_device"],
    speaker: condition("speaker"),
    echo: parts.echo,
    wake_word: parts.hasWakeEngine ? condition("wake-word") : "off",
    remedies: remediesOf(state),
    wake_word_engine: parts.hasWakeEngine ? settings["wake_word.engine"] : null,
    wake_word_keyword: parts.hasWakeEngine ? settings["wake_word.keyword"] : [],
    mqtt: parts.presence,
    retiring: parts.retiring,
    last_fault: lastFault === null ? null : redact(lastFault.line, secrets),
    last_fault_s: lastFault === null ? null : Math.round(ageMs(lastFault.atMs) / 1000),
    ...parts.host,
  };
}

/** What its owner can do about each device that is away: the fault's own word, by the device. */
function remediesOf({ memory }: State): Record<string, string> {
  const faults = Object.entries(memory.deviceFaults);
  return Object.fromEntries(
    faults.map(([device, why]) => [device.replace("-", "_"), why?.remedy ?? ""]),
  );
}

/** The model of the conversation, or the one that the next begins with; and why it is that one. */
function modelOf(
  { state, settings, account, clock }: StatusParts,
  spentMicroUsd: number,
): Record<string, unknown> {
  const { conversation: c, memory } = state;
  const inForce = c?.call.settings ?? thriftySettings(settings, spentMicroUsd);
  const chain = chainFor(memory.chain, account);
  const model = c?.link.model ?? firstCandidate(inForce, chain, clock.nowMs());
  const isMini = inForce["openai.model"] === settings["budget.mini_model"];
  const thrift = isMini && settings["openai.model"] !== inForce["openai.model"];
  const wanted = chainOf(thrift ? settings : inForce)[0] ?? model;
  const failures = c !== null && isConnecting(c.link) ? c.link.failed : [];
  const failed = failures.find((one) => one.model === wanted)?.why.message;
  const saving = thrift ? "today's budget is nearly spent" : undefined;
  const unavailable = failed ?? saving ?? chain.unavailable[wanted]?.why;
  const why = unavailable === undefined ? "" : `: ${unavailable}`;
  const wantedVoice = voiceSettings(inForce);
  const choice = chooseVoice(wantedVoice, model);
  return {
    model,
    model_why: model === wanted ? "as configured" : `instead of ${wanted}${why}`,
    voice: c?.link.voice ?? (choice.tag === "chosen" ? choice.voice : wantedVoice.voice),
  };
}
