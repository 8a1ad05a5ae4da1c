/** The simulated clock and dice: order, exactness, and no way for real time to come in. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SimClock } from "../../src/sim/clock.ts";
import { SimDice } from "../../src/sim/dice.ts";

test("alarms ring in the order of time, equals in the order of setting, at their own time", () => {
  const clock = new SimClock();
  const rung: string[] = [];
  const ring = (name: string) => () => rung.push(`${name}@${clock.nowMs()}`);
  clock.after(30, ring("late"));
  clock.after(10, ring("first"));
  clock.after(10, ring("second"));
  clock.after(10.5, ring("third"));
  clock.advance(20);
  assert.deepEqual(rung, ["first@10", "second@10", "third@10.5"]);
  assert.equal(clock.nowMs(), 20);
  assert.equal(clock.pending(), 1);
});

test("an alarm set by an alarm rings in the same advance when it is due", () => {
  const clock = new SimClock();
  const rung: number[] = [];
  const again = (): void => {
    rung.push(clock.nowMs());
    if (rung.length < 5) clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(35);
  assert.deepEqual(rung, [10, 20, 30]);
});

test("an alarm taken back never rings, also by one of the same moment", () => {
  const clock = new SimClock();
  let rings = 0;
  const takeBack: { call: () => void } = { call: () => undefined };
  clock.after(5, () => takeBack.call());
  takeBack.call = clock.after(5, () => rings++);
  clock.advance(10);
  assert.equal(rings, 0);
});

test("runUntil stops at the alarm that made it true, or at the limit", () => {
  const clock = new SimClock();
  let heard = false;
  clock.after(70, () => {
    heard = true;
  });
  clock.after(200, () => undefined);
  assert.equal(
    clock.runUntil(() => heard, 1_000),
    true,
  );
  assert.equal(clock.nowMs(), 70);
  assert.equal(
    clock.runUntil(() => false, 500),
    false,
  );
  assert.equal(clock.nowMs(), 570);
});

test("runUntilAsync lets promises run between the alarms", async () => {
  const clock = new SimClock();
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  let step = 0;
  const walk = (async () => {
    await wait(10);
    step = 1;
    await wait(10);
    step = 2;
  })();
  assert.equal(await clock.runUntilAsync(() => step === 2, 100), true);
  assert.equal(clock.nowMs(), 20);
  await walk;
  await clock.advanceAsync(5);
  assert.equal(clock.nowMs(), 25);
});

test("two alarms that set each other for ever are a bug that throws", () => {
  const clock = new SimClock();
  const again = (): void => {
    clock.after(0, again);
  };
  again();
  assert.throws(() => clock.advance(1), /alarms rang in one call/);
});

test("the wall clock starts on a set day and may jump", () => {
  const clock = new SimClock(1_000);
  clock.advance(5);
  assert.equal(clock.wallMs(), 1_005);
  clock.jumpWall(3_600_000);
  assert.equal(clock.wallMs(), 3_601_005);
  assert.equal(clock.nowMs(), 5);
});

test("the same seed throws the same dice, spread over 0 to 1", () => {
  const draw = (seed: number): readonly number[] => {
    const dice = new SimDice(seed);
    return Array.from({ length: 10_000 }, () => dice.unit());
  };
  const throws = draw(7);
  assert.deepEqual(draw(7), throws);
  assert.notDeepEqual(draw(8), throws);
  assert.ok(throws.every((unit) => unit >= 0 && unit < 1));
  const mean = throws.reduce((sum, unit) => sum + unit, 0) / throws.length;
  assert.ok(Math.abs(mean - 0.5) < 0.02, `mean ${mean}`);
  assert.ok(draw(0).some((unit) => unit > 0));
});
