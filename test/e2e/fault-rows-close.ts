/**
 * The connection ends: each way of ending at each point of a conversation, as a matrix; and the
 * ways in which it ends without a word. Data for faults.test.ts.
 */

import type { JsonObject } from "../../src/sim/peer/json.ts";
import type { FaultRow } from "../helpers/fault-row.ts";

interface Ending {
  readonly name: string;
  readonly action: JsonObject;
  /** What the journal says of it. */
  readonly said: string;
  /** Null: it is dialled again. */
  readonly shown: { readonly code: string; readonly sound: string } | null;
}

function close(code: number, reason = ""): JsonObject {
  return { do: "close", code, reason };
}

const REFUSED = { code: "protocol", sound: "error" };
const ENDINGS: readonly Ending[] = [
  { name: "1000", action: close(1000), said: "The connection was lost: close 1000", shown: null },
  {
    name: "1001",
    action: close(1001, "going away"),
    said: "The connection was lost: close 1001 going away",
    shown: null,
  },
  { name: "1005", action: { do: "close" }, said: "lost: close 1005", shown: null },
  { name: "1006", action: { do: "drop" }, said: "lost: close 1006", shown: null },
  { name: "1006 by RST", action: { do: "reset" }, said: "lost: close 1006", shown: null },
  { name: "1011", action: close(1011, "oops"), said: "lost: close 1011 oops", shown: null },
  {
    name: "3000",
    action: close(3000, "invalid_request_error.invalid_api_key"),
    said: "The API refused the key: close 3000 invalid_request_error.invalid_api_key",
    shown: { code: "key-rejected", sound: "bad-key" },
  },
  {
    name: "4000",
    action: close(4000, "because"),
    said: "The server closed the connection: close 4000 because",
    shown: REFUSED,
  },
];

interface Place {
  readonly name: string;
  readonly at: JsonObject;
  readonly turns?: JsonObject["turns"];
  /** What the row states when it is dialled again, and when it is told. */
  readonly again: Partial<FaultRow>;
  readonly shown: Partial<FaultRow>;
}

const PLACES: readonly Place[] = [
  {
    name: "before session.created",
    at: { at: "connect" },
    again: { dials: 2 },
    shown: { leds: "connecting fault idle", turns: 0, answers: 0, dials: 1, sound: [] },
  },
  {
    name: "while the user speaks",
    at: { at: "speech_started", after_ms: 200 },
    again: {
      leds: "connecting listening connecting listening thinking speaking follow-up idle",
      dials: 2,
    },
    shown: { leds: "connecting listening fault idle", turns: 0, answers: 0, sound: [] },
  },
  {
    name: "while it thinks",
    at: { at: "response.created" },
    again: {
      traps: [19],
      leds: "connecting listening thinking connecting listening thinking speaking follow-up idle",
      dials: 2,
    },
    shown: { leds: "connecting listening thinking fault idle", answers: 0, sound: [] },
  },
  {
    name: "in mid-reply",
    at: { at: "delta:3" },
    again: {
      leds: "connecting listening thinking speaking fault idle",
      endReason: "fault",
      errors: ["network"],
      sound: ["part", "no-network"],
      answers: 0,
      dials: 1,
    },
    shown: {
      leds: "connecting listening thinking speaking fault idle",
      answers: 0,
      sound: ["part"],
    },
  },
  {
    name: "after the reply was sent, while it plays",
    at: { at: "response.done" },
    again: {
      leds: "connecting listening thinking speaking connecting listening idle",
      endReason: "no_speech",
      dials: 2,
    },
    shown: { leds: "connecting listening thinking speaking fault idle", sound: ["reply"] },
  },
  {
    name: "in the follow-up window",
    at: { at: "response.done", after_ms: 2200 },
    again: {
      leds: "connecting listening thinking speaking follow-up connecting listening idle",
      endReason: "no_speech",
      dials: 2,
    },
    shown: {
      leds: "connecting listening thinking speaking follow-up fault idle",
      sound: ["reply"],
    },
  },
];

function row(ending: Ending, place: Place): FaultRow {
  const { shown } = ending;
  const stated =
    shown === null
      ? place.again
      : {
          ...place.shown,
          endReason: "fault",
          errors: [shown.code],
          sound: [...(place.shown.sound ?? []), shown.sound],
        };
  return {
    name: `close ${ending.name} ${place.name}`,
    scenario: { faults: [{ ...place.at, ...ending.action }] },
    lines: [new RegExp(ending.said)],
    ...stated,
  };
}

const SILENT: readonly FaultRow[] = [
  {
    name: "half open while it thinks",
    scenario: { faults: [{ at: "committed", do: "half-open" }] },
    lines: [/did not come in time.*connecting again|did not answer in time.*connecting again/],
    leds: "connecting listening thinking connecting listening thinking speaking follow-up idle",
    withinMs: 14_000,
  },
  {
    name: "half open in mid-reply",
    traps: [12],
    scenario: { faults: [{ at: "delta:3", do: "half-open" }] },
    lines: [/^The Realtime API did not answer in time \(pong\)/],
    leds: "connecting listening thinking speaking fault idle",
    endReason: "fault",
    errors: ["timeout"],
    sound: ["part", "busy"],
    answers: 0,
    withinMs: 16_000,
  },
  {
    name: "half open in the follow-up window",
    settings: { "session.follow_up_s": 15 },
    scenario: { faults: [{ at: "response.done", do: "half-open", after_ms: 2000 }] },
    lines: [/^The Realtime API did not answer in time \(pong\); connecting again/],
    leds: "connecting listening thinking speaking follow-up connecting listening idle",
    endReason: "no_speech",
  },
  {
    name: "a stall while it thinks",
    scenario: { faults: [{ at: "committed", do: "stall" }] },
    lines: [/^The answer did not come in time.*connecting again/],
    leds: "connecting listening thinking connecting listening thinking speaking follow-up idle",
    withinMs: 14_000,
  },
  {
    name: "a response was created, and nothing came",
    scenario: { faults: [{ at: "response.created", do: "stall" }] },
    lines: [/^The answer did not come in time.*connecting again/],
    leds: "connecting listening thinking connecting listening thinking speaking follow-up idle",
    withinMs: 16_000,
  },
  {
    name: "a stall in mid-reply",
    scenario: { faults: [{ at: "delta:3", do: "stall" }] },
    lines: [/^The answer stopped in the middle/],
    leds: "connecting listening thinking speaking fault idle",
    endReason: "fault",
    errors: ["timeout"],
    sound: ["part", "busy"],
    answers: 0,
    withinMs: 18_000,
  },
  {
    name: "a stall of 2 s in mid-reply, then it goes on",
    scenario: { faults: [{ at: "delta:3", do: "stall", for_ms: 2000 }] },
    withinMs: 8_000,
  },
];

const EXPIRY: readonly FaultRow[] = PLACES.slice(1).map((place) => ({
  name: `the session expires ${place.name}`,
  traps: [10],
  scenario: { faults: [{ ...place.at, do: "expire" }] },
  lines: [/lost: close 1001 Your session hit the maximum duration of 60 minutes/],
  ...place.again,
  errors: ["session_expired", ...(place.again.errors ?? [])],
}));

export const CLOSE_ROWS: readonly FaultRow[] = PLACES.flatMap((place) =>
  ENDINGS.map((ending) => row(ending, place)),
);

export const SILENCE_ROWS: readonly FaultRow[] = [...SILENT, ...EXPIRY];
