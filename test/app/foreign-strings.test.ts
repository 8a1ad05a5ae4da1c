/** What a server makes up cannot make a conversation unreadable, nor be heard or counted twice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { METRICS_FILE_MAX_BYTES } from "../../src/adapters/metrics/files.ts";
import { readSession } from "../../src/commands/metrics/view.ts";
import { asked, rest } from "../helpers/purse.ts";
import { settled, World } from "../helpers/world.ts";

/** Three bytes each, and as long as it likes. */
const LONG = "界".repeat(50_000);

test("oversized names of errors and functions are cut: the metrics file stays readable", async () => {
  const world = await World.started();
  asked(world);
  for (let n = 0; n < 300; n++) {
    world.server("error", { error: { type: LONG, code: `${n}${LONG}`, message: `${n}${LONG}` } });
  }
  const output = Array.from({ length: 32 }, (_, n) => ({
    type: "function_call",
    call_id: `call_${n}`,
    name: `${n}${LONG}`,
    arguments: LONG,
  }));
  world.server("session.updated", {
    session: { audio: { input: { transcription: { model: LONG } } } },
  });
  world.server("response.created", { response: { id: "resp_1" } });
  world.done("resp_1", { output });
  rest(world);
  rest(world);
  await world.appliance.stop();
  await settled();
  const [text = ""] = world.store.files.values();
  assert.notEqual(text, "");
  assert.ok(Buffer.byteLength(text) <= METRICS_FILE_MAX_BYTES, `${Buffer.byteLength(text)} bytes`);
  assert.equal(typeof readSession(JSON.parse(text)), "object");
});

test("duplicate deltas and usage are played and counted once", async () => {
  const world = await World.started();
  asked(world);
  const twice = (type: string, more: object): void => {
    const event = { event_id: `event_${type}`, ...more };
    world.server(type, event);
    world.server(type, event);
  };
  twice("response.created", { response: { id: "resp_1" } });
  const delta = Buffer.alloc(9_600, 1).toString("base64");
  const sound = { response_id: "resp_1", item_id: "item_1", content_index: 0, delta };
  twice("response.output_audio.delta", sound);
  twice("response.done", { response: { id: "resp_1", status: "completed" } });
  rest(world);
  await settled();
  const { responses, audio } = world.metrics();
  assert.match(JSON.stringify(responses), /"completed":1,/);
  assert.match(JSON.stringify(audio), /"received_ms":200,/);
});

for (const deltas of [["", "AA=="], ["AAA"], ["AAA", "AAAA", "AAAA"]]) {
  test(`deltas without a sound that can be heard (${deltas}): the question is asked once more`, async () => {
    const world = await World.started();
    asked(world);
    world.server("response.created", { response: { id: "resp_1" } });
    for (const delta of deltas) {
      const sound = { response_id: "resp_1", item_id: "item_1", content_index: 0, delta };
      world.server("response.output_audio.delta", sound);
    }
    world.server("response.done", { response: { id: "resp_1", status: "completed" } });
    await settled();
    assert.match(
      world.lines("warning").join("\n"),
      /came without sound \(completed\); asking once more/,
    );
  });
}

test("a reply that comes in tiny pieces is heard whole", async () => {
  const world = await World.started();
  asked(world);
  world.server("response.created", { response: { id: "resp_1" } });
  const tiny = Buffer.from(new Int16Array(80).fill(1234).buffer).toString("base64");
  for (let n = 0; n < 6; n++) {
    const sound = { response_id: "resp_1", item_id: "item_1", content_index: 0, delta: tiny };
    world.server("response.output_audio.delta", sound);
    assert.equal(world.leds.shown.at(-1), n < 2 ? "thinking" : "speaking", `after ${n + 1}`);
  }
  world.server("response.done", { response: { id: "resp_1", status: "completed" } });
  await settled();
  assert.equal(world.speaker.queued.filter((sample) => sample === 1234).length, 480);
});
