/** The wait that has an end: its own result, the late one, and no alarm left behind. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../../src/core/timeout.ts";
import { SimClock } from "../../src/sim/clock.ts";

test("work that ends in time gives its result, and takes its alarm back", async () => {
  const clock = new SimClock();
  assert.equal(await within(clock, 100, Promise.resolve("done"), () => "late"), "done");
  assert.equal(clock.pending(), 0);
});

test("work that fails in time throws its error, and takes its alarm back", async () => {
  const clock = new SimClock();
  const work = Promise.reject(new Error("broken"));
  await assert.rejects(
    within(clock, 100, work, () => "late"),
    /broken/,
  );
  assert.equal(clock.pending(), 0);
});

test("work that takes longer is late at the limit; what it throws afterwards is nobody's", async () => {
  const clock = new SimClock();
  let fail = (_: Error): void => {};
  const work = new Promise<string>((_, reject) => {
    fail = reject;
  });
  const outcome = within(clock, 100, work, () => `late at ${clock.nowMs()}`);
  clock.advance(99);
  assert.equal(clock.pending(), 1);
  clock.advance(1);
  assert.equal(await outcome, "late at 100");
  fail(new Error("too late to matter")); // unhandled, it would fail this run
  await new Promise(setImmediate);
});
