/** Push-to-talk while the connection comes and goes, as stories. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { msToSamples } from "../../src/core/audio/pcm.ts";
import { roomSample, settled, World } from "../helpers/world.ts";

const LOST = { tag: "close", code: 1006, reason: "" } as const;

/** A question asked by voice, whose answer is complete and still being heard. */
async function answered(): Promise<World> {
  const world = await World.started({ "button.hold": "push-to-talk" });
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 800);
  world.done("resp_1");
  return world;
}

test("connection lost while the button is held: the turn waits for the reconnect", async () => {
  const world = await answered();
  world.link.sink.closed(LOST);
  const from = world.position - msToSamples(20);
  world.button.sink?.edge(true, world.clock.nowMs());
  world.listen(1000);
  await settled();
  assert.equal(world.dialer.links.length, 2);
  world.accept();
  assert.equal(world.leds.shown.at(-1), "listening");
  assert.equal(world.sentSound[0], roomSample(from));
  world.button.sink?.edge(false, world.clock.nowMs());
  world.listen(20);
  assert.deepEqual(world.saidTypes.slice(-2), ["input_audio_buffer.commit", "response.create"]);
});

test("connection lost between function output and reply: a released turn is not sent twice", async () => {
  const world = await World.started({ "button.hold": "push-to-talk" });
  world.button.sink?.edge(true, world.clock.nowMs());
  world.listen(1000);
  world.accept();
  world.button.sink?.edge(false, world.clock.nowMs());
  world.listen(20);
  world.server("response.created", { response: { id: "resp_1" } });
  const call = { type: "function_call", call_id: "c", name: "lamp", arguments: "{}" };
  world.done("resp_1", { output: [call] });
  world.link.sink.closed(LOST);
  world.listen(1000);
  assert.equal(world.dialer.links.length, 2);
  world.accept();
  assert.equal(world.leds.shown.at(-1), "follow-up");
  assert.ok(!world.saidTypes.includes("input_audio_buffer.commit"));
});

test("push-to-talk during a redial: the turn starts at the press and survives a lost connection", async () => {
  const world = await answered();
  world.link.sink.closed(LOST);
  world.listen(1000);
  assert.equal(world.leds.shown.at(-1), "connecting");
  world.listen(600);
  const from = world.position - msToSamples(20);
  world.button.sink?.edge(true, world.clock.nowMs());
  world.listen(1000);
  world.button.sink?.edge(false, world.clock.nowMs());
  world.listen(20);
  for (const links of [2, 3]) {
    assert.equal(world.dialer.links.length, links);
    world.accept();
    assert.equal(world.leds.shown.at(-1), "thinking");
    assert.equal(world.sentSound[0], roomSample(from));
    assert.deepEqual(world.saidTypes.slice(-2), ["input_audio_buffer.commit", "response.create"]);
    if (links === 2) world.link.sink.closed(LOST);
    // The second connection that is lost is renewed after a wait.
    world.listen(600);
    await settled();
  }
});

test("a push-to-talk turn is counted once, however often it is retried", async () => {
  const world = await World.started({ "button.hold": "push-to-talk", "session.max_turns": 2 });
  world.button.sink?.edge(true, world.clock.nowMs());
  world.listen(1000);
  world.accept();
  world.button.sink?.edge(false, world.clock.nowMs());
  world.listen(20);
  world.server("input_audio_buffer.committed", { item_id: "by_hand" });
  world.link.sink.closed(LOST);
  world.accept();
  world.listen(20);
  world.server("input_audio_buffer.committed", { item_id: "by_hand_again" });
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 200);
  world.done("resp_1");
  world.listen(600);
  assert.equal(world.leds.shown.at(-1), "follow-up");
});

test("a turn interrupted before its commit is dropped, not answered", async () => {
  const world = await World.started({ "button.hold": "push-to-talk" });
  world.wake();
  world.accept();
  world.listen(2400);
  world.server("input_audio_buffer.speech_started", { item_id: "old", audio_start_ms: 500 });
  world.server("input_audio_buffer.speech_stopped", { item_id: "old", audio_end_ms: 2200 });
  world.button.sink?.edge(true, world.clock.nowMs());
  world.listen(1000);
  world.server("input_audio_buffer.committed", { item_id: "old" });
  const last = world.said.findLast((event) => event["type"] !== "input_audio_buffer.append");
  assert.equal(last?.["type"], "conversation.item.delete");
  assert.equal(last?.["item_id"], "old");
});
