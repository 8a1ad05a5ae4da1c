/** A disk that was full for a while, as stories: what was accepted is in force, and is stored afterwards. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { OwedFile, TRIES_MAX } from "../../src/app/owed-file.ts";
import type { ControlReply, ControlRequest } from "../../src/core/control.ts";
import { fault } from "../../src/core/fault.ts";
import { SimClock } from "../../src/sim/clock.ts";
import { SimStateFile } from "../../src/sim/parts.ts";
import { settled, World } from "../helpers/world.ts";

const FULL = fault("not-stored", "report", "The disk is full");
const MEMORY = { "tools.memory": "on" } as const;

async function ask(world: World, request: ControlRequest) {
  const reply: ControlReply | undefined = await world.controlServer.answer?.(request);
  assert.ok(reply?.ok, JSON.stringify(reply));
  return reply.data;
}

async function remember(world: World, text: string) {
  return await ask(world, { command: "memory", act: "remember", text });
}

async function facts(world: World) {
  return (await ask(world, { command: "memory", act: "list" }))["facts"];
}

/** Minutes pass, and what is due is done. */
async function minutes(world: World, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    world.clock.advance(60_000);
    await settled();
  }
}

test("remembered and forgotten on a full disk: it counts, is said not to be stored, and is stored later", async () => {
  const world = await World.started(MEMORY);
  await remember(world, "Anna likes tea.");
  world.memoryFile.full = FULL;
  assert.equal((await remember(world, "Ben likes milk."))["not_stored"], "The disk is full");
  assert.deepEqual(await facts(world), ["Anna likes tea.", "Ben likes milk."]);
  const forgotten = await ask(world, { command: "memory", act: "forget", text: "tea" });
  assert.equal(forgotten["not_stored"], "The disk is full");
  assert.deepEqual(await facts(world), ["Ben likes milk."]);
  assert.match(world.memoryFile.text ?? "", /Anna/);
  world.memoryFile.full = null;
  await minutes(world, 2);
  assert.doesNotMatch(world.memoryFile.text ?? "", /Anna/);
  assert.match(world.memoryFile.text ?? "", /Ben/);
  const told = world.journal.lines.filter(({ line }) => line === "The memory is stored again");
  assert.equal(told.length, 1);
});

test("the volume is owed, too; the last one counts", async () => {
  const world = await World.started();
  world.volumeFile.full = FULL;
  await ask(world, { command: "volume", percent: 40 });
  await ask(world, { command: "volume", percent: 30 });
  world.volumeFile.full = null;
  await minutes(world, 2);
  assert.match(world.volumeFile.text ?? "", /30/);
  assert.equal(world.volumeFile.saves, 3);
});

test("a file that its owner edits meanwhile has the last word", async () => {
  const world = await World.started(MEMORY);
  world.memoryFile.full = FULL;
  await remember(world, "Ben likes milk.");
  world.memoryFile.full = null;
  world.memoryFile.text = "facts:\n  - by hand\n";
  await minutes(world, 2);
  assert.equal(world.memoryFile.text, "facts:\n  - by hand\n");
  assert.deepEqual(await facts(world), ["by hand"]);
});

test("a disk that stays full is tried with growing waits, so many times and no more", async () => {
  const [store, clock] = [new SimStateFile(), new SimClock()];
  const file = new OwedFile({ store, clock, paid: () => assert.fail("nothing was stored") });
  store.full = FULL;
  await file.save("a");
  const hours: number[] = [];
  for (let hour = 0; hour < 100; hour++) {
    const before = store.saves;
    for (let minute = 0; minute < 60; minute++) {
      clock.advance(60_000);
      await settled();
    }
    hours.push(store.saves - before);
  }
  assert.equal(hours[0], 5, "after 1, 3, 7, 15 and 31 minutes");
  assert.equal(hours[2], 1);
  assert.equal(store.saves, 1 + TRIES_MAX);
  assert.deepEqual(await file.load(), { ok: true, text: "a" }, "it is in force all the same");
});
