/** Conversations as stories: the whole appliance, virtual time, a server played by the test. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { avoids } from "../helpers/traps.ts";
import { roomSample, settled, World } from "../helpers/world.ts";

/** Up to the reply's first sound: woken, connected, asked. */
async function answering(changes = {}): Promise<World> {
  const world = await World.started(changes);
  world.asked();
  world.delta("resp_1", "item_a", 800);
  return world;
}

test("wake, question, answer, follow-up, idle; and a metrics file with true numbers", async () => {
  const world = await answering();
  world.done("resp_1", {
    usage: {
      input_token_details: { text_tokens: 100, audio_tokens: 24 },
      output_token_details: { text_tokens: 10, audio_tokens: 16 },
    },
  });
  world.listen(1020);
  world.listen(8000);
  await settled();
  const ledStates = [
    "idle",
    "connecting",
    "listening",
    "thinking",
    "speaking",
    "follow-up",
    "idle",
  ];
  assert.deepEqual(world.leds.shown, ledStates);
  assert.deepEqual(world.saidTypes, [
    "session.update",
    "response.create",
    "input_audio_buffer.clear",
  ]);
  const metrics = world.metrics();
  assert.equal(metrics["end_reason"], "follow_up_over");
  assert.equal(metrics["turns"], 1);
  assert.equal(metrics["model"], "gpt-realtime");
  // The question ended the 500 ms of silence before the server said so, and the sound came at once.
  assert.equal(metrics["average_response_latency"], 500);
  // 100 × 4 + 24 × 32 + 10 × 16 + 16 × 64 micro-dollars.
  assert.equal(metrics["estimated_cost"], 0.002352);
  assert.equal(metrics["function_success_rate"], null);
  assert.deepEqual(metrics["audio"], {
    sent_ms: world.sentMs,
    received_ms: 800,
    played_ms: 800,
    dropped_ms: 0,
    pre_roll_ms: 1000,
    underruns: 0,
  });
});

for (const delayS of [0, 0.3, 2, 4.5]) {
  test(`connecting takes ${delayS} s: every sample from the pre-roll on is sent once`, async () => {
    const world = await World.started();
    world.listen(1000);
    world.wake();
    const from = world.position - 24_000;
    world.listen(delayS * 1000);
    world.accept();
    world.link.buffered = 300_000; // The socket is slow for a while: sound waits in the ring.
    world.listen(1500);
    world.link.buffered = 0;
    world.listen(500);
    const sent = world.sentSound;
    assert.ok(sent.length >= world.position - from - 960, "all but the last piece was sent");
    for (let i = 0; i < sent.length; i++) {
      if (sent[i] !== roomSample(from + i)) assert.fail(`sample ${i} of ${sent.length} differs`);
    }
  });
}

test("nothing is sent before the server has confirmed the session", async () => {
  const world = await World.started();
  world.wake();
  world.link.sink.opened();
  world.server("session.created", { session: {} });
  world.listen(500);
  assert.equal(world.sentSound.length, 0);
  assert.deepEqual(world.saidTypes, ["session.update"]);
  avoids(16);
});

test("barge-in by press: flush, cancel, truncate at what was heard", async () => {
  const world = await answering();
  world.listen(300);
  world.tap();
  await settled();
  const last = world.said.slice(-2);
  assert.equal(last[0]?.["type"], "response.cancel");
  assert.equal(last[1]?.["type"], "conversation.item.truncate");
  assert.equal(last[1]?.["audio_end_ms"], 300);
  assert.equal(world.leds.shown.at(-1), "listening");
  world.delta("resp_1", "item_a", 400); // Late: it must not be heard.
  assert.equal(world.speaker.queued.length, 800 * 24);
  world.done("resp_1", { status: "cancelled" });
  world.listen(2000);
  world.heardSpeech("item_user_2");
  assert.equal(world.said.at(-1)?.["type"], "response.create");
  avoids(3);
});

