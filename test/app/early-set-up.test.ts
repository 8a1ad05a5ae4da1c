/** The set-up goes out as soon as the socket is open, and sound behind it where it was taken before. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { settled, World } from "../helpers/world.ts";

async function woken(changes = {}): Promise<World> {
  const world = new World(changes);
  await world.appliance.start();
  world.listen(2000);
  world.wake();
  return world;
}

/** A first conversation, in which the set-up is taken; then the wake word again. */
async function again(changes = {}): Promise<World> {
  const world = await woken(changes);
  world.accept();
  world.listen(200);
  await world.controlServer.answer?.({ command: "stop" });
  await settled();
  world.listen(3000);
  world.wake();
  return world;
}

test("first conversation: the set-up at once, sound when it is confirmed", async () => {
  const world = await woken();
  world.link.sink.opened();
  assert.deepEqual(world.saidTypes, ["session.update"]);
  world.listen(200);
  world.server("session.created", { session: { id: "s" } });
  assert.equal(world.sentMs, 0);
  assert.deepEqual(world.saidTypes, ["session.update"]);
  world.server("session.updated", { session: { id: "s" } });
  assert.ok(world.sentMs > 500, "the ring");
});

test("second conversation: sound behind the set-up, each sample once", async () => {
  const world = await again();
  world.link.sink.opened();
  const early = world.sentMs;
  assert.ok(early > 500, `${early} ms`);
  world.listen(200);
  world.server("session.created", { session: { id: "s" } });
  world.server("session.updated", { session: { id: "s" } });
  world.listen(200);
  assert.equal(world.sentMs, early + 400);
});

test("refused: what was sent is sent again on the next connection", async () => {
  const world = await again();
  world.link.sink.opened();
  const first = world.sentSound;
  const id = String(world.said[0]?.["event_id"]);
  world.server("session.created", { session: { id: "s" } });
  const error = { type: "invalid_request_error", code: "x", message: "no", event_id: id };
  world.server("error", { error: { ...error, param: "session.truncation" } });
  assert.equal(world.dialer.links.length, 3);
  assert.equal(world.sentMs, 0);
  world.accept();
  assert.deepEqual(world.sentSound.subarray(0, first.length), first);
});
