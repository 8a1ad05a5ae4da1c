/** Every state × every input: nothing throws, nothing gets stuck, nothing invents a second answer. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Input } from "../../../src/core/assistant/inputs.ts";
import type { State, StepContext } from "../../../src/core/assistant/state.ts";
import { INITIAL, step } from "../../../src/core/assistant/step.ts";
import { deadlineMs, indication, isWakeVain, phase } from "../../../src/core/assistant/views.ts";
import { fault } from "../../../src/core/fault.ts";
import type { Phase } from "../../../src/core/phase.ts";
import type { ServerEvent } from "../../../src/core/realtime/server-events.ts";
import { DEFAULTS, type Settings, withoutSecrets } from "../../../src/core/settings/table.ts";

const lost = fault("microphone-lost", "retry", "gone");
const done = {
  tag: "response-done",
  responseId: "r1",
  status: "completed",
  reason: null,
  error: null,
  calls: [],
  requests: [],
  hasCalls: false,
  usage: null,
} as const;
const session = {
  sessionId: "s",
  model: "m",
  voice: "alloy",
  expiresAtS: null,
  transcriber: null,
} as const;
const problem = { type: null, code: null, message: "no", param: null, eventId: null };

const EVENTS: readonly ServerEvent[] = [
  { tag: "session-created", ...session },
  { tag: "session-updated", ...session },
  { tag: "speech-started", itemId: "u1", startMs: 0 },
  { tag: "speech-stopped", itemId: "u1", endMs: 2000 },
  { tag: "committed", itemId: "u1" },
  { tag: "committed", itemId: "stranger" },
  { tag: "response-created", responseId: "r1" },
  { tag: "response-created", responseId: "r2" },
  { tag: "audio", responseId: "r1", itemId: "a", contentIndex: 0, base64: "" },
  done,
  { ...done, responseId: "r2", status: "cancelled" },
  { ...done, status: "failed", error: problem },
  { ...done, status: "incomplete", reason: "max_output_tokens" },
  { ...done, calls: [{ callId: "c", name: "f", arguments: "{}" }], hasCalls: true },
  { ...done, requests: [{ callId: "q", name: "docs.pay", arguments: "{}" }], hasCalls: true },
  { tag: "remote-listing", itemId: "l", label: "docs" },
  { tag: "remote-listed", itemId: "l", ok: false },
  { tag: "remote-call", call: { itemId: "m", name: "docs.pay", requestId: null } },
  { tag: "remote-done", itemId: "m", ok: true },
  { tag: "error", error: problem },
  { tag: "error", error: { ...problem, code: "response_cancel_not_active" } },
  { tag: "error", error: { ...problem, code: "insufficient_quota" } },
  { tag: "error", error: { ...problem, eventId: "update_100" } },
  { tag: "error", error: { ...problem, eventId: "create_1" } },
  { tag: "ignored", type: "x" },
  { tag: "malformed", why: "x" },
];

/** One of each kind of input, with the server's events on attempt `attempt`. */
function inputs(attempt: number): Input[] {
  const server = EVENTS.flatMap((event): Input[] =>
    [null, 40_000].map((capturedAt) => ({ tag: "server", attempt, event, capturedAt })),
  );
  const flushed = [
    { itemId: "a", contentIndex: 0, heardMs: 0, receivedMs: 10 },
    { itemId: "b", contentIndex: 0, heardMs: 5, receivedMs: 10 },
  ];
  return [
    { tag: "wake", keyword: "computer", endSample: 30_000 },
    { tag: "tap" },
    { tag: "ptt-down", pressedMs: 500 },
    { tag: "ptt-up" },
    { tag: "uplink-flushed" },
    { tag: "power-off" },
    ...(
      ["wake", "stop", "mute", "mute-until-press", "unmute", "toggle-mute", "repeat"] as const
    ).map((command): Input => ({ tag: "command", command })),
    { tag: "tool-done", callId: "c", ok: true, output: "{}", isBegun: false },
    { tag: "tool-done", callId: "c", ok: true, output: "{}", isBegun: false, picture: "/9j/" },
    { tag: "tool-asks", callId: "c", output: "{}" },
    { tag: "news", text: "It is done." },
    { tag: "learned", fact: { tag: "retry-after", why: lost, forMs: 1_000 } },
    { tag: "link-opened", attempt },
    { tag: "link-closed", attempt, failure: { tag: "close", code: 1006, reason: "" } },
    { tag: "link-closed", attempt: attempt - 1, failure: { tag: "hung-up" } },
    ...server,
    { tag: "reply-audio", responseId: "r1" },
    { tag: "underrun" },
    { tag: "drained" },
    { tag: "flushed", attempt, items: flushed },
    { tag: "device-lost", device: "microphone", fault: lost },
    { tag: "device-lost", device: "speaker", fault: lost },
    { tag: "device-back", device: "microphone" },
    { tag: "device-back", device: "speaker" },
    { tag: "tick" },
    { tag: "shutdown" },
  ];
}

