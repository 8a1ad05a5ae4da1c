/**
 * The three watched numbers once more, by other means: from the peer's own log, the sound it
 * received, and the two recordings. Nothing of the daemon's arithmetic is used here.
 *
 * All times are on the peer's clock. Where the recordings lie on it is found from causes and effects:
 * sound is captured before it arrives (the shortest way counts); a reply sounds after it was sent,
 * and before what the daemon says because of it has arrived (half duplex: it clears the input).
 */

import assert from "node:assert/strict";
import {
  type JsonObject,
  listAt,
  numberAt,
  objectAt,
  parseJson,
  textAt,
} from "../../src/sim/peer/json.ts";
import { piecesOf, type Stretch } from "./recordings.ts";
import type { Logged, Simulated } from "./simulated.ts";

const SAMPLES_A_MS = 24;
/** Silence before a sound that begins something new. */
const QUIET_SAMPLES = 300 * SAMPLES_A_MS;

export interface Truth {
  /** Milliseconds; null: nothing was answered. */
  readonly latencyMs: number | null;
  /** Each answer's. */
  readonly latenciesMs: readonly number[];
  /** US dollars; null: not known. */
  readonly dollars: number | null;
  readonly successRate: number | null;
  readonly calls: number;
  /** How well the recordings could be placed: as long as the shortest way takes. */
  readonly uncertainMs: number;
}

export interface Evidence {
  readonly peer: Simulated;
  /** What the microphone heard, from the daemon's start. */
  readonly source: Int16Array;
  /** What the speaker played, from the daemon's start. */
  readonly played: Int16Array;
  readonly silenceMs: number;
}