test("truncate: unheard items are deleted, fully heard ones kept", async () => {
  const world = await answering();
  world.delta("resp_1", "item_b", 200);
  world.delta("resp_1", "item_c", 200);
  world.listen(900);
  world.tap();
  await settled();
  const cuts = world.said.slice(-2);
  assert.deepEqual(
    cuts.map((event) => [event["type"], event["item_id"], event["audio_end_ms"]]),
    [
      ["conversation.item.truncate", "item_b", 100],
      ["conversation.item.delete", "item_c", undefined],
    ],
  );
  avoids(2);
});

test("half duplex: the microphone is shut while the reply plays, and opens after it settled", async () => {
  const world = await answering();
  const before = world.sentSound.length;
  world.listen(500);
  assert.equal(world.sentSound.length, before);
  world.done("resp_1");
  world.listen(320);
  assert.equal(world.leds.shown.at(-1), "follow-up");
  assert.equal(world.sentSound.length, before, "still settling");
  world.listen(700);
  assert.ok(world.sentSound.length > before);
  avoids(4, 5);
});

test("empty turn: the item is deleted, no response is requested, the conversation ends", async () => {
  const world = await World.started();
  world.wake();
  world.accept();
  world.listen(700);
  // Speech from 0.3 s to 0.9 s of the 1 s pre-roll: the wake word itself, and 0.5 s of silence.
  world.server("input_audio_buffer.speech_started", { item_id: "empty", audio_start_ms: 0 });
  world.server("input_audio_buffer.speech_stopped", { item_id: "empty", audio_end_ms: 1400 });
  world.server("input_audio_buffer.committed", { item_id: "empty" });
  assert.equal(world.said.at(-1)?.["type"], "conversation.item.delete");
  world.listen(6100);
  await settled();
  assert.equal(world.leds.shown.at(-1), "idle");
  assert.equal(world.metrics()["end_reason"], "no_speech");
  assert.ok(!world.saidTypes.includes("response.create"));
});

test("speech goes on after the turn: the response is cancelled, one reply to all of it", async () => {
  const world = await World.started();
  world.asked();
  world.server("input_audio_buffer.speech_started", { item_id: "more", audio_start_ms: 3000 });
  assert.notEqual(world.said.at(-1)?.["type"], "response.cancel", "it may be a cough");
  world.listen(1500);
  assert.equal(world.said.at(-1)?.["type"], "response.cancel");
  world.server("input_audio_buffer.speech_stopped", { item_id: "more", audio_end_ms: 4800 });
  world.server("input_audio_buffer.committed", { item_id: "more" });
  assert.equal(world.said.at(-1)?.["type"], "response.cancel", "waits for the cancelled one");
  world.done("resp_1", { status: "cancelled" });
  assert.equal(world.said.at(-1)?.["type"], "response.create");
});

test("handshake error: one line with the remedy, the LEDs, a metrics file, and ready again", async () => {
  const world = await World.started();
  world.wake();
  world.link.sink.closed({
    tag: "http",
    status: 401,
    code: "invalid_api_key",
    type: "invalid_request_error",
    message: "Incorrect API key provided",
    retryAfterMs: null,
  });
  await settled();
  assert.equal(world.leds.shown.at(-1), "fault");
  assert.equal(world.lines("error").length, 1);
  assert.match(world.lines("error")[0] ?? "", /^Failed to connect with model gpt-realtime: .*key/);
  assert.equal(world.metrics()["end_reason"], "fault");
  world.listen(4100);
  assert.equal(world.leds.shown.at(-1), "idle");
});

test("the lines that the migration guide promises, and at most twelve at info", async () => {
  const world = await answering();
  world.done("resp_1");
  world.listen(12_000);
  const info = world.lines("info");
  assert.ok(info.includes("Connected to OpenAI Realtime API using model: gpt-realtime"));
  assert.ok(info.includes("Audio session config: model=gpt-realtime, voice=alloy"));
  assert.ok(info.length <= 12);
});

test("stop ends in good order: the conversation is written, every part is closed", async () => {
  const world = await answering();
  await world.appliance.stop();
  assert.equal(world.metrics()["end_reason"], "shutdown");
  assert.equal(world.microphone.sink, null);
  assert.equal(world.controlServer.answer, null);
  assert.equal(world.clock.pending(), 0);
  assert.deepEqual(world.notifier.said, ["READY Ready", "STOPPING"]);
});
