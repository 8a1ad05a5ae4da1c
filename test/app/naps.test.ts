/** When the microphone may be read seldom, and what ends that: in the whole appliance. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { REST_NAP_MS, WORD_NAP_MS } from "../../src/core/assistant/views.ts";
import { FRAME_SAMPLES } from "../../src/core/audio/pcm.ts";
import { joined, room, syllables } from "../helpers/speech.ts";
import { World } from "../helpers/world.ts";

function hear(world: World, pcm: Int16Array): void {
  for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
    world.clock.advance(20);
    world.microphone.sink?.frame(pcm.subarray(at, at + FRAME_SAMPLES));
  }
}

/** How late the microphone might be heard, one after the other. */
function napsIn(world: World, pcm: Int16Array): readonly number[] {
  const naps: number[] = [];
  for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
    hear(world, pcm.subarray(at, at + FRAME_SAMPLES));
    if (naps.at(-1) !== world.microphone.napMs) naps.push(world.microphone.napMs);
  }
  return naps;
}

async function quietWorld(): Promise<World> {
  const world = await World.started();
  hear(world, room(8_000));
  assert.equal(world.microphone.napMs, REST_NAP_MS, "in a quiet room it naps");
  return world;
}

test("a sound ends the nap, and when the room has been quiet again it goes on", async () => {
  const world = await quietWorld();
  const naps = napsIn(world, joined(syllables(1), room(4_000)));
  assert.deepEqual(naps, [0, WORD_NAP_MS, 0, REST_NAP_MS]);
});

test("in a conversation it is read seldom in the middle of a word, and at once when the word has ended", async () => {
  const world = await World.started();
  world.tap();
  world.accept();
  assert.equal(world.leds.shown.at(-1), "listening");
  hear(world, room(4_000));
  assert.equal(world.microphone.napMs, 0);
  const naps = napsIn(world, joined(syllables(3), room(500)));
  assert.deepEqual(naps, [0, WORD_NAP_MS, 0]);
});

test("a press ends it before anything is decided, and there is none in a conversation", async () => {
  const world = await quietWorld();
  let waiting = 200;
  const nap = world.microphone.nap.bind(world.microphone);
  // What waits in the pipe is handed over when the nap ends.
  world.microphone.nap = (ms) => {
    const isShorter = ms < world.microphone.napMs;
    nap(ms);
    if (!isShorter) return;
    hear(world, room(waiting));
    waiting = 0;
  };
  world.tap();
  assert.equal(waiting, 0);
  assert.equal(world.microphone.napMs, 0);
  assert.equal(world.leds.shown.at(-1), "connecting");
  hear(world, room(4_000));
  assert.equal(world.microphone.napMs, 0, "quiet as it is, somebody may speak");
});

test("while a timer rings it does not nap: the stop word is listened for", async () => {
  const world = await quietWorld();
  const reply = await world.controlServer.answer?.({
    command: "timers",
    order: { act: "set", seconds: 10, label: "eggs" },
  });
  assert.ok(reply?.ok);
  hear(world, room(5_000));
  assert.equal(world.microphone.napMs, REST_NAP_MS, "it is not time yet");
  hear(world, room(6_000));
  assert.equal(world.leds.shown.at(-1), "ringing");
  assert.equal(world.microphone.napMs, 0);
});

test("in half duplex an answer is rest, too: it naps until somebody makes a sound, or it is over", async () => {
  const world = await World.started();
  world.asked();
  world.delta("resp_1", "item_a", 8_000);
  assert.equal(world.leds.shown.at(-1), "speaking");
  hear(world, room(4_000));
  assert.equal(world.microphone.napMs, REST_NAP_MS, "nothing of it is sent");
  hear(world, syllables(1));
  assert.notEqual(world.microphone.napMs, REST_NAP_MS, "it may be the wake word");
  const sent = world.sentSound.length;
  hear(world, room(2_000));
  assert.equal(world.sentSound.length, sent);
  assert.equal(world.microphone.napMs, REST_NAP_MS, "it was none");
  world.done("resp_1");
  hear(world, room(3_000));
  assert.equal(world.leds.shown.at(-1), "follow-up");
  assert.equal(world.microphone.napMs, 0, "now the microphone is open");
});

test("in full duplex with the echo left in it does not: what is said over an answer is sent", async () => {
  const world = await World.started({ "audio.duplex": "full", "audio.echo": "off" });
  world.asked();
  world.delta("resp_1", "item_a", 8_000);
  hear(world, room(4_000));
  assert.equal(world.leds.shown.at(-1), "speaking");
  assert.equal(world.microphone.napMs, 0);
});
