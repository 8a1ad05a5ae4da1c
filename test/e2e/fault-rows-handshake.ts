/** Faults at the door: refused, unreachable, silent. Data for faults.test.ts. */

import type { JsonObject } from "../../src/sim/peer/json.ts";
import type { FaultRow } from "../helpers/fault-row.ts";

/** The shipped chain, all of it alive. */
export const CHAIN = [
  "gpt-realtime",
  "gpt-4o-realtime-preview",
  "gpt-realtime-2.1",
  "gpt-realtime-1.5",
];

export const FAULT_SHOWN = "connecting fault idle";
/** The fault is shown for 4 s; the rest is dialling. */
const SHOWN_MS = 6_000;
const QUOTA = { type: "insufficient_quota", code: "credit_balance_exhausted", message: "No." };

export function refusal(status: number, more: JsonObject = {}): JsonObject {
  return { at: "handshake", do: "refuse", status, ...more };
}

function coded(code: string, type = "invalid_request_error"): JsonObject {
  return { error: { type, code, message: `It says ${code}.` } };
}

/** Refused once, told at once, without another attempt. */
const REPORTED_AT_ONCE: readonly FaultRow[] = [
  {
    name: "401, key not valid",
    scenario: { faults: [refusal(401, coded("invalid_api_key"))] },
    lines: [/^Failed to connect with model gpt-realtime: The API refused the key: HTTP 401.*Check/],
    errors: ["key-rejected"],
    sound: ["bad-key"],
  },
  {
    name: "401 without a code",
    scenario: { faults: [refusal(401, { body: "<html>no</html>" })] },
    lines: [
      /^Failed to connect with model gpt-realtime: The API refused the key: HTTP 401\. Check/,
    ],
    errors: ["key-rejected"],
    sound: ["bad-key"],
  },
  {
    name: "429 with a billing code and a Retry-After",
    scenario: { faults: [refusal(429, { error: QUOTA, retry_after_s: 1 })] },
    lines: [/^Failed to connect with model gpt-realtime: No credit left: HTTP 429.*billing/],
    errors: ["no-credit"],
    sound: ["no-credit"],
  },
  {
    name: "400, refused for what we are",
    scenario: { faults: [refusal(400, coded("invalid_value"))] },
    lines: [/^Failed to connect with model gpt-realtime: The server refused.*HTTP 400/],
    errors: ["protocol"],
    sound: ["error"],
  },
  {
    name: "301, a redirect that would take the key elsewhere",
    scenario: { faults: [refusal(301)] },
    lines: [/^Failed to connect with model gpt-realtime: .*HTTP 301/],
    errors: ["protocol"],
    sound: ["error"],
  },
];

function notAnswered() {
  return { leds: FAULT_SHOWN, endReason: "fault", turns: 0, answers: 0, withinMs: SHOWN_MS };
}

const TRIED_AGAIN: readonly FaultRow[] = [
  {
    name: "429, too fast",
    scenario: { faults: [refusal(429, coded("slow_down"))] },
    lines: [/^Failed to connect with model gpt-realtime: Too many requests: HTTP 429.*; again in/],
    dials: 2,
  },
  {
    name: "429 with Retry-After 2 s",
    scenario: { faults: [refusal(429, { ...coded("rate_limit_exceeded"), retry_after_s: 2 })] },
    lines: [/Too many requests: HTTP 429 \(rate_limit_exceeded\); again in 2\.0 s/],
    dials: 2,
  },
  ...[408, 500, 502, 503, 504].map((status) => ({
    name: `${status} once`,
    scenario: { faults: [refusal(status)] },
    lines: [
      new RegExp(`^Failed to connect with model gpt-realtime: .*HTTP ${status}.*; trying again`),
    ],
    dials: 2,
  })),
  {
    name: "503, overloaded, with Retry-After 3 s",
    scenario: {
      faults: [
        refusal(503, { ...coded("server_is_overloaded", "server_error"), retry_after_s: 3 }),
      ],
    },
    lines: [/HTTP 503 \(server_is_overloaded\); trying again in 3\.0 s/],
    dials: 2,
  },
  {
    name: "500 twice: the next model answers",
    scenario: { models: CHAIN, faults: [refusal(500, { times: 2 })] },
    lines: [/^Failed to connect with model gpt-realtime: .*HTTP 500; trying gpt-4o-realtime-prev/],
    model: "gpt-4o-realtime-preview",
    fallbacks: ["gpt-realtime>gpt-4o-realtime-preview: server"],
    dials: 3,
  },
  {
    name: "the upgrade is never answered, once",
    traps: [13],
    scenario: { faults: [{ at: "handshake", do: "hang" }] },
    lines: [/^Failed to connect with model gpt-realtime: no session in time.*; trying again/],
    withinMs: 9_000,
    dials: 2,
  },
  {
    name: "silence after the upgrade, once",
    scenario: { faults: [{ at: "connect", do: "stall" }] },
    lines: [/^Failed to connect with model gpt-realtime: no session in time.*; trying again/],
    withinMs: 9_000,
    dials: 2,
  },
  {
    name: "silence after session.created, once",
    scenario: { faults: [{ at: "created", do: "stall" }] },
    lines: [/^Failed to connect with model gpt-realtime: no session in time.*; trying again/],
    withinMs: 9_000,
    dials: 2,
  },
  {
    name: "our set-up is never confirmed, once",
    scenario: { faults: [{ at: "client:session.update", do: "skip" }] },
    lines: [/^Failed to connect with model gpt-realtime: no session in time.*; trying again/],
    withinMs: 9_000,
    dials: 2,
  },
  {
    name: "reset in the handshake",
    scenario: { faults: [{ at: "handshake", do: "reset" }] },
    lines: [/^Failed to connect with model gpt-realtime: The API cannot be reached \(ECONNRESET\)/],
    dials: 2,
  },
];

