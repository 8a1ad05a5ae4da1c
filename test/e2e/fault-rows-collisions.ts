/** Interruptions, strangers, races, and function calls. Data for faults.test.ts. */

import assert from "node:assert/strict";
import { type JsonObject, listAt, numberAt } from "../../src/sim/peer/json.ts";
import type { FaultRig } from "../helpers/fault-rig.ts";
import type { FaultRow } from "../helpers/fault-row.ts";

/** What is said of `response.create` needs a client that asks: the server creates the answer where it may. */
const BY_CLIENT = { "session.response_by": "client" } as const;

const THOUGHT = "connecting listening thinking ";
const HEARD = "connecting listening thinking speaking ";

/** A press 300 ms into the reply, then another question. */
async function interrupted(rig: FaultRig): Promise<void> {
  await rig.shows("speaking");
  const fromMs = rig.clock.nowMs();
  await rig.until("0.3 s of the reply", () => rig.clock.nowMs() > fromMs + 300);
  rig.tap();
  await rig.goOn();
}

/** Of the first reply only what was heard before the press, of the second one all. */
function nothingLate(metrics: JsonObject): void {
  const [cut] = listAt(metrics, "interruptions");
  const heardMs = numberAt(cut, "heard_ms") ?? 0;
  const receivedMs = numberAt(cut, "received_ms") ?? 0;
  const playedMs = numberAt(metrics, "audio", "played_ms") ?? 0;
  assert.ok(heardMs >= 250 && heardMs <= receivedMs, `${heardMs} of ${receivedMs} ms heard`);
  assert.ok(Math.abs(playedMs - heardMs - 1200) <= 2, `${playedMs} ms played, ${heardMs} heard`);
}

const LONG = { tone: { ms: 6000 } };
const NOT_ACTIVE = "response_cancel_not_active";
const INTERRUPTED = {
  leds: `${HEARD}listening thinking speaking follow-up idle`,
  turns: 2,
  sound: ["part"],
  meanwhile: interrupted,
  check: nothingLate,
};

const COLLISIONS: readonly FaultRow[] = [
  {
    ...INTERRUPTED,
    name: "the connection breaks in mid-reply; a press while the rest of it plays",
    scenario: { turns: [{ ...LONG, pace: 20 }], faults: [{ at: "delta:20", do: "reset" }] },
    leds: `${HEARD}connecting listening thinking speaking follow-up idle`,
  },
  {
    ...INTERRUPTED,
    name: "interrupted; late deltas before response.done",
    traps: [1],
    scenario: { turns: [{ ...LONG, late_deltas: 4 }] },
  },
  {
    ...INTERRUPTED,
    name: "interrupted; late deltas after response.done",
    traps: [9],
    scenario: { turns: [{ ...LONG, late_deltas: 4, late_after_done: true }] },
  },
  {
    ...INTERRUPTED,
    name: "interrupted; response_cancel_not_active, and it goes on",
    traps: [8],
    scenario: {
      turns: [LONG],
      faults: [{ at: "client:response.cancel", do: "reject", error: { code: NOT_ACTIVE } }],
    },
    errors: [NOT_ACTIVE],
    answers: 2,
  },
  {
    ...INTERRUPTED,
    name: "interrupted; the truncate is refused",
    scenario: {
      turns: [LONG],
      faults: [
        {
          at: "client:conversation.item.truncate",
          do: "reject",
          error: { message: "Audio content of 300ms is already shorter than 310ms" },
        },
      ],
    },
    errors: ["invalid_request_error"],
  },
  {
    name: "conversation_already_has_active_response",
    settings: BY_CLIENT,
    traps: [6],
    scenario: {
      faults: [
        {
          at: "client:response.create",
          do: "reject",
          error: { code: "conversation_already_has_active_response" },
        },
      ],
    },
    errors: ["conversation_already_has_active_response", NOT_ACTIVE],
  },
  {
    name: "an unsolicited response",
    settings: BY_CLIENT,
    scenario: {
      faults: [
        {
          at: "speech_started",
          do: "send",
          event: { type: "response.created", response: { id: "resp_unsolicited" } },
        },
        {
          at: "speech_started",
          do: "send",
          event: {
            type: "response.output_audio.delta",
            response_id: "resp_unsolicited",
            item_id: "item_unsolicited",
            content_index: 0,
            delta: "AAAA".repeat(4000),
          },
        },
        {
          at: "committed",
          do: "send",
          event: {
            type: "response.done",
            response: { id: "resp_unsolicited", status: "cancelled" },
          },
        },
      ],
    },
    lines: [/^The server started an unsolicited response \(resp_unsolicited\)$/],
    errors: [NOT_ACTIVE],
    check: (metrics) => assert.equal(numberAt(metrics, "audio", "played_ms"), 1200),
  },
  {
    name: "transcripts of the user in the wrong order",
    traps: [30],
    scenario: {
      faults: [
        { at: "speech_started", event: transcript("completed", "item_9"), do: "send" },
        { at: "committed", event: transcript("failed", "item_8"), do: "send" },
        { at: "delta:2", event: transcript("delta", "$user_item"), do: "send" },
        { at: "response.done", event: transcript("completed", "$user_item"), do: "send" },
      ],
    },
  },
];

function transcript(kind: string, itemId: string): JsonObject {
  const type = `conversation.item.input_audio_transcription.${kind}`;
  return { type, item_id: itemId, content_index: 0, transcript: "Goodbye.", delta: "Good" };
}

function call(name: string): JsonObject {
  return { call: { name } };
}

/** How often the client asked for a response in the first conversation. */
function asked(rig: FaultRig): number {
  return rig.peer.events.filter(({ event }) => event?.["type"] === "response.create").length;
}

const CALLS: readonly FaultRow[] = [
  {
    name: "a function that does not exist",
    scenario: { turns: [call("lamp")] },
    check: (metrics) => assert.equal(metrics["function_success_rate"], 0),
  },
  {
    name: "three functions at once: one response after them",
    settings: BY_CLIENT,
    traps: [7],
    scenario: { turns: [{ items: [call("a"), call("b"), call("c")] }] },
    check: (metrics, rig) => {
      assert.equal(listAt(metrics, "function_calls").length, 3);
      assert.equal(asked(rig), 2);
    },
  },
  {
    name: "a function after a spoken preamble",
    scenario: { turns: [{ items: [{ tone: { ms: 900 } }, call("lamp")] }] },
    answers: 2,
    check: (metrics) => assert.equal(numberAt(metrics, "audio", "played_ms"), 2100),
  },
  {
    name: "function call loop",
    scenario: { otherwise: call("lamp") },
    leds: `${THOUGHT}fault idle`,
    lines: [/^The model called functions without end/],
    endReason: "fault",
    errors: ["protocol"],
    sound: ["error"],
    answers: 0,
    withinMs: 9_000,
    lasting: true,
  },
  {
    name: "end_conversation: the goodbye is played to its end",
    scenario: { turns: [{ items: [{ tone: { ms: 1500 } }, call("end_conversation")] }] },
    leds: `${HEARD}idle`,
    endReason: "goodbye",
    check: (metrics) => assert.equal(numberAt(metrics, "audio", "played_ms"), 1500),
  },
  {
    name: "end_conversation without audio: a goodbye is requested",
    scenario: { turns: [call("end_conversation")] },
    leds: `${HEARD}idle`,
    endReason: "goodbye",
  },
];

export const COLLISION_ROWS: readonly FaultRow[] = [...COLLISIONS, ...CALLS];
