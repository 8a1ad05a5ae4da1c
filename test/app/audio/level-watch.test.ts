/** A microphone that dies or is overdriven, in the whole appliance: one line, and in the status. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES, msToSamples } from "../../../src/core/audio/pcm.ts";
import { record } from "../../../src/core/json.ts";
import { World } from "../../helpers/world.ts";

/** The microphone hears `ms` of one value, or of the values in turn. */
function hear(world: World, ms: number, ...values: readonly number[]): void {
  const frame = Int16Array.from(
    { length: FRAME_SAMPLES },
    (_, i) => values[i % values.length] ?? 0,
  );
  for (let passed = 0; passed < ms; passed += 20) {
    world.clock.advance(20);
    world.microphone.sink?.frame(frame);
  }
}

async function levelOf(world: World): Promise<Readonly<Record<string, unknown>>> {
  const reply = await world.controlServer.answer?.({ command: "status" });
  assert.ok(reply?.ok);
  return record(reply.data["microphone_level"]) ?? {};
}

const SILENT = /^The microphone has given nothing but digital silence for 30 s\. .*mute switch/;

test("digital silence is logged once, its end too, and again only after a day", async () => {
  const world = await World.started();
  hear(world, 29_000, 0);
  assert.deepEqual(world.lines("warning"), []);
  hear(world, 60_000, 0);
  assert.equal(world.lines("warning").length, 1);
  assert.match(world.lines("warning")[0] ?? "", SILENT);
  const level = await levelOf(world);
  assert.deepEqual(
    [level["verdict"], level["rms_dbfs"], level["zero_share"], level["flat_s"]],
    ["silent", null, 1, 89],
  );
  world.listen(2_000);
  assert.ok(world.lines("info").includes("The microphone gives sound again"));
  hear(world, 60_000, 0);
  assert.equal(world.lines("warning").length, 1, "the same day");
  world.listen(2_000);
  world.clock.advance(24 * 3_600_000);
  hear(world, 60_000, 0);
  assert.equal(world.lines("warning").length, 2);
});

test("a microphone that keeps falling silent is not logged each time", async () => {
  const world = await World.started();
  for (let hour = 0; hour < 20; hour++) {
    hear(world, 31_000, 0);
    world.listen(2_000);
  }
  assert.equal(world.lines("warning").length, 1);
  const again = world.lines("info").filter((line) => line.includes("sound again"));
  assert.equal(again.length, 1, "as often as its silence was told of");
});

test("a recording as the microphone may be silent", async () => {
  const world = await World.started({ "audio.input_device": "file:question.wav" });
  hear(world, 120_000, 0);
  assert.deepEqual(world.lines("warning"), []);
  assert.equal((await levelOf(world))["verdict"], "ok");
});

test("clipping is logged once a day, with its share", async () => {
  const world = await World.started();
  hear(world, 6_000, 32_767, 32_767, -32_768, 12, 4_000);
  hear(world, 6_000, 3, -3);
  hear(world, 6_000, 32_767, 32_767, -32_768, 12, 4_000);
  const [line, ...more] = world.lines("warning");
  assert.match(
    line ?? "",
    /^The microphone is overdriven: \d+ % .*clipped\. Lower the capture level/,
  );
  assert.deepEqual(more, []);
  assert.equal((await levelOf(world))["verdict"], "clipped");
});

test("a reconnected microphone starts a new measurement", async () => {
  const world = await World.started();
  hear(world, 20_000, 0);
  world.microphone.sink?.lost({
    code: "microphone-lost",
    recovery: "retry",
    message: "x",
    remedy: "",
  });
  world.microphone.sink?.flowing();
  hear(world, 20_000, 0);
  assert.deepEqual(world.lines("warning"), []);
});

test("a voice too faint in three conversations is logged with the remedy; a loud one clears it", async () => {
  const world = await World.started();
  let heardMs = 1_000;
  const call = async (peak: number): Promise<unknown> => {
    hear(world, 6_000, peak, -peak, 0, 3);
    heardMs += 6_000;
    world.wakeEngine.sink?.detected("computer", msToSamples(heardMs));
    const level = await levelOf(world);
    return [level["verdict"], level["voice_peak_dbfs"]];
  };
  assert.deepEqual(await call(150), ["ok", -46.8]);
  assert.deepEqual(await call(150), ["ok", -46.8]);
  assert.deepEqual(await call(150), ["quiet", -46.8]);
  const [line, ...more] = world.lines("warning").filter((text) => text.includes("faintly"));
  assert.match(line ?? "", /your voice peaks at -46\.8 dBFS\. Pipit amplifies it by up to 20 dB/);
  assert.deepEqual(more, []);
  hear(world, 4_000, 3, -3);
  const level = await levelOf(world);
  assert.equal(level["verdict"], "quiet", "until somebody is louder");
  // Rising yet, a decibel a second: before the test, the room was louder.
  assert.equal(level["wake_gain_db"], 12.5);
  assert.deepEqual(await call(9_000), ["ok", -11.2]);
});
