/** The text file for a fleet, told as stories: what it counts, when it is written, what it survives. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { WRITE_EVERY_MS } from "../../../src/app/records/fleet-report.ts";
import { fault } from "../../../src/core/fault.ts";
import { readExposition } from "../../helpers/exposition.ts";
import { FREE } from "../../helpers/plan.ts";
import { settled, World } from "../../helpers/world.ts";

/** The value of a series in the latest text. */
function series(world: World, name: string, labels = ""): number | undefined {
  const families = readExposition(world.fleetFile.texts.at(-1) ?? "");
  const family = name.replace(/_(?:bucket|sum|count)$/, "");
  const found = families.get(name) ?? families.get(family);
  assert.ok(found, `there is no ${name}`);
  return found.series.get(`${name}{${labels}}`);
}

async function conversation(world: World): Promise<void> {
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 800);
  world.done("resp_1", {
    output: [{ type: "function_call", call_id: "c", name: "lamp", arguments: "{}" }],
    usage: {
      input_token_details: { text_tokens: 100, audio_tokens: 24 },
      output_token_details: { text_tokens: 10, audio_tokens: 16 },
    },
  });
  world.server("error", { error: { code: "something_new", message: "odd" } });
  world.server("response.created", { response: { id: "resp_2" } });
  world.delta("resp_2", "item_b", 400);
  world.listen(300);
  world.tap();
  await settled();
  world.done("resp_2", { status: "cancelled", usage: FREE });
  world.listen(7000);
  await settled();
}

test("at the start every series is there, at 0; after a conversation it has counted", async () => {
  const world = await World.started();
  await settled();
  const first = readExposition(world.fleetFile.texts[0] ?? "");
  await conversation(world);
  const last = readExposition(world.fleetFile.texts.at(-1) ?? "");
  const names = (families: typeof first): string[] =>
    [...families].flatMap(([name, { series }]) =>
      name.includes("last_conversation") || name.includes("level") ? [] : [...series.keys()],
    );
  assert.deepEqual(names(last), names(first), "no series comes or goes");
  for (const [name, { type, series: all }] of first) {
    if (type === "counter") for (const value of all.values()) assert.equal(value, 0, name);
  }
  const reason = 'trigger="wake-word",end_reason="no_speech"';
  assert.equal(series(world, "pipit_conversations_total", reason), 1);
  assert.equal(series(world, "pipit_responses_total", 'status="completed"'), 1);
  assert.equal(series(world, "pipit_responses_total", 'status="cancelled"'), 1);
  assert.equal(series(world, "pipit_function_calls_total", 'ok="false"'), 1);
  assert.equal(series(world, "pipit_errors_total", 'code="other"'), 1);
  assert.equal(series(world, "pipit_interruptions_total"), 2);
  assert.equal(series(world, "pipit_tokens_total", 'kind="input_audio"'), 24);
  assert.equal(series(world, "pipit_cost_dollars_total"), 0.002352);
  assert.equal(series(world, "pipit_response_latency_seconds_count"), 1);
  assert.equal(series(world, "pipit_response_latency_seconds_sum"), 0.5);
  assert.equal(series(world, "pipit_response_latency_seconds_bucket", 'le="0.3"'), 0);
  assert.equal(series(world, "pipit_response_latency_seconds_bucket", 'le="0.5"'), 1);
  assert.equal(series(world, "pipit_press_to_silence_seconds_count"), 1);
  assert.equal(series(world, "pipit_wake_to_led_seconds_count"), 1);
  assert.equal(series(world, "pipit_state", 'state="idle"'), 1);
  assert.equal(series(world, "pipit_up"), 1);
  assert.ok((series(world, "pipit_last_conversation_timestamp_seconds") ?? 0) > 1.7e9);
});

test("at rest it is not touched; while the state changes, at most every quarter of a minute", async () => {
  const world = await World.started();
  await settled();
  world.listen(120_000);
  await settled();
  assert.equal(world.fleetFile.texts.length, 1);
  for (let n = 0; n < 20; n++) {
    await world.controlServer.answer?.({ command: "mute", on: n % 2 === 0 });
    world.listen(1000);
    await settled();
  }
  world.listen(WRITE_EVERY_MS);
  await settled();
  assert.ok(world.fleetFile.texts.length <= 4, `${world.fleetFile.texts.length} writes in 35 s`);
  assert.equal(series(world, "pipit_state", 'state="idle"'), 1);
});

test("an orderly stop says down, with the conversation that it ended; no alarm is left", async () => {
  const world = await World.started();
  world.wake();
  world.accept();
  world.listen(400);
  await world.appliance.stop();
  assert.equal(series(world, "pipit_up"), 0);
  const reason = 'trigger="wake-word",end_reason="shutdown"';
  assert.equal(series(world, "pipit_conversations_total", reason), 1);
  assert.equal(world.clock.pending(), 0);
});

test("a folder that cannot be written is logged once, and so is its end", async () => {
  const world = new World();
  const line = "/x/pipit.prom was not written (ENOENT)";
  world.fleetFile.trouble = fault("metrics-lost", "report", line, "Create the folder /x");
  await world.appliance.start();
  world.listen(1000);
  await conversation(world);
  assert.deepEqual(
    world.lines("warning").filter((said) => said.includes(line)),
    [`${line}. Create the folder /x`],
  );
  world.fleetFile.trouble = null;
  world.listen(3000);
  await conversation(world);
  assert.equal(world.lines("notice").filter((said) => said.includes("written again")).length, 1);
  const reason = 'trigger="wake-word",end_reason="no_speech"';
  assert.equal(series(world, "pipit_conversations_total", reason), 2, "nothing was lost");
});
