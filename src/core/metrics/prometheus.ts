/**
 * What one appliance tells the tools of a fleet: totals since the start, added up from the records
 * of its conversations, and a few facts of the moment. Prometheus knows what to make of a counter
 * that begins at 0 again.
 *
 * Invariant: every label has a closed set of values; what is not in it counts as `other`. So the
 * number of series is the same on the first day and after ten years.
 */

import type { FaultCode } from "../fault.ts";
import type { EndReason, Phase } from "../phase.ts";
import {
  emptyHistogram,
  type Family,
  type Histogram,
  observe,
  type Sample,
} from "./openmetrics.ts";
import { ANNOUNCEMENT, type SessionRecord } from "./session-file.ts";

/** Facts of the moment. */
export interface FleetNow {
  readonly isUp: boolean;
  readonly version: string;
  readonly state: Phase;
  /** When the last conversation ended, milliseconds since 1970. */
  readonly lastWallMs: number | null;
  /** Of the microphone, dB below full scale; null: not known. */
  readonly levelDbfs: number | null;
  readonly filesLost: number;
}

const OTHER = "other";
const TRIGGERS: readonly SessionRecord["trigger"][] = ["wake-word", "button", "command"];
const STATES: readonly Phase[] = [
  ...(["idle", "connecting", "listening", "thinking", "speaking"] as const),
  ...(["follow-up", "muted", "fault"] as const),
];
const END_REASONS: Readonly<Record<EndReason, true>> = {
  follow_up_over: true,
  no_speech: true,
  single_turn: true,
  goodbye: true,
  max_turns: true,
  max_duration: true,
  utterance_too_long: true,
  reply_too_long: true,
  stopped: true,
  muted: true,
  shutdown: true,
  budget: true,
  fault: true,
};
const FAULT_CODES: Readonly<Record<FaultCode, true>> = {
  "microphone-missing": true,
  "microphone-lost": true,
  "speaker-missing": true,
  "speaker-lost": true,
  "wake-word-failed": true,
  network: true,
  server: true,
  timeout: true,
  "rate-limited": true,
  "key-rejected": true,
  "no-credit": true,
  "model-unavailable": true,
  protocol: true,
  unheard: true,
  gpio: true,
  power: true,
  "metrics-lost": true,
  "metrics-disk": true,
  "not-stored": true,
  "tool-server": true,
  camera: true,
  speech: true,
  "budget-near": true,
  budget: true,
  broker: true,
  config: true,
};
const STATUSES = ["completed", "cancelled", "incomplete", "failed", "unbilled"] as const;
const TOKENS = [
  ...(["input_text", "input_audio", "input_image"] as const),
  ...(["cached_text", "cached_audio", "cached_image"] as const),
  ...(["output_text", "output_audio", "reasoning"] as const),
];

/** Seconds. Up to a second and a half an answer feels prompt; beyond ten somebody has given up. */
const ANSWER_BOUNDS = [0.3, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 5, 10];
const NETWORK_BOUNDS = [0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 5, 10];
/** A blink lasts a tenth of a second; 60 ms is what the speaker promises. */
const DEVICE_BOUNDS = [0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.15, 0.25, 0.5, 1];

/** Totals by the value of one label, or of several joined by a blank. */
class Tally {
  readonly #names: readonly string[];
  readonly #counts = new Map<string, number>();

  /** `values`: for each label all that it can be, `other` for the rest. */
  constructor(labels: Readonly<Record<string, readonly string[]>>) {
    this.#names = Object.keys(labels);
    let keys: readonly string[] = [""];
    for (const values of Object.values(labels)) {
      keys = keys.flatMap((key) => values.map((value) => `${key} ${value}`.trim()));
    }
    for (const key of keys) this.#counts.set(key, 0);
  }

  add(count: number, ...values: readonly string[]): void {
    const key = values.join(" ");
    const known = this.#counts.has(key) ? key : OTHER;
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + count);
  }

  get samples(): readonly Sample[] {
    return [...this.#counts].map(([key, value]) => {
      const values = key.split(" ");
      const labels = Object.fromEntries(this.#names.map((name, i) => [name, values[i] ?? OTHER]));
      return { labels, value };
    });
  }
}

export class PrometheusMetrics {
  readonly #conversations = new Tally({ trigger: TRIGGERS, end_reason: Object.keys(END_REASONS) });
  readonly #responses = new Tally({ status: STATUSES });
  readonly #tokens = new Tally({ kind: TOKENS });
  readonly #calls = new Tally({ ok: ["true", "false"] });
  readonly #errors = new Tally({ code: [...Object.keys(FAULT_CODES), OTHER] });
  readonly #fallbacks = new Tally({ reason: [...Object.keys(FAULT_CODES), OTHER] });
  #turns = 0;
  #knownMicroUsd = 0;
  #assumedMicroUsd = 0;
  #interruptions = 0;
  #droppedMs = 0;
  #underruns = 0;
  #response = emptyHistogram(ANSWER_BOUNDS);
  #connect = emptyHistogram(NETWORK_BOUNDS);
  #commitToDelta = emptyHistogram(NETWORK_BOUNDS);
  #deltaToSound = emptyHistogram(DEVICE_BOUNDS);
  #pressToSilence = emptyHistogram(DEVICE_BOUNDS);
  #wakeToLed = emptyHistogram(DEVICE_BOUNDS);

