/** What the button can ask for, as stories: the whole appliance in virtual time. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { msToSamples } from "../../src/core/audio/pcm.ts";
import type { Settings } from "../../src/core/settings/table.ts";
import { roomSample, settled, World } from "../helpers/world.ts";

const PUSH_TO_TALK: Partial<Settings> = { "button.hold": "push-to-talk" };

function press(world: World): void {
  world.button.sink?.edge(true, world.clock.nowMs());
}

function release(world: World): void {
  world.button.sink?.edge(false, world.clock.nowMs());
}

/** Where a press of now begins: the frame of 20 ms that is being captured belongs to it. */
function pressed(world: World): number {
  return world.position - msToSamples(20);
}

/** Held for `ms`, and let go; 20 ms later that counts. */
function hold(world: World, ms: number): void {
  press(world);
  world.listen(ms);
  release(world);
  world.listen(20);
}

/** The turn detection of the last session set-up that was sent. */
function detection(world: World): unknown {
  const update = world.said.findLast((event) => event["type"] === "session.update");
  return JSON.parse(JSON.stringify(update)).session.audio.input.turn_detection;
}

/** Every sample from `from` on, once and in order. */
function assertSound(sent: Int16Array, from: number): void {
  for (let i = 0; i < sent.length; i++) {
    if (sent[i] !== roomSample(from + i)) assert.fail(`sample ${i} of ${sent.length} differs`);
  }
}

function answer(world: World, id: string, ms = 400): void {
  world.server("response.created", { response: { id } });
  world.delta(id, `item_${id}`, ms);
  world.done(id);
}

test("the LEDs show a press within 50 ms; contact bounce makes one press", async () => {
  const world = await World.started();
  const at = world.clock.nowMs();
  for (const [ms, down] of [
    [0, true],
    [2, false],
    [3, true],
    [9, false],
    [10, true],
  ] as const) {
    world.clock.advance(at + ms - world.clock.nowMs());
    world.button.sink?.edge(down, world.clock.nowMs());
  }
  world.clock.advance(at + 50 - world.clock.nowMs());
  assert.equal(world.leds.shown.at(-1), "connecting");
  release(world);
  world.listen(1000);
  assert.deepEqual(world.leds.shown, ["idle", "connecting"]);
});

test("contact noise of a floating pin: a few wakes at most, one warning, no dials", async () => {
  const world = await World.started();
  for (let i = 0; i < 3000; i++) {
    world.button.sink?.edge(i % 2 === 0, world.clock.nowMs());
    world.listen(60);
  }
  assert.ok(world.dialer.links.length <= 6, `${world.dialer.links.length} dials`);
  assert.equal(world.lines("warning").filter((line) => line.includes("contact noise")).length, 1);
});

test("push-to-talk from rest: held while it connects, sent from the press to the release", async () => {
  const world = await World.started(PUSH_TO_TALK);
  const from = pressed(world);
  press(world);
  world.listen(1500); // Held from 600 ms on; 900 ms of it on a connection that is being made.
  assert.equal(world.leds.shown.at(-1), "connecting");
  world.accept();
  assert.equal(world.leds.shown.at(-1), "listening");
  assert.equal(detection(world), null);
  world.listen(510);
  const upTo = world.position;
  release(world);
  world.listen(20);
  assert.deepEqual(world.saidTypes.slice(-2), ["input_audio_buffer.commit", "response.create"]);
  assert.equal(world.leds.shown.at(-1), "thinking");
  assertSound(world.sentSound, from);
  const lateMs = (world.sentSound.length - (upTo - from)) / 24;
  assert.ok(Math.abs(lateMs) <= 40, `${lateMs} ms after the release, which is debounced`);
  world.server("input_audio_buffer.committed", { item_id: "item_u" });
  answer(world, "resp_1");
  const sent = world.sentSound.length;
  world.listen(3000);
  assert.equal(world.leds.shown.at(-1), "follow-up");
  assert.equal(world.sentSound.length, sent, "the microphone is closed until it is held again");
  assert.equal(world.saidTypes.filter((type) => type === "response.create").length, 1);
  world.listen(6000);
  await settled();
  assert.equal(world.metrics()["end_reason"], "follow_up_over");
  assert.equal(world.metrics()["average_response_latency"], 0);
});

