/** Answers that fail, end early, or do not come at all. Data for faults.test.ts. */

import assert from "node:assert/strict";
import { type JsonObject, numberAt } from "../../src/sim/peer/json.ts";
import type { FaultRow } from "../helpers/fault-row.ts";

/** What is said of `response.create` needs a client that asks: the server creates the answer where it may. */
const BY_CLIENT = { "session.response_by": "client" } as const;

const THOUGHT = "connecting listening thinking ";
const HEARD = "connecting listening thinking speaking ";

function failed(code: string, more: JsonObject = {}): JsonObject {
  const error = { type: code, code, message: `It says ${code}.` };
  return { status: "failed", error, ...more };
}

const FAILED: readonly FaultRow[] = [
  ...["server_error", "something_new"].map((code) => ({
    name: `a response failed (${code}) once: asked again`,
    scenario: { turns: [failed(code)] },
    lines: [new RegExp(`^The Realtime API failed: It says ${code}.*; asking once more$`)],
    dials: 1,
  })),
  {
    name: "a response failed (server_error) twice: a new connection",
    traps: [31],
    scenario: { turns: [failed("server_error"), failed("server_error")] },
    leds: `${THOUGHT}${HEARD}follow-up idle`,
    lines: [/^The Realtime API failed.*; connecting again$/],
    dials: 2,
  },
  {
    name: "every response fails (server_error)",
    traps: [18],
    scenario: { otherwise: failed("server_error") },
    leds: `${THOUGHT.repeat(4)}fault idle`,
    lines: [
      /^The Realtime API failed: It says server_error\. \(server_error\)\. The fault is on the server's side/,
    ],
    endReason: "fault",
    errors: ["server"],
    sound: ["busy"],
    answers: 0,
    lasting: true,
  },
  {
    name: "a response failed (rate_limit_exceeded) once: asked again a little later",
    scenario: { turns: [failed("rate_limit_exceeded")] },
    lines: [/^Too many requests: .*; again in \d\.\d s$/],
  },
  ...[
    { code: "insufficient_quota", fault: "no-credit", sound: "no-credit", line: /^No credit left/ },
    { code: "invalid_api_key", fault: "key-rejected", sound: "bad-key", line: /refused the key/ },
  ].map(({ code, fault, sound, line }) => ({
    name: `a response failed (${code}): told`,
    scenario: { turns: [failed(code)] },
    leds: `${THOUGHT}fault idle`,
    lines: [line],
    endReason: "fault",
    errors: [fault],
    sound: [sound],
    answers: 0,
    dials: 1,
  })),
  {
    name: "a response failed after a part of it was heard",
    scenario: { turns: [failed("server_error", { after_deltas: 3 })] },
    leds: `${HEARD}fault idle`,
    lines: [/^The Realtime API failed: It says server_error/],
    endReason: "fault",
    errors: ["server"],
    sound: ["part", "busy"],
    answers: 0,
  },
  {
    name: "response.create refused",
    settings: BY_CLIENT,
    scenario: {
      faults: [{ at: "client:response.create", do: "reject", error: { code: "invalid_value" } }],
    },
    leds: `${THOUGHT}fault idle`,
    lines: [/^The Realtime API failed: A scripted error: invalid_value/],
    endReason: "fault",
    errors: ["invalid_value", "server"],
    sound: ["busy"],
    answers: 0,
  },
  {
    name: "response.create is never answered",
    settings: BY_CLIENT,
    scenario: { faults: [{ at: "client:response.create", do: "skip" }] },
    leds: `${THOUGHT}${HEARD}follow-up idle`,
    lines: [/^The answer did not come in time.*; connecting again$/],
    withinMs: 12_000,
    dials: 2,
  },
];

const CUT: readonly FaultRow[] = [
  {
    name: "incomplete (max_output_tokens)",
    scenario: { turns: [{ status: "incomplete", reason: "max_output_tokens", after_deltas: 3 }] },
    lines: [/^The answer was cut short \(max_output_tokens\)$/],
    sound: ["part"],
    answers: 0,
  },
  {
    name: "incomplete (content_filter), before a sound",
    scenario: { turns: [{ status: "incomplete", reason: "content_filter", after_deltas: 0 }] },
    leds: `${THOUGHT}fault idle`,
    lines: [
      /^The answer was cut short \(content_filter\)$/,
      /^The answer came without sound \(content_filter\)/,
    ],
    endReason: "fault",
    errors: ["unheard"],
    sound: ["error"],
    answers: 0,
  },
  {
    name: "cancelled by the server in mid-reply",
    scenario: { turns: [{ status: "cancelled", after_deltas: 3 }] },
    sound: ["part"],
    answers: 0,
  },
  {
    name: "two audio items, both played",
    scenario: { turns: [{ items: [{ tone: { ms: 600 } }, { tone: { ms: 700 } }] }] },
    check: (metrics) => assert.equal(numberAt(metrics, "audio", "played_ms"), 1300),
  },
  {
    name: "two audio items, interleaved",
    traps: [24],
    scenario: {
      turns: [{ items: [{ tone: { ms: 600 } }, { tone: { ms: 700 } }], interleave: true }],
    },
    check: (metrics) => assert.equal(numberAt(metrics, "audio", "played_ms"), 1300),
  },
  ...[
    { name: "no output at all", turn: { items: [] } },
    { name: "an answer in writing", turn: { text: "Only letters." } },
  ].map(({ name, turn }) => ({
    name,
    scenario: { turns: [turn] },
    lines: [/^The answer came without sound \(completed\); asking once more$/],
  })),
  {
    name: "a slow model: 8 s before the first sound",
    scenario: { turns: [{ first_delta_ms: 8000 }] },
    withinMs: 12_000,
    dials: 1,
  },
  {
    name: "sound slower than it plays",
    scenario: { turns: [{ pace: 0.6 }] },
    check: (metrics) => assert.ok((numberAt(metrics, "audio", "underruns") ?? 0) > 0),
  },
];

export const ANSWER_ROWS: readonly FaultRow[] = [...FAILED, ...CUT];
