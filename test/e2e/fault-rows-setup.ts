/** The set-up refused, and words that make no sense. Data for faults.test.ts. */

import type { JsonObject } from "../../src/sim/peer/json.ts";
import type { FaultRow } from "../helpers/fault-row.ts";

const UNREADABLE = /^The server sent a message that cannot be read/;

/** Our set-up refused because of one parameter. */
function refused(param: string, more: JsonObject = {}): JsonObject {
  const message = `Unknown parameter: '${param}'.`;
  const error = { type: "invalid_request_error", code: "unknown_parameter", message, param };
  return { at: "client:session.update", do: "reject", error, ...more };
}

/** What can be left out: as the server names it, and as we do. */
const PARTS: readonly (readonly [string, string])[] = [
  ["session.temperature", "temperature"],
  ["session.audio.input.noise_reduction", "noise-reduction"],
  ["session.truncation", "truncation"],
  ["session.audio.input.turn_detection", "turn-detection"],
  ["session.max_output_tokens", "max-output-tokens"],
  ["session.reasoning", "reasoning"],
  ["session.tools", "tools"],
];

const REFUSED: readonly FaultRow[] = [
  ...PARTS.map(([param, part]) => ({
    name: `set-up refused because of ${param}: repaired`,
    scenario: { faults: [refused(param)] },
    lines: [new RegExp(`^The server refused a part of the set-up \\(${part}\\); it is left out$`)],
    errors: ["unknown_parameter"],
  })),
  {
    name: "two parts of the set-up refused, one after the other",
    scenario: { faults: [refused("session.truncation"), refused("session.reasoning")] },
    lines: [/\(truncation\); it is left out/],
    errors: ["unknown_parameter", "unknown_parameter"],
  },
  ...[
    {
      name: "a voice that the server does not know: refused",
      traps: [17],
      fault: refused("session.audio.output.voice"),
      errors: ["unknown_parameter"],
    },
    {
      name: "a part refused although it was left out",
      fault: refused("session.truncation", { times: "always" }),
      errors: ["unknown_parameter", "unknown_parameter"],
    },
  ].map(({ name, fault, errors }) => ({
    name,
    scenario: { faults: [fault] },
    leds: "connecting fault idle",
    lines: [/^Failed to connect with model gpt-realtime: .*Unknown parameter/],
    endReason: "fault",
    turns: 0,
    errors: [...errors, "protocol"],
    sound: ["error"],
    answers: 0,
    dials: 1,
    lasting: true,
  })),
  {
    name: "a server_error instead of session.updated: dialled again",
    scenario: {
      faults: [
        { at: "client:session.update", do: "reject", error: { type: "server_error", code: null } },
      ],
    },
    lines: [/^Failed to connect with model gpt-realtime: The Realtime API failed.*; trying again/],
    errors: ["server_error"],
    dials: 2,
  },
];

