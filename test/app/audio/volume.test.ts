/** How loud it is, as stories: by command, in mid-reply, over a restart, against the configuration. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PlaybackQueue } from "../../../src/core/audio/playback-queue.ts";
import type { ControlRequest } from "../../../src/core/control.ts";
import { SimStateFile } from "../../../src/sim/parts.ts";
import { World } from "../../helpers/world.ts";

type VolumeRequest = Extract<ControlRequest, { command: "volume" }>;

async function volume(world: World, request: Partial<VolumeRequest> = {}): Promise<unknown> {
  const reply = await world.controlServer.answer?.({ command: "volume", ...request });
  assert.ok(reply?.ok, JSON.stringify(reply));
  return reply.data["percent"];
}

test("as configured at first; set, louder, softer; never by steps to silence", async () => {
  const world = await World.started({ "audio.volume": 0.7 });
  assert.equal(await volume(world), 70);
  assert.equal(await volume(world, { percent: 25 }), 25);
  assert.equal(await volume(world, { by: -10 }), 15);
  assert.equal(await volume(world, { by: -10 }), 5);
  assert.equal(await volume(world, { by: -10 }), 5);
  assert.equal(await volume(world, { by: 90 }), 95);
  assert.equal(await volume(world, { by: 10 }), 100);
  assert.equal(await volume(world, { percent: 0 }), 0);
  const reply = await world.controlServer.answer?.({ command: "volume", percent: 101 });
  assert.equal(reply?.ok, false);
});

test("volume changes at once in mid-reply, queued audio included", async () => {
  const world = await World.started();
  world.wake();
  world.accept();
  world.listen(2000);
  world.heardSpeech();
  world.server("response.created", { response: { id: "r" } });
  world.delta("r", "i", 4_000);
  await volume(world, { percent: 30 });
  assert.deepEqual(world.speaker.gains.at(-1), 0.3);
  assert.equal(world.leds.shown.at(-1), "speaking");
  const queue = new PlaybackQueue(100);
  queue.push(new Int16Array(20).fill(1000));
  const out = new Int16Array(10);
  queue.read(out);
  assert.equal(out[9], 1000);
  queue.gain = 0.3;
  queue.read(out);
  assert.equal(out[0], 300);
});

test("the volume survives a restart, until the owner changes the configuration", async () => {
  const world = await World.started();
  await volume(world, { percent: 40 });
  const later = new World();
  later.volumeFile.text = world.volumeFile.text;
  await later.appliance.start();
  assert.equal(await volume(later), 40);
  later.settings = { ...later.settings, "audio.volume": 0.9 };
  later.appliance.reloaded(later.settings);
  assert.equal(await volume(later), 90);
});

test("volume: a full disk is reported; a corrupt file is ignored", async () => {
  const world = await World.started();
  world.volumeFile.trouble = {
    code: "not-stored",
    recovery: "report",
    message: "full",
    remedy: "",
  };
  const reply = await world.controlServer.answer?.({ command: "volume", percent: 40 });
  assert.deepEqual(reply, { ok: true, data: { percent: 40, not_stored: "full" } });
  for (const text of ["", "{", '{"percent":-3,"over":1}', "[]"]) {
    const odd = new World();
    odd.volumeFile.text = new SimStateFile(text).text;
    await odd.appliance.start();
    assert.equal(await volume(odd), 100, text);
  }
});

test("ringing has its own volume; replies get theirs back afterwards", async () => {
  const world = await World.started();
  await volume(world, { percent: 10 });
  const order = { act: "set", seconds: 1, label: "" } as const;
  await world.controlServer.answer?.({ command: "timers", order });
  world.clock.advance(1_010);
  assert.ok(Math.abs((world.speaker.gains.at(-1) ?? 0) - 0.16) < 0.001);
  await volume(world, { percent: 20 });
  assert.ok(Math.abs((world.speaker.gains.at(-1) ?? 0) - 0.16) < 0.001);
  world.wake();
  world.accept();
  world.listen(2000);
  world.heardSpeech();
  world.server("response.created", { response: { id: "r" } });
  world.delta("r", "i", 100);
  assert.equal(world.speaker.gains.at(-1), 0.2);
});
