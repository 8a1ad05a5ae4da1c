/** Metrics files as the appliance writes them, made up from a seed: for the report's tests and bench. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { utcText } from "../../src/commands/metrics/time.ts";
import { mean, percentile } from "../../src/core/metrics/session-file.ts";
import { modelNamed } from "../../src/core/models/catalogue.ts";
import { NO_USAGE } from "../../src/core/realtime/usage.ts";
import { SimDice } from "../../src/sim/dice.ts";

export interface RecordedShape {
  readonly count: number;
  /** When the first began, milliseconds since 1970. */
  readonly startMs: number;
  /** From the beginning of one to that of the next. */
  readonly everyMs: number;
  readonly schema?: 1 | 2;
  readonly model?: string;
  /** Mean of the answers' latencies. */
  readonly latencyMs?: number;
  readonly seed?: number;
}

export interface RecordedFile {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

/** The files, in order of time. */
export function recorded(shape: RecordedShape): RecordedFile[] {
  const dice = new SimDice(shape.seed ?? 1);
  return Array.from({ length: shape.count }, (_, index) => {
    const startedMs = shape.startMs + index * shape.everyMs;
    return oneFile(shape, startedMs, dice);
  });
}

/** Writes them into a folder, which is made. */
export function writeRecorded(dir: string, files: readonly RecordedFile[]): void {
  mkdirSync(dir, { recursive: true });
  for (const { name, data } of files) {
    writeFileSync(join(dir, name), `${JSON.stringify(data, null, 2)}\n`);
  }
}

type Whole = (most: number) => number;

function oneFile(shape: RecordedShape, startedMs: number, dice: SimDice): RecordedFile {
  const { schema = 2, model = "gpt-realtime", latencyMs = 900 } = shape;
  const whole: Whole = (most) => Math.floor(dice.unit() * (most + 1));
  const id = Array.from({ length: 6 }, () => whole(15).toString(16)).join("");
  const turns = 1 + whole(4);
  const times = (around: number): number[] =>
    Array.from({ length: turns }, () => {
      return Math.round(around * (0.6 + 0.9 * dice.unit() ** 2) * 10) / 10;
    });
  const responses = times(latencyMs);
  const usage = someUsage(turns, whole);
  const parts = partsOf(usage, model);
  const cost = parts === null ? null : Object.values(parts).reduce((a, b) => a + b, 0) / 1e6;
  const data: Record<string, unknown> = {
    schema_version: schema,
    session_id: id,
    started_at: utcText(startedMs),
    ended_at: utcText(startedMs + turns * 9_000 + whole(4_000)),
    end_reason: "no-speech",
    trigger: whole(3) === 0 ? "button" : "wake-word",
    ...{ model, model_requested: model, fallbacks: [], voice: "alloy", protocol: "ga", turns },
    connection_latency_ms: 300 + whole(200),
    wake_to_listening_ms: 500 + whole(300),
    average_response_latency: mean(responses),
    response_latency_ms: spread(responses),
    ...someEvents(startedMs, whole),
    tokens: tokensIn(usage),
    estimated_cost: cost,
    price_table: "2026-11-22",
    audio: someAudio(turns),
  };
  if (schema === 2) Object.assign(data, newInTwo(parts, cost, times));
  const digits = utcText(startedMs).replace(/[-:]/g, "");
  return { name: `session_${digits.slice(0, 8)}_${digits.slice(9, 15)}_${id}.json`, data };
}

function someUsage(turns: number, whole: Whole): typeof NO_USAGE {
  const inputAudio = 200 * turns + whole(600);
  const inputText = 300 * turns + whole(100);
  return {
    ...NO_USAGE,
    inputText,
    inputAudio,
    cachedText: Math.floor(inputText / 2),
    cachedAudio: Math.floor(inputAudio / 4),
    outputText: 40 * turns + whole(60),
    outputAudio: 150 * turns + whole(300),
  };
}

function someEvents(startedMs: number, whole: Whole): Record<string, unknown> {
  const calls = Array.from({ length: whole(2) }, () => ({
    name: "lamp",
    ok: whole(9) > 0,
    ms: whole(400),
  }));
  const ok = calls.filter((call) => call.ok).length;
  const at = utcText(startedMs + 500);
  return {
    interruptions: whole(5) === 0 ? [{ heard_ms: 1_200, received_ms: 3_000 }] : [],
    function_calls: calls,
    function_success_rate: calls.length === 0 ? null : ok / calls.length,
    errors: whole(30) === 0 ? [{ at, code: "network", message: "gone" }] : [],
  };
}

function tokensIn(usage: typeof NO_USAGE): Record<string, number> {
  return {
    input_text: usage.inputText,
    input_audio: usage.inputAudio,
    input_image: 0,
    cached_text: usage.cachedText,
    cached_audio: usage.cachedAudio,
    cached_image: 0,
    output_text: usage.outputText,
    output_audio: usage.outputAudio,
  };
}

function someAudio(turns: number): Record<string, number> {
  return {
    ...{ sent_ms: 9_000 * turns, received_ms: 6_000, played_ms: 5_800 },
    ...{ dropped_ms: 0, pre_roll_ms: 420, underruns: 0 },
  };
}

function spread(all: readonly number[]): Record<string, unknown> {
  return { p50: percentile(all, 0.5), p95: percentile(all, 0.95), max: percentile(all, 1), all };
}

type Parts = Readonly<Record<string, number>>;

/** Micro-dollars, each part rounded once; null where the catalogue does not know the model. */
function partsOf(usage: typeof NO_USAGE, model: string): Parts | null {
  const prices = modelNamed(model)?.prices;
  if (prices === undefined) return null;
  const part = (tokens: number, price: number): number => Math.round(tokens * price);
  return {
    input_text: part(usage.inputText - usage.cachedText, prices.textIn),
    cached_text: part(usage.cachedText, prices.textCached),
    input_audio: part(usage.inputAudio - usage.cachedAudio, prices.audioIn),
    cached_audio: part(usage.cachedAudio, prices.audioCached),
    ...{ input_image: 0, cached_image: 0, transcription: 0 },
    output_text: part(usage.outputText, prices.textOut),
    output_audio: part(usage.outputAudio, prices.audioOut),
  };
}

function newInTwo(
  parts: Parts | null,
  cost: number | null,
  times: (around: number) => number[],
): Record<string, unknown> {
  return {
    recovered: false,
    wake_to_led_ms: 12,
    commit_to_first_delta_ms: spread(times(500)),
    delta_to_sound_ms: spread(times(80)),
    press_to_silence_ms: spread([]),
    cost: parts && Object.fromEntries(Object.entries(parts).map(([name, of]) => [name, of / 1e6])),
    known_cost: cost ?? 0,
    assumed_cost: cost ?? 0.05,
    budget: null,
  };
}
