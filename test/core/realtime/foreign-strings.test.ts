/** Every text of the server's is bounded where it enters, and fit for one line. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { oneLine } from "../../../src/core/fault.ts";
import { EVENTS_REMEMBERED, RepeatedEvents } from "../../../src/core/realtime/repeated-events.ts";
import { decode, WORDS_MAX_CHARS } from "../../../src/core/realtime/server-events.ts";

const LONG = "界\u202e".repeat(200_000);

/** The longest text in a value. */
function longest(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Math.max(0, ...Object.values(value).map(longest));
}

const EVENTS: readonly object[] = [
  { type: LONG },
  { type: "session.created", session: { id: LONG, model: LONG, voice: LONG } },
  { type: "session.updated", session: { audio: { input: { transcription: { model: LONG } } } } },
  { type: "error", error: { type: LONG, code: LONG, message: LONG, param: LONG, event_id: LONG } },
  { type: "response.created", response: { id: LONG } },
  { type: "input_audio_buffer.committed", item_id: LONG },
  { type: "input_audio_buffer.speech_started", item_id: LONG, audio_start_ms: 1 },
  { type: "response.output_audio.delta", response_id: "r", item_id: LONG, delta: "" },
  { type: "response.output_audio_transcript.done", item_id: "i", transcript: LONG },
  {
    type: "response.done",
    response: {
      id: "r",
      status: "failed",
      status_details: { reason: LONG, error: { code: LONG, message: LONG } },
      output: [{ type: "function_call", call_id: "c", name: LONG, arguments: LONG }],
    },
  },
];

test("no text of an event is longer than its limit, and none that is shown turns the line round", () => {
  for (const event of EVENTS) {
    const understood = decode(JSON.stringify(event));
    assert.ok(longest(understood) <= 100_000, understood.tag);
    if (understood.tag === "transcript") assert.equal(understood.text.length, WORDS_MAX_CHARS);
    if (understood.tag !== "error") continue;
    assert.ok(longest(understood) <= 400);
    assert.doesNotMatch(JSON.stringify(understood), /[\u202a-\u202e\u2066-\u2069]/);
  }
});

test("a line has no controls, no marks of direction, nothing without width, no half characters", () => {
  const text = "a\u202eb\u2066c\u200bd\ufeffe\u{e0041}f\ud800g\u001b[31mh\u0085i\u2028j";
  assert.equal(oneLine(text), "abcdef\ufffdg [31mh i j");
  assert.equal(oneLine("क्‍ष family: 👩‍👩‍👧"), "क्‍ष family: 👩‍👩‍👧");
  assert.equal(oneLine("ab👩cd", 4), "ab…");
});

test("an event that comes twice is known; a server that names all alike is left alone", () => {
  const repeats = new RepeatedEvents();
  assert.equal(repeats.isRepeat("event_1", "audio", 100), false);
  assert.equal(repeats.isRepeat("event_1", "audio", 100), true);
  assert.equal(repeats.isRepeat("event_2", "audio", 100), false);
  repeats.begin();
  assert.equal(repeats.isRepeat("event_1", "audio", 100), false, "another connection");
  const lazy = new RepeatedEvents();
  assert.equal(lazy.isRepeat("x", "session-created", 300), false);
  assert.equal(lazy.isRepeat("x", "session-updated", 310), false);
  assert.equal(lazy.isRepeat("x", "session-updated", 310), false);
  for (let n = 0; n < 10 * EVENTS_REMEMBERED; n++) repeats.isRepeat(`many_${n}`, "audio", 1);
  assert.equal(repeats.isRepeat(`many_${10 * EVENTS_REMEMBERED - 1}`, "audio", 1), true);
  assert.equal(repeats.isRepeat("many_0", "audio", 1), false, "the oldest are forgotten");
});