test("push-to-talk released before the session is ready: the turn waits, then is answered", async () => {
  const world = await World.started(PUSH_TO_TALK);
  const from = pressed(world);
  hold(world, 1000);
  world.listen(500);
  world.accept();
  assert.deepEqual(world.saidTypes, [
    "session.update",
    "input_audio_buffer.commit",
    "response.create",
  ]);
  assertSound(world.sentSound, from);
  assert.ok(world.sentSound.length <= msToSamples(1020), "nothing from after the release");
  assert.equal(world.leds.shown.at(-1), "thinking");
});

test("push-to-talk on a slow socket: committed after the uplink is flushed", async () => {
  const world = await World.started(PUSH_TO_TALK);
  press(world);
  world.listen(1000);
  world.accept();
  world.link.buffered = 300_000;
  world.listen(1000);
  release(world);
  world.listen(500);
  assert.ok(!world.saidTypes.includes("input_audio_buffer.commit"));
  world.link.buffered = 0;
  world.listen(20);
  assert.equal(world.saidTypes.at(-2), "input_audio_buffer.commit");
  assert.equal(world.sentSound.length, msToSamples(2020));
});

test("push-to-talk barges in; a wake word returns turn detection to the server", async () => {
  const world = await World.started(PUSH_TO_TALK);
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 5000);
  world.listen(300);
  press(world);
  world.listen(1000);
  await settled();
  assert.equal(detection(world), null);
  assert.equal(world.leds.shown.at(-1), "listening");
  world.done("resp_1", { status: "cancelled" });
  release(world);
  world.listen(20);
  assert.deepEqual(world.saidTypes.slice(-2), ["input_audio_buffer.commit", "response.create"]);
  answer(world, "resp_2", 5000);
  world.listen(100);
  world.wake();
  await settled();
  assert.equal(JSON.parse(JSON.stringify(detection(world))).type, "server_vad");
  const before = world.sentSound.length;
  world.listen(2000);
  assert.ok(world.sentSound.length > before, "the microphone is open again");
  world.heardSpeech("item_user_3");
  assert.equal(world.saidTypes.at(-1), "response.create");
});

test("push-to-talk in an open turn: the question is sent again from the press", async () => {
  const world = await World.started(PUSH_TO_TALK);
  world.wake();
  world.accept();
  world.listen(1000);
  const from = pressed(world);
  press(world);
  world.listen(1000);
  const types = world.link.sent.map((text) => String(JSON.parse(text).type));
  const cleared = types.lastIndexOf("input_audio_buffer.clear");
  assert.ok(cleared > types.lastIndexOf("session.update"), "forgotten, and no longer listened to");
  const pieces = world.link.sent.slice(cleared + 1).map((text) => JSON.parse(text).audio);
  const first = Buffer.from(String(pieces[0]), "base64");
  assert.equal(first.readInt16LE(0), roomSample(from));
  world.heardSpeech("item_from_before"); // What the server found before it was told.
  assert.equal(world.leds.shown.at(-1), "listening");
  release(world);
  world.listen(20);
  world.server("input_audio_buffer.committed", { item_id: "item_u" });
  world.listen(20);
  const asks = world.saidTypes.filter((type) => type === "response.create");
  assert.equal(asks.length, 1);
  assert.equal(world.saidTypes.at(-2), "input_audio_buffer.commit");
});

test("connection lost after the release: the turn is sent again on the new connection", async () => {
  const world = await World.started(PUSH_TO_TALK);
  const from = pressed(world);
  press(world);
  world.listen(1000);
  world.accept();
  release(world);
  world.listen(20);
  world.link.sink.closed({ tag: "close", code: 1006, reason: "" });
  world.listen(3000);
  assert.equal(world.dialer.links.length, 2);
  world.accept();
  assertSound(world.sentSound, from);
  assert.ok(world.sentSound.length >= msToSamples(1000));
  assert.deepEqual(world.saidTypes.slice(-2), ["input_audio_buffer.commit", "response.create"]);
});

