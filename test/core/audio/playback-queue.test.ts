import assert from "node:assert/strict";
import { test } from "node:test";
import { Backlog } from "../../../src/core/audio/playback-queue.ts";
import { noise } from "../../helpers/sound.ts";

test("samples come out as they went in, round and round, in any portions", () => {
  const backlog = new Backlog(1_000);
  const pcm = noise(20_000);
  const got: number[] = [];
  let fed = 0;
  for (let turn = 0; got.length < pcm.length; turn++) {
    fed += backlog.push(pcm.subarray(fed, fed + 1 + ((turn * 37) % 700)));
    const out = new Int16Array(1 + ((turn * 53) % 450));
    got.push(...out.subarray(0, backlog.read(out)));
  }
  assert.deepEqual(Int16Array.from(got), pcm);
});

test("what does not fit is refused and counted; what is in stays", () => {
  const backlog = new Backlog(100);
  assert.equal(backlog.push(noise(250)), 100);
  assert.equal(backlog.push(noise(10)), 0);
  assert.deepEqual([backlog.taken, backlog.given, backlog.refused], [100, 0, 160]);
  const out = new Int16Array(100);
  assert.equal(backlog.read(out), 100);
  assert.deepEqual(out, noise(250).subarray(0, 100));
});

test("a read stops at the end of an utterance; the next one follows", () => {
  const backlog = new Backlog(1_000);
  assert.equal(backlog.end(), false, "nothing to end");
  backlog.push(noise(30));
  assert.equal(backlog.end(), true);
  assert.equal(backlog.end(), false, "ended already");
  backlog.push(noise(50));
  const out = new Int16Array(100);
  assert.equal(backlog.read(out), 30);
  assert.equal(backlog.read(out), 0);
  assert.equal(backlog.atEnd, true);
  backlog.passEnd();
  assert.equal(backlog.read(out), 50);
  assert.equal(backlog.atEnd, false, "its end is not known yet");
  assert.equal(backlog.end(), true);
  assert.equal(backlog.atEnd, true);
});

test("a drop skips to the end of what was taken and forgets the ends", () => {
  const backlog = new Backlog(1_000);
  backlog.push(noise(30));
  backlog.end();
  backlog.push(noise(30));
  backlog.drop();
  assert.deepEqual([backlog.given, backlog.available, backlog.endKnown], [60, 0, false]);
  assert.equal(backlog.end(), false, "nothing was said since");
});
