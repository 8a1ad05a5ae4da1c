/** Real time: never early, once, and not at all when taken back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clampDelay,
  DELAY_MAX_MS,
  SystemClock,
  SystemDice,
} from "../../../src/adapters/os/clock.ts";

test("an alarm never rings before its time by nowMs", async () => {
  const clock = new SystemClock();
  const delays = Array.from({ length: 200 }, (_, i) => i * 0.37);
  const early = await Promise.all(
    delays.map((delayMs) => {
      const startMs = clock.nowMs();
      return new Promise<number>((resolve) => {
        clock.after(delayMs, () => resolve(delayMs - (clock.nowMs() - startMs)));
      });
    }),
  );
  assert.ok(Math.max(...early) <= 0.000_001, `early by ${Math.max(...early)} ms`);
});

test("an alarm taken back stays silent; taking back twice is nothing", async () => {
  const clock = new SystemClock();
  let rings = 0;
  const takeBack = clock.after(1, () => rings++);
  takeBack();
  takeBack();
  await new Promise<void>((resolve) => clock.after(30, resolve));
  assert.equal(rings, 0);
});

test("delays are clamped: negative and not-a-number to 0, too long to the longest", () => {
  assert.deepEqual([-5, Number.NaN, 12.5, 1e12].map(clampDelay), [0, 0, 12.5, DELAY_MAX_MS]);
});

test("system dice stay in range", () => {
  const dice = new SystemDice();
  for (let i = 0; i < 1_000; i++) {
    const unit = dice.unit();
    assert.ok(unit >= 0 && unit < 1);
  }
});
