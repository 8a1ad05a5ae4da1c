/** What counts as taken by the device where the child answers for few chunks. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Tally } from "../../../src/adapters/speaker/tally.ts";

const CHUNK_MS = 100;

/** A daemon that writes chunks of 100 ms, and a child whose answers come when the story says so. */
class World {
  readonly tally = new Tally();
  nowMs = 1_000;
  taken = 0;
  written = 0;
  /** Times of the answers to come. */
  readonly answers: number[] = [];
  #endMs = 0;

  write(): void {
    const startMs = Math.max(this.nowMs, this.#endMs);
    this.#endMs = startMs + CHUNK_MS;
    if (this.tally.asks(this.nowMs)) this.answers.push(startMs);
    this.written += 1;
    this.taken += this.tally.wrote(CHUNK_MS, this.nowMs).chunks;
  }

  answer(): number | null {
    const atMs = this.answers.shift();
    if (atMs === undefined) return null;
    const { chunks, delayMs } = this.tally.answered(atMs, this.nowMs);
    this.taken += chunks;
    return delayMs;
  }
}

test("the first chunk of a run is counted with its time; then one answer does for five chunks", () => {
  const world = new World();
  for (let n = 0; n < 3; n++) world.write();
  assert.equal(world.taken, 0, "nobody knows yet when it sounds");
  assert.equal(world.answers.length, 1);
  world.nowMs += 2;
  assert.equal(world.answer(), -2);
  assert.equal(world.taken, 3);
  let answers = 0;
  for (let n = 0; n < 100; n++) {
    world.nowMs += CHUNK_MS;
    world.write();
    assert.equal(world.taken, world.written);
    if (world.answer() !== null) answers += 1;
  }
  assert.equal(answers, 20);
});

test("a child that does not answer: what follows is not counted, until it does", () => {
  const world = new World();
  for (let n = 0; n < 3; n++) world.write();
  world.answer();
  for (let n = 0; n < 20; n++) {
    world.nowMs += CHUNK_MS;
    world.write();
  }
  assert.equal(world.answers.length, 1, "it is asked once");
  assert.ok(world.taken <= 10, `${world.taken} of ${world.written}`);
  world.answer();
  assert.equal(world.taken, world.written);
});

test("after a shortage the first chunk is told anew, also where an answer is still to come", () => {
  const world = new World();
  for (let n = 0; n < 3; n++) world.write();
  world.answer();
  for (let n = 0; n < 4; n++) world.write();
  assert.equal(world.answers.length, 1, "an answer is to come");
  const before = world.taken;
  world.nowMs += 10 * CHUNK_MS;
  world.write();
  world.write();
  assert.equal(world.taken, before, "nobody knows yet when they sound");
  world.answer();
  assert.equal(world.taken, before, "that was about the run before");
  world.nowMs += 1;
  assert.equal(world.answer(), -1);
  assert.equal(world.taken, world.written);
});

test("what was dropped is never counted", () => {
  const world = new World();
  for (let n = 0; n < 3; n++) world.write();
  world.tally.reset();
  assert.equal(world.answer(), 0);
  assert.equal(world.taken, 0);
  world.write();
  world.answer();
  assert.equal(world.taken, 1);
});
