/** Who can answer, told before the first wake: in the journal and in `status`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Settings } from "../../src/core/settings/table.ts";
import { settled, World } from "../helpers/world.ts";

const AT_OPENAI = { "openai.base_url": "https://api.openai.com/v1" } as const;
const LEGACY = { ...AT_OPENAI, "openai.model_selection": "legacy" } as const;

async function started(settings: Partial<Settings>): Promise<World> {
  const world = new World(settings);
  world.clock.jumpWall(Date.UTC(2026, 10, 28, 12) - world.clock.wallMs());
  await world.appliance.start();
  world.listen(1_000);
  return world;
}

function said(world: World, part: RegExp): readonly string[] {
  return world.journal.lines.filter(({ line }) => part.test(line)).map(({ level }) => level);
}

async function nobody(world: World): Promise<unknown> {
  const reply = await world.controlServer.answer?.({ command: "status" });
  assert.ok(reply?.ok);
  return reply.data["nobody_can_answer"];
}

test("no usable model: an error at the start, once, and in status until corrected", async () => {
  const world = await started(LEGACY);
  assert.deepEqual(said(world, /^No model can answer/), ["error"], "before the first wake");
  assert.match(
    String(await nobody(world)),
    /asks only gpt-4o-realtime-preview; .*2026-05-07\. Set/,
  );
  world.listen(60_000);
  await settled();
  assert.deepEqual(said(world, /^No model can answer/), ["error"], "not again ten seconds later");
  world.settings = { ...world.settings, "openai.model_selection": "auto" };
  world.appliance.reloaded(world.settings);
  assert.equal(await nobody(world), null);
  world.settings = { ...world.settings, "openai.model_selection": "legacy" };
  world.appliance.reloaded(world.settings);
  assert.deepEqual(
    said(world, /^No model can answer/),
    ["error", "error"],
    "a save that brings it back",
  );
});

test("the shipped chain says nothing at the start, and one notice about an end that it survives", async () => {
  const world = await started(AT_OPENAI);
  assert.deepEqual(said(world, /^The model|answer/), []);
  world.listen(11_000);
  await settled();
  assert.deepEqual(
    said(world, /^The model gpt-realtime will be shut down .*then gpt-realtime-2\.1/),
    ["notice"],
  );
  assert.deepEqual(said(world, /preview/), [], "nothing can be done about it, nothing need be");
});

test("a line about models waits for the end of the conversation", async () => {
  const world = await started(AT_OPENAI);
  world.wake();
  world.accept();
  world.listen(4_000);
  world.heardSpeech();
  world.listen(9_000);
  await settled();
  assert.deepEqual(said(world, /^The model/), []);
  world.listen(60_000);
  await settled();
  assert.deepEqual(said(world, /^The model/), ["notice"]);
});