test("push-to-talk has a time limit", async () => {
  const world = await World.started(PUSH_TO_TALK);
  press(world);
  world.listen(1000);
  world.accept();
  world.listen(95_000);
  await settled();
  assert.equal(world.metrics()["end_reason"], "utterance_too_long");
  release(world);
  world.listen(1000);
  assert.equal(world.leds.shown.at(-1), "idle");
});

test("mute by a hold: on, and off again", async () => {
  const world = await World.started({ "button.hold": "mute" });
  hold(world, 1000);
  assert.equal(world.leds.shown.at(-1), "muted");
  hold(world, 1000);
  assert.deepEqual(world.leds.shown, ["idle", "muted", "idle"]);
});

test("repeat: replays the last reply, in a conversation and at rest, without a response", async () => {
  const world = await World.started({ "button.double": "repeat", "audio.volume": 0.5 });
  const double = (): void => {
    for (let n = 0; n < 2; n++) hold(world, 60);
  };
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  answer(world, "resp_1", 400);
  world.listen(1000);
  assert.equal(world.leds.shown.at(-1), "follow-up");
  double();
  assert.equal(world.leds.shown.at(-1), "speaking");
  assert.equal(world.speaker.queued.length, msToSamples(800));
  assert.deepEqual(new Set(world.speaker.queued), new Set([500]), "at today's volume, once");
  world.listen(1000);
  assert.equal(world.leds.shown.at(-1), "follow-up");
  world.listen(9000);
  assert.equal(world.leds.shown.at(-1), "idle");
  assert.equal(world.saidTypes.filter((type) => type === "response.create").length, 1);
});

test("nothing to repeat: nothing happens, and nothing waits", async () => {
  const world = await World.started({ "button.tap": "repeat" });
  world.tap();
  world.listen(1000);
  assert.deepEqual(world.leds.shown, ["idle"]);
  assert.equal(world.speaker.queued.length, 0);
});

test("barge-in on a repeated reply at rest", async () => {
  const world = await World.started({ "button.tap": "repeat" });
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  answer(world, "resp_1", 3000);
  world.listen(14_000);
  world.tap();
  world.listen(500);
  assert.equal(world.speaker.heard(), msToSamples(3500));
  world.wake();
  world.listen(1000);
  await settled();
  assert.equal(world.speaker.heard(), msToSamples(6000), "what was left was skipped");
  assert.equal(world.leds.shown.at(-1), "connecting");
});

test("shutdown: the conversation is closed, then the machine is powered off, once", async () => {
  const world = await World.started({ "button.hold": "shutdown", "button.hold_ms": 3000 });
  world.wake();
  world.accept();
  hold(world, 2900);
  assert.equal(world.powerOffs, 0);
  world.wake();
  world.accept();
  hold(world, 3100);
  await settled();
  assert.equal(world.powerOffs, 1);
  assert.equal(world.leds.shown.at(-1), "idle");
  assert.ok(world.lines("notice").some((line) => line.startsWith("Powering off")));
});

test("muted: a press plays the muted sentence, once for many presses", async () => {
  const world = await World.started(PUSH_TO_TALK);
  assert.deepEqual(await world.controlServer.answer?.({ command: "mute", on: true }), {
    ok: true,
    data: { state: "muted" },
  });
  world.tap();
  world.tap();
  assert.deepEqual(world.spoken, ["muted"]);
  hold(world, 700);
  assert.deepEqual(world.spoken, ["muted", "muted"]);
  assert.equal(world.speaker.queued.includes(77), true, "nothing was heard");
  assert.equal(world.lines("notice").filter((line) => line.startsWith("Muted: ")).length, 3);
  assert.equal(world.dialer.links.length, 0);
  assert.equal(world.leds.shown.at(-1), "muted");
});

test("muted: a press is silent with earcons off", async () => {
  const world = await World.started({ "audio.earcons": false });
  await world.controlServer.answer?.({ command: "mute", on: true });
  world.tap();
  assert.deepEqual(world.spoken, []);
  assert.equal(world.lines("notice").length, 1);
});
