/** The stop word in the whole appliance: while an answer plays, while a timer rings, and else. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { settled, World } from "../../helpers/world.ts";

/** What the engine was last told of the word. */
function isLookedFor(world: World): boolean | undefined {
  return world.wakeEngine.wanted.get("stop");
}

function stop(world: World): void {
  world.wakeEngine.sink?.detected("stop", world.position);
}

test("stop word during a reply: barge-in, and the conversation ends", async () => {
  const world = await World.started();
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  assert.equal(isLookedFor(world), false, "nothing plays yet");
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 5000);
  world.listen(400);
  assert.equal(world.leds.shown.at(-1), "speaking");
  assert.equal(isLookedFor(world), true);
  stop(world);
  await settled();
  world.listen(400);
  assert.equal(world.leds.shown.at(-1), "idle");
  assert.equal(isLookedFor(world), false);
});

test("stop word while nothing plays: ignored", async () => {
  const world = await World.started();
  world.listen(1000);
  stop(world);
  assert.deepEqual(world.leds.shown, ["idle"]);
  assert.equal(world.dialer.links.length, 0);
});

test("stop word while a timer rings: silences it, starts no conversation", async () => {
  const world = await World.started();
  const reply = await world.controlServer.answer?.({
    command: "timers",
    order: { act: "set", seconds: 60, label: "eggs" },
  });
  assert.ok(reply?.ok);
  world.listen(61_000);
  assert.equal(world.leds.shown.at(-1), "ringing");
  assert.equal(isLookedFor(world), true);
  stop(world);
  await settled();
  world.listen(100);
  assert.equal(world.leds.shown.at(-1), "idle");
  assert.equal(isLookedFor(world), false);
  assert.equal(world.dialer.links.length, 0);
});
