/** Inputs for the state machine without rhyme or reason, made by dice from a few names. */

import type { Input } from "../../src/core/assistant/inputs.ts";
import { fault } from "../../src/core/fault.ts";
import type { ServerEvent } from "../../src/core/realtime/server-events.ts";
import type { SimDice } from "../../src/sim/dice.ts";

const LOST = fault("microphone-lost", "retry", "gone");
const CODES = [
  null,
  "response_cancel_not_active",
  "conversation_already_has_active_response",
  "insufficient_quota",
  "model_not_found",
  "server_error",
  "rate_limit_exceeded",
  "session_expired",
];
const OWN = [
  null,
  "update_100",
  "create_1",
  "cancel_1",
  "truncate_1",
  "delete_1",
  "output_1",
  "commit_1",
];
const STATUSES = ["completed", "cancelled", "incomplete", "failed"] as const;
const COMMANDS = [
  "wake",
  "stop",
  "mute",
  "mute-until-press",
  "unmute",
  "toggle-mute",
  "repeat",
] as const;
const CALL_IDS = ["c", "d", "e"] as const;
const NAMES = ["end_conversation", "lamp"];

/** Any input; the server's are on attempt `attempt`, or now and then on the one before. */
export function anyInput(attempt: number, dice: SimDice): Input {
  const one = <T>(list: readonly T[]): T => dice.oneOf(list);
  const stale = dice.unit() < 0.05 ? attempt - 1 : attempt;
  const kinds: readonly (() => Input)[] = [
    () => ({ tag: "wake", keyword: "computer", endSample: 24_000 }),
    () => ({ tag: "tap" }),
    () => ({ tag: "command", command: one(COMMANDS) }),
    () => ({ tag: "ptt-down", pressedMs: Math.floor(dice.unit() * 1e6) }),
    () => ({ tag: "ptt-up" }),
    () => ({ tag: "uplink-flushed" }),
    () => ({ tag: "power-off" }),
    () => ({ tag: "news", text: "It is done." }),
    () => ({ tag: "learned", fact: { tag: "retry-after", why: LOST, forMs: 1_000 } }),
    () => ({ tag: "learned", fact: { tag: "model-answered", model: "gpt-realtime" } }),
    () => ({ tag: "tool-done", callId: one(CALL_IDS), ...toolEnd(dice) }),
    () => ({ tag: "tool-asks", callId: one(CALL_IDS), output: "{}" }),
    () => ({ tag: "link-opened", attempt: stale }),
    () => ({
      tag: "link-closed",
      attempt: stale,
      failure: { tag: "close", code: one([1000, 1006, 3000, 4000]), reason: "" },
    }),
    () => ({ tag: "reply-audio", responseId: one(["r1", "r2", "r3"]) }),
    () => ({ tag: "underrun" }),
    () => ({ tag: "drained" }),
    () => ({ tag: "flushed", attempt: stale, items: [heard("a", dice), heard("b", dice)] }),
    () => ({ tag: "device-lost", device: one(["microphone", "speaker"] as const), fault: LOST }),
    () => ({ tag: "device-back", device: one(["microphone", "speaker"] as const) }),
    () => ({ tag: "tick" }),
    () => ({ tag: "shutdown" }),
  ];
  if (dice.chance(0.3)) return one(kinds)();
  const capturedAt = dice.unit() < 0.5 ? null : Math.floor(dice.unit() * 1e9);
  return { tag: "server", attempt: stale, event: anyEvent(dice), capturedAt };
}

function anyEvent(dice: SimDice): ServerEvent {
  const one = <T>(list: readonly T[]): T => dice.oneOf(list);
  const responseId = one(["r1", "r2", "r3"]);
  const itemId = one(["u1", "u2", "a", "b"]);
  const message = "no";
  const param = one([null, "session.truncation", "session.voice"]);
  const error = { type: null, code: one(CODES), message, param, eventId: one(OWN) };
  const status = one(STATUSES);
  const called = dice.unit() < 0.2;
  const ids = ["c", "d", "e"].slice(0, 1 + Math.floor(dice.unit() * 3));
  const calls = called ? ids.map((callId) => ({ callId, name: one(NAMES), arguments: "}{" })) : [];
  const requests = dice.chance(0.2) ? [{ callId: "q", name: "docs.pay", arguments: "{}" }] : [];
  const asked = { calls, requests, hasCalls: calls.length + requests.length > 0 };
  const expiresAtS = one([null, 0, 1e12]);
  const session = { sessionId: "s", model: "m", voice: "alloy", expiresAtS, transcriber: null };
  const kinds: readonly ServerEvent[] = [
    { tag: "session-created", ...session },
    { tag: "session-updated", ...session },
    { tag: "speech-started", itemId, startMs: 0 },
    { tag: "speech-stopped", itemId, endMs: 2000 },
    { tag: "committed", itemId },
    { tag: "response-created", responseId },
    { tag: "response-done", responseId, status, reason: null, error, ...asked, usage: null },
    { tag: "remote-listing", itemId, label: "docs" },
    { tag: "remote-listed", itemId, ok: dice.chance(0.5) },
    { tag: "remote-call", call: { itemId, name: "docs.pay", requestId: one([null, "q"]) } },
    { tag: "remote-done", itemId, ok: dice.chance(0.5) },
    { tag: "transcript", itemId, text: "x".repeat(5000) },
    { tag: "error", error },
    { tag: "ignored", type: "x" },
    { tag: "malformed", why: "x" },
  ];
  return one(kinds);
}

function toolEnd(dice: SimDice) {
  const picture = dice.chance(0.3) ? { picture: "/9j/" } : {};
  return { ok: dice.chance(0.5), output: "{}", isBegun: dice.chance(0.3), ...picture };
}

function heard(itemId: string, dice: SimDice) {
  const receivedMs = Math.floor(dice.unit() * 1000);
  const heardMs = Math.floor(dice.unit() * (receivedMs + 1));
  return { itemId, contentIndex: 0, heardMs, receivedMs };
}
