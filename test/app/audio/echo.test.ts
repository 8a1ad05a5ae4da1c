/** The appliance hears itself answer: what of it reaches the wake-word engine, and when nothing is done. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EchoPath } from "../../../src/app/audio/echo-path.ts";
import { CaptureClock } from "../../../src/core/audio/capture-clock.ts";
import { FRAME_MS, FRAME_SAMPLES, msToSamples, rms } from "../../../src/core/audio/pcm.ts";
import { ECHO_BLOCK_SAMPLES, ECHO_BLOCKS } from "../../../src/core/echo/canceller.ts";
import type { Settings } from "../../../src/core/settings/table.ts";
import { noise } from "../../helpers/sound.ts";
import { World } from "../../helpers/world.ts";

const REPLY_MS = 1_800;
/** From the loudspeaker to the microphone. */
const ECHO_MS = 35;

/** An answer of noise, and the microphone hears it come back at half its loudness. */
async function answerHeard(
  changes: Partial<Settings>,
): Promise<{ world: World; levels: number[] }> {
  const world = await World.started(changes);
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  world.server("response.created", { response: { id: "resp_1" } });
  const levels: number[] = [];
  world.wakeEngine.feed = (frame) => void levels.push(rms(frame));
  const reply = noise(msToSamples(REPLY_MS));
  const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength);
  world.server("response.output_audio.delta", {
    response_id: "resp_1",
    item_id: "item_a",
    content_index: 0,
    delta: bytes.toString("base64"),
  });
  for (let at = 0; at < reply.length; at += FRAME_SAMPLES) {
    world.clock.advance(FRAME_MS);
    const from = at - msToSamples(ECHO_MS);
    const frame = Int16Array.from({ length: FRAME_SAMPLES }, (_, n) =>
      Math.round((reply[from + n] ?? 0) / 2),
    );
    world.microphone.sink?.frame(frame);
  }
  return { world, levels };
}

function last(levels: readonly number[]): number {
  const late = levels.slice(-20);
  return late.reduce((sum, level) => sum + level, 0) / late.length;
}

test("audio.echo auto: the engine hears the room, not the answer; off: it hears the answer", async () => {
  const without = last((await answerHeard({ "audio.echo": "off" })).levels);
  assert.ok(without > 1000, `${without} steps of the converter`);
  for (const mode of ["auto", "wake"] as const) {
    const left = last((await answerHeard({ "audio.echo": mode })).levels);
    assert.ok(left < without / 5, `${left} of ${without}`);
  }
});

test("a hush: what was not played any more is not taken out of the room", async () => {
  const { world, levels } = await answerHeard({});
  world.wake();
  await world.clock.advanceAsync(FRAME_MS);
  levels.length = 0;
  for (let nth = 0; nth < 40; nth++) {
    world.clock.advance(FRAME_MS);
    world.microphone.sink?.frame(noise(FRAME_SAMPLES, nth + 100, 2_000));
  }
  assert.ok(last(levels) > 800, "somebody who speaks after it is heard as he is");
});

test("while nothing plays, and 200 ms after it, sound is only copied", () => {
  const captured = new CaptureClock();
  const path = new EchoPath({ captured, ringSamples: msToSamples(1000) });
  const hear = (frames: number): void => {
    for (let nth = 0; nth < frames; nth++) {
      const frame = noise(FRAME_SAMPLES, nth + 1);
      captured.took(path.ring.head + FRAME_SAMPLES, (path.ring.head + FRAME_SAMPLES) / 24);
      path.take(frame);
    }
  };
  hear(50);
  assert.equal(path.counts.framesCancelled, 0);
  path.playing(noise(FRAME_SAMPLES * 5), path.ring.head / 24);
  hear(50);
  const tailFrames = (ECHO_BLOCKS * ECHO_BLOCK_SAMPLES) / FRAME_SAMPLES;
  assert.equal(path.counts.framesCancelled, 5 + tailFrames);
  const frame = noise(FRAME_SAMPLES, 77);
  assert.equal(path.take(frame), frame, "the very same array");
  const kept = new Int16Array(FRAME_SAMPLES);
  path.ring.read(path.ring.head - FRAME_SAMPLES, kept);
  assert.deepEqual(kept, frame);
});