const OUT_OF_REACH: readonly FaultRow[] = [
  {
    name: "429 with Retry-After 5 min: no wake asks before",
    scenario: { faults: [refusal(429, { ...coded("slow_down"), retry_after_s: 300 })] },
    lines: [/^Failed to connect with model gpt-realtime: Too many requests: HTTP 429/],
    errors: ["rate-limited"],
    sound: ["busy"],
    dials: 1,
    heldOff: true,
  },
  {
    name: "503 for ever",
    scenario: { faults: [refusal(503, { times: "always", body: "<html>down</html>" })] },
    lines: [/^Failed to connect with model gpt-realtime-1\.5: The Realtime API failed: HTTP 503/],
    model: "gpt-realtime-1.5",
    nextModel: "gpt-realtime",
    fallbacks: [
      "gpt-realtime>gpt-4o-realtime-preview: server",
      "gpt-4o-realtime-preview>gpt-realtime-2.1: server",
      "gpt-realtime-2.1>gpt-realtime-1.5: server",
    ],
    errors: ["server"],
    sound: ["busy"],
    withinMs: 12_000,
    dials: 8,
    lasting: true,
  },
  {
    name: "nobody listens at the port",
    peerUp: false,
    settings: { "openai.model_selection": "new" },
    lines: [
      /^Failed to connect with model gpt-realtime: The API cannot be reached \(ECONNREFUSED\)/,
    ],
    errors: ["network"],
    sound: ["no-network"],
    lasting: true,
  },
  {
    name: "the name is unknown",
    baseUrl: () => "http://pipit..invalid/v1",
    settings: { "openai.model_selection": "new" },
    lines: [/^Failed to connect with model gpt-realtime: The API's name could not be resolved/],
    errors: ["network"],
    sound: ["no-network"],
    lasting: true,
  },
  {
    name: "TLS with a server that has none",
    baseUrl: (port: string) => `https://127.0.0.1:${port}/v1`,
    settings: { "openai.model_selection": "new" },
    lines: [/^Failed to connect with model gpt-realtime: The server's certificate.*timedatectl/],
    errors: ["network"],
    sound: ["no-network"],
    lasting: true,
  },
  {
    name: "the upgrade is never answered, whatever the model",
    scenario: { faults: [{ at: "handshake", do: "hang", times: "always" }] },
    lines: [/^Failed to connect with model gpt-4o-realtime-preview: no session in time/],
    model: "gpt-4o-realtime-preview",
    nextModel: "gpt-realtime",
    fallbacks: ["gpt-realtime>gpt-4o-realtime-preview: timeout"],
    errors: ["timeout"],
    sound: ["busy"],
    withinMs: 22_000,
    lasting: true,
  },
  {
    name: "a wrong key, told after the upgrade (3000)",
    scenario: { key: "sk-right", wrong_key: "close-3000" },
    key: "sk-wrong",
    lines: [/^Failed to connect with model gpt-realtime: The API refused the key: close 3000/],
    errors: ["key-rejected"],
    sound: ["bad-key"],
    dials: 1,
    lasting: true,
  },
  {
    name: "the beta dialect with a server that has left it (4000)",
    scenario: { faults: [] },
    settings: { "openai.protocol": "beta" },
    lines: [
      /^Failed to connect with model gpt-realtime: The server no longer supports the beta protocol.*protocol: ga/,
    ],
    errors: ["beta_api_shape_disabled", "protocol"],
    sound: ["error"],
    dials: 1,
    lasting: true,
  },
];

export const HANDSHAKE_ROWS: readonly FaultRow[] = [
  ...REPORTED_AT_ONCE.map((row) => ({ ...notAnswered(), dials: 1, ...row })),
  ...TRIED_AGAIN,
  ...OUT_OF_REACH.map((row) => ({ ...notAnswered(), ...row })),
];
