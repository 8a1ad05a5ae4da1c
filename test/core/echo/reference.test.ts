/** What was played, laid beside what was heard, by a clock that is told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EchoReference } from "../../../src/core/echo/reference.ts";
import { noise } from "../../helpers/sound.ts";

/** A capture clock that began at 100 ms. */
const positionAt = (ms: number): number => (ms - 100) * 24;

function read(reference: EchoReference, from: number, samples: number): Int16Array {
  const out = new Int16Array(samples);
  reference.read(from, out);
  return out;
}

test("sound lies where it sounds, and silence before and after it", () => {
  const reference = new EchoReference(positionAt);
  const pcm = noise(480);
  reference.playing(pcm, 150);
  const heard = read(reference, 960, 960);
  assert.deepEqual(heard.subarray(0, 240), new Int16Array(240));
  assert.deepEqual(heard.subarray(240, 720), pcm);
  assert.deepEqual(heard.subarray(720), new Int16Array(240));
});

test("pieces whose times jitter by less than a millisecond are one, without a gap", () => {
  const reference = new EchoReference(positionAt);
  const pcm = noise(4_800);
  for (let at = 0, n = 0; at < pcm.length; at += 480, n++) {
    const jitterMs = [0, 0.4, -0.4][n % 3] ?? 0;
    reference.playing(pcm.subarray(at, at + 480), 200 + at / 24 + jitterMs);
  }
  assert.deepEqual(read(reference, 2_400, 4_800), pcm);
  assert.equal(reference.runs, 1);
});

test("a new stretch is placed anew, with the delay that was learned meanwhile", () => {
  const reference = new EchoReference(positionAt);
  const [first, second] = [noise(480, 1), noise(480, 2)];
  reference.playing(first, 100);
  reference.delay(240);
  reference.playing(second, 150);
  assert.deepEqual(read(reference, 0, 480), first);
  assert.deepEqual(read(reference, 480, 960), new Int16Array(960));
  assert.deepEqual(read(reference, 1_440, 480), second);
  assert.equal(reference.runs, 2);
});

test("a stretch that is to lie before what was read already begins in its middle", () => {
  const reference = new EchoReference(positionAt);
  const [first, second] = [noise(4_800, 1), noise(4_800, 2)];
  reference.playing(first, 100);
  read(reference, 0, 2_400);
  reference.silenced(250);
  reference.delay(-720);
  // It would sound from position 2,880 - 720 on, and the microphone is at 2,400.
  reference.playing(second, 220);
  assert.deepEqual(read(reference, 2_400, 2_400), second.subarray(240, 2_640));
  assert.deepEqual(read(reference, 4_800, 2_160), second.subarray(2_640));
});

test("a first sound that lies before the microphone's first sample begins in its middle", () => {
  const reference = new EchoReference(positionAt);
  const pcm = noise(2_400);
  reference.delay(-720);
  reference.playing(pcm, 110);
  assert.deepEqual(read(reference, 0, 1_920), pcm.subarray(480));
});

test("what is flushed does not sound", () => {
  const reference = new EchoReference(positionAt);
  const pcm = noise(4_800);
  reference.playing(pcm, 100);
  reference.silenced(150);
  const heard = read(reference, 0, 4_800);
  assert.deepEqual(heard.subarray(0, 1_200), pcm.subarray(0, 1_200));
  assert.deepEqual(heard.subarray(1_200), new Int16Array(3_600));
  assert.equal(reference.end, 1_200);
  reference.playing(pcm.subarray(0, 480), 300);
  assert.deepEqual(read(reference, 4_800, 480), pcm.subarray(0, 480));
});

test("before the microphone's clock is known nothing is kept", () => {
  const reference = new EchoReference(() => null);
  reference.playing(noise(480), 10);
  assert.equal(reference.runs, 0);
  assert.deepEqual(read(reference, 0, 480), new Int16Array(480));
});

test("sound for a time too far ahead is dropped and counted, and what comes in time is right again", () => {
  const reference = new EchoReference(positionAt);
  const pcm = noise(24_000 * 4);
  reference.playing(pcm, 100);
  assert.equal(reference.droppedSamples, 24_000 * 2);
  assert.deepEqual(read(reference, 24_000, 480), pcm.subarray(24_000, 24_480));
  const late = noise(480, 7);
  reference.playing(late, 100 + 2_500);
  assert.deepEqual(read(reference, 60_000, 480), late);
});
