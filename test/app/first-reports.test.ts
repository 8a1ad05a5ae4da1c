/** Ready is said when the wake word would be heard, or when it is known that it would not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fault } from "../../src/core/fault.ts";
import { settled, World } from "../helpers/world.ts";

/** A world whose microphone and engine say nothing by themselves. */
function slowWorld(): World {
  const world = new World();
  world.microphone.start = (sink) => {
    world.microphone.sink = sink;
  };
  world.wakeEngine.start = (sink) => {
    world.wakeEngine.sink = sink;
  };
  return world;
}

function isReady(world: World): boolean {
  return world.journal.lines.some(({ line }) => line.includes("Ready"));
}

test("neither the microphone alone nor the engine alone makes it ready", async () => {
  const world = slowWorld();
  const started = world.appliance.start();
  await settled();
  world.microphone.sink?.flowing();
  await settled();
  assert.ok(!isReady(world));
  world.wakeEngine.sink?.flowing();
  await started;
  assert.ok(isReady(world));
});

test("a microphone that is missing is no reason to wait", async () => {
  const world = slowWorld();
  const started = world.appliance.start();
  await settled();
  world.wakeEngine.sink?.flowing();
  world.microphone.sink?.lost(fault("microphone-missing", "retry", "none"));
  await started;
  assert.ok(isReady(world));
});

test("what hangs is not waited for longer than two seconds", async () => {
  const world = slowWorld();
  const started = world.appliance.start();
  await world.clock.advanceAsync(1_990);
  assert.ok(!isReady(world));
  await world.clock.advanceAsync(20);
  await started;
  assert.ok(isReady(world));
});