const MISSING: readonly FaultRow[] = [
  {
    name: "session.created without a session",
    scenario: { faults: [{ at: "created", do: "omit", fields: ["session"] }] },
  },
  {
    name: "session.updated without a voice",
    scenario: { faults: [{ at: "updated", do: "omit", fields: ["session.audio"] }] },
  },
  {
    // The set-up does not wait for the hello, and its confirmation stands for one.
    name: "session.created cut in the middle",
    scenario: { faults: [{ at: "created", do: "cut" }] },
    lines: [UNREADABLE],
    dials: 1,
  },
  {
    name: "speech_started without its item",
    scenario: { faults: [{ at: "speech_started", do: "omit", fields: ["item_id"] }] },
    lines: [/cannot be read: input_audio_buffer.speech_started lacks a field/],
  },
  {
    name: "speech_stopped without its time",
    scenario: { faults: [{ at: "speech_stopped", do: "omit", fields: ["audio_end_ms"] }] },
    lines: [/cannot be read: input_audio_buffer.speech_stopped lacks a field/],
  },
  {
    name: "committed without its item: asked on a new connection",
    scenario: { faults: [{ at: "committed", do: "omit", fields: ["item_id"] }] },
    leds: "connecting listening thinking connecting listening thinking speaking follow-up idle",
    lines: [/cannot be read: input_audio_buffer.committed lacks a field/],
    withinMs: 13_000,
    dials: 2,
  },
  {
    name: "response.created without an id",
    scenario: { faults: [{ at: "response.created", do: "omit", fields: ["response.id"] }] },
    lines: [/cannot be read: response.created lacks a field/],
  },
  {
    name: "response.created is lost",
    scenario: { faults: [{ at: "response.created", do: "skip" }] },
  },
  {
    name: "response.done without a status",
    scenario: { faults: [{ at: "response.done", do: "omit", fields: ["response.status"] }] },
  },
  {
    name: "response.done is lost",
    scenario: { faults: [{ at: "response.done", do: "skip" }] },
    leds: "connecting listening thinking speaking fault idle",
    lines: [/^The answer stopped in the middle/],
    endReason: "fault",
    errors: ["timeout"],
    sound: ["reply", "busy"],
    answers: 0,
    withinMs: 19_000,
  },
];

const REPEATED: readonly FaultRow[] = [
  "speech_started",
  "speech_stopped",
  "committed",
  "response.created",
  "response.output_audio.done",
  "response.done",
].map((at) => ({
  name: `${at} twice`,
  scenario: { faults: [{ at, do: "repeat" }] },
  answers: at === "response.done" ? 2 : 1,
}));

const NOISE: readonly FaultRow[] = [
  {
    name: "garbage before session.created",
    scenario: { faults: [{ at: "connect", do: "send", text: "}{ \u0000 hello" }] },
    lines: [/^The server sent a message that cannot be read: not JSON \(\d+ characters\)/],
  },
  ...["null", "[]", '"x"', "{}", '{"type":7}', ""].map((text) => ({
    name: `a frame ${JSON.stringify(text)} while it thinks`,
    scenario: { faults: [{ at: "committed", do: "send", text }] },
    lines: [UNREADABLE],
  })),
  {
    name: "a delta cut in the middle: the rest is heard",
    scenario: { faults: [{ at: "delta:3", do: "cut" }] },
    lines: [UNREADABLE],
    sound: ["part"],
  },
  {
    name: "a binary frame",
    scenario: { faults: [{ at: "committed", do: "send", bytes: 960 }] },
    leds: "connecting listening thinking fault idle",
    lines: [/^The server sent a message that cannot be read \(BINARY_FRAME\)/],
    endReason: "fault",
    errors: ["protocol"],
    sound: ["error"],
    answers: 0,
  },
  {
    name: "events that nobody has heard of",
    scenario: {
      faults: ["created", "speech_started", "committed", "response.created", "delta:2"].map(
        (at) => ({
          at,
          do: "send",
          event: { type: "weather.changed", item_id: "$user_item", sky: { blue: true } },
        }),
      ),
    },
  },
];

/** Frames that a machine of two cores needs a while for: their rows run apart from the others. */
export const HUGE_ROWS: readonly FaultRow[] = [
  {
    name: "an event of 20 MB",
    traps: [15],
    scenario: { faults: [{ at: "committed", do: "huge", mb: 20 }] },
    withinMs: 9_000,
  },
  {
    name: "an event of 34 MB, over the limit",
    scenario: { faults: [{ at: "committed", do: "huge", mb: 34 }] },
    leds: "connecting listening thinking fault idle",
    lines: [/^The server sent a message that cannot be read \(WS_ERR_UNSUPPORTED_MESSAGE_LENGTH\)/],
    endReason: "fault",
    errors: ["protocol"],
    sound: ["error"],
    answers: null,
    withinMs: 9_000,
  },
];

export const SETUP_ROWS: readonly FaultRow[] = REFUSED;
export const NONSENSE_ROWS: readonly FaultRow[] = [...MISSING, ...REPEATED, ...NOISE];
