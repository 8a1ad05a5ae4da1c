/** The level of the microphone in numbers: known tones, dead capsules, overdriven ones. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dbfsText,
  LevelMeter,
  levelVerdict,
  WINDOW_S,
} from "../../../src/core/audio/level-meter.ts";
import { FRAME_SAMPLES } from "../../../src/core/audio/pcm.ts";

const FRAMES_A_SECOND = 50;

/** A meter that has heard `seconds` of what `sample` gives. */
function heard(seconds: number, sample: (n: number) => number, meter = new LevelMeter()) {
  const frame = new Int16Array(FRAME_SAMPLES);
  for (let n = 0; n < seconds * FRAMES_A_SECOND; n++) {
    for (let i = 0; i < frame.length; i++) frame[i] = sample(n * FRAME_SAMPLES + i);
    meter.take(frame);
  }
  return meter;
}

const tone = (amplitude: number) => (n: number) =>
  Math.round(amplitude * Math.sin((2 * Math.PI * 1000 * n) / 24_000));

test("a sine of a tenth of full scale is -20 dBFS at its peak, and 3 dB less", () => {
  const reading = heard(10, tone(3_276.8)).read();
  assert.equal(reading.peakDbfs, -20);
  assert.equal(reading.rmsDbfs, -23);
  assert.equal(reading.clippedShare, 0);
  assert.equal(reading.flatS, 0);
  assert.ok(reading.windowS > WINDOW_S - 1 && reading.windowS <= WINDOW_S);
  assert.equal(levelVerdict(reading), "ok");
});

test("what is older than the window is forgotten", () => {
  const meter = heard(5, tone(30_000));
  assert.equal(heard(WINDOW_S, tone(327.68), meter).read().peakDbfs, -40);
});

test("a dead microphone is exactly still, at zero or elsewhere; a room is not", () => {
  const dead = heard(31, () => 0).read();
  assert.deepEqual([dead.rmsDbfs, dead.peakDbfs, dead.zeroShare, dead.flatS], [null, null, 1, 31]);
  assert.equal(levelVerdict(dead), "silent");
  assert.equal(levelVerdict(heard(29, () => 0).read()), "ok", "not yet");
  assert.equal(levelVerdict(heard(31, () => -7).read()), "silent", "an offset, and no sound");
  assert.equal(
    heard(31, (n) => Number(n % 4_799 === 0)).read().flatS < 1,
    true,
    "one bit now and then",
  );
  const back = heard(
    0.2,
    () => 5,
    heard(31, () => 0),
  );
  assert.equal(back.read().flatS, 0.2, "another level is another stretch");
});

test("an overdriven microphone stands at full scale for much of the time", () => {
  const clip = (n: number) => Math.max(-32_768, Math.min(32_767, tone(60_000)(n)));
  const reading = heard(5, clip).read();
  assert.ok(reading.clippedShare > 0.5);
  assert.equal(levelVerdict(reading), "clipped");
  assert.equal(levelVerdict(heard(5, tone(32_000)).read()), "ok", "loud is not clipped");
});

test("nothing heard is no level, and no verdict", () => {
  const reading = new LevelMeter().read();
  assert.deepEqual([reading.rmsDbfs, reading.peakDbfs, reading.windowS], [null, null, 0]);
  assert.equal(levelVerdict(reading), "ok");
  const meter = heard(31, () => 0);
  meter.reset();
  assert.equal(meter.read().flatS, 0);
  assert.deepEqual([dbfsText(null), dbfsText(-20)], ["silence", "-20.0 dBFS"]);
});