export function truthOf({ peer, source, played, silenceMs }: Evidence): Truth {
  const log = peer.log();
  const ways = connectionsOf(log).map((connection) => heardOn(log, connection, peer, source));
  const answers = answersOf(log, onsetsIn(played));
  // There and back, at the quickest: half of it is one way, and so late is what arrived earliest.
  const oneWayMs = Math.min(...answers.map(({ sentMs, clearedMs }) => clearedMs - sentMs)) / 2;
  const captureMs = Math.min(...ways.map((way) => way.originMs)) - oneWayMs;
  const earliest = Math.max(...answers.map(({ sentMs, onset }) => sentMs - onset / SAMPLES_A_MS));
  const latest = Math.min(
    ...answers.map(({ clearedMs, onset }) => clearedMs - onset / SAMPLES_A_MS),
  );
  const playMs = (earliest + latest) / 2;
  const latenciesMs = answers.map(({ connection, endMs, onset }) => {
    const way = ways.find((one) => one.connection === connection);
    assert.ok(way);
    const said = sourceAt(way.pieces, Math.round((endMs - silenceMs) * SAMPLES_A_MS));
    return playMs + onset / SAMPLES_A_MS - (captureMs + said / SAMPLES_A_MS);
  });
  return {
    latenciesMs,
    latencyMs: answers.length === 0 ? null : sum(latenciesMs) / answers.length,
    dollars: dollarsOf(log),
    ...functionsOf(log),
    uncertainMs: oneWayMs,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function typeOf({ event }: Logged): string {
  return textAt(event, "type") ?? "";
}

function connectionsOf(log: readonly Logged[]): number[] {
  const appends = log.filter((entry) => typeOf(entry) === "input_audio_buffer.append");
  return [...new Set(appends.map(({ connection }) => connection))];
}

/** Where in the source a connection's sound is, and when the source's first sample was captured. */
function heardOn(log: readonly Logged[], connection: number, peer: Simulated, source: Int16Array) {
  const pieces = piecesOf(source, peer.received(connection));
  let samples = 0;
  let originMs = Infinity;
  for (const entry of log) {
    if (entry.connection !== connection || typeOf(entry) !== "input_audio_buffer.append") continue;
    samples += (numberAt(entry.event, "audio_bytes") ?? 0) / 2;
    const position = sourceAt(pieces, samples - 1) + 1;
    originMs = Math.min(originMs, entry.ms - position / SAMPLES_A_MS);
  }
  return { connection, pieces, originMs };
}

/** Where in the source the sample is that was received as number `index`. */
function sourceAt(pieces: readonly Stretch[], index: number): number {
  let left = index;
  for (const { from, to } of pieces) {
    if (left < to - from) return from + left;
    left -= to - from;
  }
  throw new Error("more than was received");
}

/** Where sound begins after silence. */
function onsetsIn(played: Int16Array): number[] {
  const onsets: number[] = [];
  let lastAt = -Infinity;
  played.forEach((sample, at) => {
    if (sample === 0) return;
    if (at - lastAt > QUIET_SAMPLES) onsets.push(at);
    lastAt = at;
  });
  return onsets;
}

interface Answered {
  readonly connection: number;
  /** End of the turn, by the sound of its connection. */
  readonly endMs: number;
  /** Its first sound was sent, and the daemon's reaction came. */
  readonly sentMs: number;
  readonly clearedMs: number;
  /** Where in the recording it sounds. */
  readonly onset: number;
}

/** Turns that ended and were answered with sound, with the onsets in their order. */
function answersOf(log: readonly Logged[], onsets: readonly number[]): Answered[] {
  const found: Omit<Answered, "onset">[] = [];
  let turn: { connection: number; endMs: number } | null = null;
  for (const [at, entry] of log.entries()) {
    const type = typeOf(entry);
    if (type === "input_audio_buffer.speech_stopped") {
      const { connection, event } = entry;
      turn = { connection, endMs: numberAt(event, "audio_end_ms") ?? Number.NaN };
    }
    if (type !== "response.output_audio.delta" || turn === null) continue;
    const cleared = log.slice(at).find((later) => typeOf(later) === "input_audio_buffer.clear");
    found.push({ ...turn, sentMs: entry.ms, clearedMs: cleared?.ms ?? Infinity });
    turn = null;
  }
  assert.equal(onsets.length, found.length, "each answer sounds once, and nothing else does");
  return found.map((answer, nth) => ({ ...answer, onset: onsets[nth] ?? Number.NaN }));
}

/** US dollars a million tokens, as published: text, cached text, audio, cached, image, cached; out. */
const PRICES: Readonly<Record<string, readonly number[]>> = {
  "gpt-realtime": [4, 0.4, 32, 0.4, 5, 0.5, 16, 64],
  "gpt-realtime-1.5": [4, 0.4, 32, 0.4, 5, 0.5, 16, 64],
  "gpt-realtime-mini": [0.6, 0.06, 10, 0.3, 0.8, 0.08, 2.4, 20],
};

function dollarsOf(log: readonly Logged[]): number | null {
  const models = new Map<number, string>();
  let microUsd = 0;
  for (const { connection, event } of log) {
    const type = textAt(event, "type");
    if (type === "session.created") {
      models.set(connection, textAt(objectAt(event, "session"), "model") ?? "");
    }
    if (type !== "response.done") continue;
    const response = objectAt(event, "response");
    const prices = PRICES[models.get(connection) ?? ""];
    const usage = response["usage"];
    if (usage === null || usage === undefined) {
      if (textAt(response, "status") === "failed") continue;
      return null;
    }
    if (prices === undefined) return null;
    const counts = countsOf(objectAt(response, "usage"));
    counts.forEach((count, kind) => {
      microUsd += Math.round(count * (prices[kind] ?? Number.NaN));
    });
  }
  return microUsd / 1e6;
}

/** Tokens in the order of the prices; what was cached is not paid for twice. */
function countsOf(usage: JsonObject): number[] {
  const details = objectAt(usage, "input_token_details");
  const input = ["text", "audio", "image"].flatMap((kind) => {
    const all = numberAt(details, `${kind}_tokens`) ?? 0;
    const cached = numberAt(details, "cached_tokens_details", `${kind}_tokens`) ?? 0;
    return [all - cached, cached];
  });
  const out = objectAt(usage, "output_token_details");
  return [...input, numberAt(out, "text_tokens") ?? 0, numberAt(out, "audio_tokens") ?? 0];
}

/** Calls that were answered, and the share of them that was not answered with an error. */
function functionsOf(log: readonly Logged[]): Pick<Truth, "calls" | "successRate"> {
  const called = log
    .filter((entry) => typeOf(entry) === "response.done")
    .flatMap(({ event }) => listAt(objectAt(event, "response"), "output"))
    .flatMap((item) => (textAt(item, "type") === "function_call" ? [textAt(item, "call_id")] : []));
  const good = called.filter((id) => {
    const answer = log.find(
      ({ event, from }) => from === "client" && textAt(objectAt(event, "item"), "call_id") === id,
    );
    const output = parseJson(textAt(objectAt(answer?.event ?? {}, "item"), "output") ?? "null");
    return output !== undefined && objectOrEmpty(output)["error"] === undefined;
  });
  const calls = called.length;
  return { calls, successRate: calls === 0 ? null : good.length / calls };
}

function objectOrEmpty(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