function at(nowMs: number, headSample: number, settings: Settings): StepContext {
  const wallMs = 1_767_225_600_000 + nowMs;
  const plain = withoutSecrets(settings);
  return {
    nowMs,
    headSample,
    wallMs,
    chance: 0.5,
    spentMicroUsd: 0,
    settings: plain,
    account: "a",
  };
}

const MODES: readonly Settings[] = [
  DEFAULTS,
  { ...DEFAULTS, "audio.duplex": "full" },
  { ...DEFAULTS, "session.mode": "single_turn", "session.max_turns": 1 },
];

/** States that are reached from the start by up to `depth` inputs: a breadth-first walk. */
function reachable(settings: Settings, depth: number): State[] {
  const seen = new Map<string, State>();
  let front: State[] = [INITIAL];
  for (let level = 0; level < depth; level++) {
    const next: State[] = [];
    for (const state of front) {
      for (const input of inputs(state.memory.dials)) {
        const after = step(state, input, at(1000, 48_000, settings)).state;
        const key = JSON.stringify({ ...after, conversation: skeleton(after) });
        if (!seen.has(key)) {
          seen.set(key, after);
          next.push(after);
        }
      }
    }
    front = next;
  }
  return [...seen.values()];
}

/** What of a conversation matters for the next step; the rest would make the walk endless. */
function skeleton({ conversation: c }: State): unknown {
  if (c === null) return null;
  const { link, turn, response, playback, tools } = c;
  const { pushToTalk, empty, counted } = turn;
  const machines = [link, turn, response, playback, tools].map(({ tag }) => tag);
  return { machines, pushToTalk, empty: empty.length > 0, counted, pending: response.pending };
}

for (const [index, settings] of MODES.entries()) {
  test(`every state × every input (mode ${index}): no throw, a deadline, and a way back`, () => {
    const states = reachable(settings, 6);
    const phases = new Set<Phase>(states.map(phase));
    assert.ok(phases.size >= 7, `the walk reaches the phases: ${[...phases]}`);
    for (const state of states) {
      for (const input of inputs(state.memory.dials)) {
        const { state: after } = step(state, input, at(2000, 50_000, settings));
        assertWayBack(after, settings);
      }
    }
    assertVain(
      states.filter((state) => isWakeVain(phase(state))),
      settings,
    );
  });
}

/** Where the wake word is not even looked for, it would have done nothing. */
function assertVain(states: readonly State[], settings: Settings): void {
  assert.ok(states.length > 0);
  const wake: Input = { tag: "wake", keyword: "computer", endSample: 47_000 };
  for (const state of states) {
    const { state: after, sends, facts } = step(state, wake, at(1000, 48_000, settings));
    assert.deepEqual({ sends, facts }, { sends: [], facts: [] }, phase(state));
    assert.deepEqual(after.conversation, state.conversation);
  }
}

/** Left alone, with only the clock ticking, the appliance comes to rest. */
function assertWayBack(start: State, settings: Settings): void {
  let state = start;
  for (let ticks = 0; phase(state) !== "idle" && phase(state) !== "muted"; ticks++) {
    const due = deadlineMs(state);
    assert.ok(due !== null && Number.isFinite(due), `${phase(state)} has a deadline`);
    assert.ok(ticks < 12, `stuck in ${phase(state)}: ${JSON.stringify(skeleton(state))}`);
    state = step(state, { tag: "tick" }, at(due, 60_000, settings)).state;
  }
  assert.equal(deadlineMs(state), null);
}

test("the same step twice gives the same result, and changes nothing", () => {
  const before = structuredClone(INITIAL);
  const tap: Input = { tag: "tap" };
  const context = at(5, 6, DEFAULTS);
  assert.deepEqual(step(INITIAL, tap, context), step(INITIAL, tap, context));
  assert.deepEqual(INITIAL, before);
});

test("at rest, a deaf appliance shows a fault", () => {
  const { state } = step(
    INITIAL,
    { tag: "device-lost", device: "microphone", fault: lost },
    at(0, 0, DEFAULTS),
  );
  assert.equal(phase(state), "idle");
  assert.equal(indication(state), "fault");
});
