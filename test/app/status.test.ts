/** What `pipit status` says, told as stories. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { settled, World } from "../helpers/world.ts";

async function status(world: World): Promise<Readonly<Record<string, unknown>>> {
  const reply = await world.controlServer.answer?.({ command: "status" });
  assert.ok(reply?.ok);
  return reply.data;
}

test("today's conversations and their cost, over a restart", async () => {
  const world = new World();
  const wallMs = world.clock.wallMs();
  world.store.before = [
    { endedWallMs: wallMs - 86_400_000, microUsd: 500_000 },
    { endedWallMs: wallMs + 1, microUsd: 250_000 },
  ];
  await world.appliance.start();
  world.listen(1000);
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 100);
  world.done("resp_1", {
    usage: {
      input_token_details: { audio_tokens: 100 },
      output_token_details: { text_tokens: 10 },
    },
  });
  world.listen(9000);
  await settled();
  const { conversations_today, cost_today_usd } = await status(world);
  assert.equal(conversations_today, 2);
  // 100 × 32 + 10 × 16 micro-dollars on top of the quarter dollar.
  assert.equal(cost_today_usd, 0.25336);
});

test("a metrics folder that does not answer delays the start by half a second, no more", async () => {
  const world = new World();
  world.store.past = () => new Promise(() => undefined);
  const started = world.appliance.start();
  await settled();
  world.clock.advance(500);
  await started;
  assert.equal((await status(world))["conversations_today"], 0);
});

test("the model in use, and why it is not the configured one", async () => {
  const world = await World.started({ "openai.voice": "cedar" });
  assert.deepEqual(
    [(await status(world))["model"], (await status(world))["voice"]],
    ["gpt-realtime", "cedar"],
  );
  world.wake();
  const gone = { tag: "http", status: 404, code: "model_not_found", type: null } as const;
  world.link.sink.closed({ ...gone, retryAfterMs: null, message: "" });
  const during = await status(world);
  assert.equal(during["model"], "gpt-4o-realtime-preview");
  assert.match(String(during["model_why"]), /^instead of gpt-realtime: .*gpt-realtime/);
  assert.equal(during["voice"], "alloy");
});

test("a fault is remembered with its age, and the silence of the microphone is seen", async () => {
  const world = await World.started();
  assert.equal((await status(world))["last_fault"], null);
  world.microphone.sink?.lost({
    code: "microphone-lost",
    recovery: "retry",
    message: "Microphone unplugged",
    remedy: "Plug it in",
  });
  world.clock.advance(90_000);
  const { last_fault, last_fault_s, last_sound_ms, microphone, remedies } = await status(world);
  assert.equal(last_fault, "Microphone unplugged. Plug it in");
  assert.deepEqual([last_fault_s, last_sound_ms], [90, 90_000]);
  assert.equal(microphone, "Microphone unplugged");
  assert.deepEqual(remedies, { microphone: "Plug it in" }, "for doctor, which must not guess");
  world.microphone.sink?.flowing();
  assert.deepEqual((await status(world))["remedies"], {});
});
