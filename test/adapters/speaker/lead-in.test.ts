/** A device that sleeps in silence: what wakes it is silence, and nothing of the answer is lost. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PAUSE_MS, withLeadIn } from "../../../src/adapters/speaker/lead-in.ts";
import { PacedSpeaker } from "../../../src/adapters/speaker/paced-speaker.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { FakePcmSink } from "../../helpers/fake-pcm-sink.ts";
import { noise, speakerSink } from "../../helpers/sound.ts";

const LEAD_MS = 700;
const LEAD_SAMPLES = LEAD_MS * 24;
const PCM = noise(24_000);

function world(leadInMs = LEAD_MS) {
  const clock = new SimClock();
  const device = new FakePcmSink(clock);
  const speaker = new PacedSpeaker({ clock, device: withLeadIn(device, clock, leadInMs) });
  const sink = speakerSink();
  speaker.start(sink);
  device.ready();
  return { clock, device, speaker, sink };
}

test("silence goes before the answer; what was heard and when counts from the audible part", () => {
  const { clock, device, speaker, sink } = world();
  speaker.play(PCM);
  speaker.finish();
  assert.deepEqual(sink.soundedMs, [LEAD_MS]);
  clock.advance(LEAD_MS + 500);
  assert.equal(speaker.heard(), 12_000);
  clock.advance(600);
  assert.equal(sink.story.at(-1), "drained");
  assert.ok(device.played.slice(0, LEAD_SAMPLES).every((sample) => sample === 0));
  assert.deepEqual(Int16Array.from(device.played.slice(LEAD_SAMPLES)), PCM);
});

test("an amplifier that swallows 0.6 s gives all of the answer", () => {
  const { clock, device, speaker } = world();
  speaker.play(PCM);
  speaker.finish();
  clock.advance(3_000);
  const heard = Int16Array.from(device.played.slice(600 * 24)).filter((sample) => sample !== 0);
  assert.deepEqual(
    heard,
    PCM.filter((sample) => sample !== 0),
  );
});

test("within a conversation there is none; after a pause there is again", () => {
  const { clock, device, speaker } = world();
  const say = (): number => {
    const before = device.played.length;
    speaker.play(PCM);
    speaker.finish();
    clock.advance(LEAD_MS + 1_200);
    return device.played.length - before;
  };
  assert.equal(say(), LEAD_SAMPLES + PCM.length);
  assert.equal(say(), PCM.length);
  clock.advance(PAUSE_MS + 1);
  assert.equal(say(), LEAD_SAMPLES + PCM.length);
});

test("flushed in the silence, nothing was heard; the next answer is whole", async () => {
  const { clock, device, speaker } = world();
  speaker.play(PCM);
  clock.advance(300);
  const flushed = speaker.flush();
  await clock.advanceAsync(50);
  assert.equal(await flushed, 0);
  const before = device.played.length;
  speaker.play(PCM);
  speaker.finish();
  clock.advance(3_000);
  assert.deepEqual(Int16Array.from(device.played.slice(before)).slice(-PCM.length), PCM);
});

test("a device that comes back after a loss is woken again; without the setting nothing changes", () => {
  const { clock, device, speaker } = world();
  speaker.play(PCM);
  clock.advance(100);
  device.lose();
  device.ready();
  const before = device.played.length;
  speaker.play(PCM);
  speaker.finish();
  clock.advance(3_000);
  assert.equal(device.played.length - before, LEAD_SAMPLES + PCM.length);
  const plain = new FakePcmSink(clock);
  assert.equal(withLeadIn(plain, clock, 0), plain);
});
