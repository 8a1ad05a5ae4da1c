import assert from "node:assert/strict";
import { test } from "node:test";
import { PlaybackQueue } from "../../../src/core/audio/playback-queue.ts";
import { noise } from "../../helpers/sound.ts";

test("samples come out as they went in, round and round, in any portions", () => {
  const queue = new PlaybackQueue(1_000);
  const pcm = noise(20_000);
  const got: number[] = [];
  let fed = 0;
  for (let turn = 0; got.length < pcm.length; turn++) {
    fed += queue.push(pcm.subarray(fed, fed + 1 + ((turn * 37) % 700)));
    const out = new Int16Array(1 + ((turn * 53) % 450));
    got.push(...out.subarray(0, queue.read(out)));
  }
  assert.deepEqual(Int16Array.from(got), pcm);
});

test("what does not fit is refused and counted; what is in stays", () => {
  const queue = new PlaybackQueue(100);
  assert.equal(queue.push(noise(250)), 100);
  assert.equal(queue.push(noise(10)), 0);
  assert.deepEqual([queue.taken, queue.given, queue.refused], [100, 0, 160]);
  const out = new Int16Array(100);
  assert.equal(queue.read(out), 100);
  assert.deepEqual(out, noise(250).subarray(0, 100));
});

test("pieces are bounded in number, too; what was read makes room", () => {
  const queue = new PlaybackQueue(1_000_000);
  const one = noise(1);
  let taken = 0;
  for (let n = 0; n < 25_000; n++) taken += queue.push(one);
  assert.equal(taken, 20_000);
  assert.equal(queue.refused, 5_000);
  assert.equal(queue.read(new Int16Array(600)), 600);
  assert.equal(queue.push(one), 1);
});

test("a read stops at the end of an utterance; the next one follows", () => {
  const queue = new PlaybackQueue(1_000);
  assert.equal(queue.end(), false, "nothing to end");
  queue.push(noise(30));
  assert.equal(queue.end(), true);
  assert.equal(queue.end(), false, "ended already");
  queue.push(noise(50));
  const out = new Int16Array(100);
  assert.equal(queue.read(out), 30);
  assert.equal(queue.read(out), 0);
  assert.equal(queue.atEnd, true);
  queue.passEnd();
  assert.equal(queue.read(out), 50);
  assert.equal(queue.atEnd, false, "its end is not known yet");
  assert.equal(queue.end(), true);
  assert.equal(queue.atEnd, true);
});

test("a drop skips to the end of what was taken and forgets the ends", () => {
  const queue = new PlaybackQueue(1_000);
  queue.push(noise(30));
  queue.end();
  queue.push(noise(30));
  queue.drop();
  assert.deepEqual([queue.given, queue.available, queue.endKnown], [60, 0, false]);
  assert.equal(queue.end(), false, "nothing was said since");
});