  /** A conversation is over. */
  add(record: SessionRecord): void {
    if (record.trigger !== ANNOUNCEMENT) {
      this.#conversations.add(1, record.trigger, record.endReason);
    }
    for (const status of ["completed", "cancelled", "incomplete", "failed"] as const) {
      this.#responses.add(record.responses[status], status);
    }
    this.#responses.add(record.conversationCost.unbilled, "unbilled");
    for (const { ok } of record.calls) this.#calls.add(1, String(ok));
    for (const { code } of record.errors) this.#errors.add(1, code);
    for (const { reason } of record.fallbacks) this.#fallbacks.add(1, reason);
    this.#turns += record.turns;
    this.#interruptions += record.interruptions.length;
    this.#droppedMs += record.audio.droppedMs;
    this.#underruns += record.audio.underruns;
    this.#addMoney(record.conversationCost);
    this.#addTimes(record.times);
  }

  #addMoney({ usage, knownMicroUsd, assumedMicroUsd }: SessionRecord["conversationCost"]): void {
    this.#knownMicroUsd += knownMicroUsd;
    this.#assumedMicroUsd += assumedMicroUsd;
    this.#tokens.add(usage.inputText, "input_text");
    this.#tokens.add(usage.inputAudio, "input_audio");
    this.#tokens.add(usage.inputImage, "input_image");
    this.#tokens.add(usage.cachedText, "cached_text");
    this.#tokens.add(usage.cachedAudio, "cached_audio");
    this.#tokens.add(usage.cachedImage, "cached_image");
    this.#tokens.add(usage.outputText, "output_text");
    this.#tokens.add(usage.outputAudio, "output_audio");
    this.#tokens.add(usage.reasoning, "reasoning");
  }

  #addTimes(times: SessionRecord["times"]): void {
    this.#response = all(this.#response, times.responseMs);
    this.#connect = all(this.#connect, listed(times.connectionMs));
    this.#commitToDelta = all(this.#commitToDelta, times.commitToDeltaMs);
    this.#deltaToSound = all(this.#deltaToSound, times.deltaToSoundMs);
    this.#pressToSilence = all(this.#pressToSilence, times.pressToSilenceMs);
    this.#wakeToLed = all(this.#wakeToLed, listed(times.wakeToLedMs));
  }

  families(now: FleetNow): readonly Family[] {
    return [
      ...gauges(now),
      ...this.#counters(now),
      ...this.#moneyCounters(),
      ...this.#histograms(),
    ];
  }

  #counters({ filesLost }: FleetNow): readonly Family[] {
    return [
      counter("conversations", "Conversations that have ended.", this.#conversations.samples),
      counter("turns", "Questions of the user.", one(this.#turns)),
      counter("responses", "Responses of the model.", this.#responses.samples),
      counter("interruptions", "Replies that were cut.", one(this.#interruptions)),
      counter("function_calls", "Function calls of the model.", this.#calls.samples),
      counter("fallbacks", "Moves to another model.", this.#fallbacks.samples),
      counter("errors", "Errors in conversations.", this.#errors.samples),
      counter("underruns", "Gaps in replies.", one(this.#underruns)),
      counter(
        "audio_dropped_seconds",
        "Sound that found no room.",
        one(this.#droppedMs / 1000),
        "seconds",
      ),
      counter("metrics_files_lost", "Metrics files that were not written.", one(filesLost)),
    ];
  }

  #moneyCounters(): readonly Family[] {
    const dollars = (microUsd: number): readonly Sample[] => one(microUsd / 1e6);
    return [
      counter("tokens", "Tokens as the API has billed them.", this.#tokens.samples),
      counter(
        "cost_dollars",
        "US dollars, as far as they are known.",
        dollars(this.#knownMicroUsd),
        "dollars",
      ),
      counter(
        "assumed_cost_dollars",
        "US dollars as the budget counts them.",
        dollars(this.#assumedMicroUsd),
        "dollars",
      ),
    ];
  }

  #histograms(): readonly Family[] {
    return [
      seconds("response_latency", "End of the user's speech to first sample.", this.#response),
      seconds("connect", "First dial to the server's first word.", this.#connect),
      seconds("commit_to_first_delta", "Turn committed to first sound.", this.#commitToDelta),
      seconds("delta_to_sound", "First sound's arrival to first sample.", this.#deltaToSound),
      seconds("press_to_silence", "Interruption to silence.", this.#pressToSilence),
      seconds("wake_to_led", "Wake to light.", this.#wakeToLed),
    ];
  }
}

function gauges(now: FleetNow): readonly Family[] {
  const states = STATES.map((state) => ({ labels: { state }, value: state === now.state ? 1 : 0 }));
  const version = [{ labels: { version: now.version }, value: 1 }];
  const last = now.lastWallMs === null ? [] : one(now.lastWallMs / 1000);
  const level = now.levelDbfs === null ? [] : one(now.levelDbfs);
  return [
    gauge("up", "1 while it runs; 0 after an orderly stop.", one(now.isUp ? 1 : 0)),
    gauge("build_info", "The version that runs.", version),
    gauge("state", "1 for the state that it is in.", states),
    gauge(
      "last_conversation_timestamp_seconds",
      "When the last conversation ended, since 1970.",
      last,
      "seconds",
    ),
    gauge("microphone_level_dbfs", "Loudness of the room.", level, "dbfs"),
  ];
}

function counter(name: string, help: string, samples: readonly Sample[], unit = ""): Family {
  return { type: "counter", name: `pipit_${name}_total`, unit, help, samples };
}

function gauge(name: string, help: string, samples: readonly Sample[], unit = ""): Family {
  return { type: "gauge", name: `pipit_${name}`, unit, help, samples };
}

function seconds(name: string, help: string, histogram: Histogram): Family {
  return { type: "histogram", name: `pipit_${name}_seconds`, unit: "seconds", help, histogram };
}

function one(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

function listed(value: number | null): readonly number[] {
  return value === null ? [] : [value];
}

function all(histogram: Histogram, timesMs: readonly number[]): Histogram {
  return timesMs.reduce((sum, ms) => observe(sum, ms / 1000), histogram);
}
