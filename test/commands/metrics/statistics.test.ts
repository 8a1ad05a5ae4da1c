/** The report's statistics, against published figures and independent computations. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  atShare,
  changes,
  middle,
  rateDifference,
  ratio,
  resampled,
  sorted,
  wilson,
} from "../../../src/commands/metrics/statistics.ts";
import { percentile } from "../../../src/core/metrics/session-file.ts";
import { SimDice } from "../../../src/sim/dice.ts";

const near = (found: number, expected: number, within: number, what = ""): void =>
  assert.ok(Math.abs(found - expected) <= within, `${what} ${found} is not ${expected}`);

test("percentiles are those of the metrics files", () => {
  const dice = new SimDice(2);
  for (let count = 0; count < 60; count++) {
    const values = Array.from({ length: count }, () => dice.unit() * 1_000);
    for (const share of [0, 0.5, 0.95, 1]) {
      assert.equal(atShare(sorted(values), share), percentile(values, share));
    }
  }
});

test("Wilson's interval: the figures of Newcombe 1998 (Statistics in Medicine 17, 857)", () => {
  const published = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const;
  for (const [successes, count, low, high] of published) {
    const interval = wilson(successes, count);
    near(interval.low, low, 6e-5);
    near(interval.high, high, 6e-5);
  }
});

test("the difference of two rates: the figures of Newcombe 1998 (17, 873), method 10", () => {
  const published = [
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [10, 10, 0, 10, 0.6075, 1],
  ] as const;
  for (const [a, countA, b, countB, low, high] of published) {
    const interval = rateDifference(
      { successes: a, count: countA },
      { successes: b, count: countB },
    );
    near(interval.low, low, 6e-5);
    near(interval.high, high, 6e-5);
  }
});

function drawn(count: number, mean: number, seed: number) {
  const dice = new SimDice(seed);
  return Array.from({ length: count }, () => {
    const under = 1 + Math.floor(dice.unit() * 5);
    return { over: under * mean * (0.5 + dice.unit()), under };
  });
}

test("the resampled interval of a ratio is that of the normal approximation (delta method)", () => {
  const shares = drawn(2_000, 900, 7);
  const value = ratio(shares) ?? 0;
  const meanUnder = shares.reduce((sum, { under }) => sum + under, 0) / shares.length;
  const squares = shares.reduce((sum, { over, under }) => sum + (over - value * under) ** 2, 0);
  const half = (1.96 * Math.sqrt(squares / (shares.length - 1) / shares.length)) / meanUnder;
  const { low, high } = middle(resampled(shares));
  near((high - low) / 2, half, half * 0.1, "half the width");
  near((high + low) / 2, value, half * 0.15, "the middle");
});

test("an interval of 95 % holds the truth about 95 times in a hundred", () => {
  let held = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const { low, high } = middle(resampled(drawn(60, 900, seed * 77), seed));
    if (low <= 900 && 900 <= high) held++;
  }
  assert.ok(held >= 270 && held <= 297, `${held} of 300`);
});

test("the same data give the same interval, and equal sides no clear change", () => {
  const shares = drawn(100, 900, 5);
  assert.deepEqual(resampled(shares, 3), resampled(shares, 3));
  const { low, high } = middle(changes(resampled(shares, 1), resampled(shares, 2)));
  assert.ok(low < 0 && high > 0);
  assert.equal(ratio([]), null);
});
