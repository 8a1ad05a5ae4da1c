/** The page's parts: steps of time, ticks, marks, and foreign text. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketsOf, MONTHS_MAX, STEPS_MAX } from "../../../src/commands/metrics/buckets.ts";
import { metricsPage } from "../../../src/commands/metrics/page.ts";
import { ticksFor } from "../../../src/commands/metrics/plot.ts";
import { readSession, type SessionView } from "../../../src/commands/metrics/view.ts";
import { DAY_MS } from "../../../src/core/duration.ts";
import { SimDice } from "../../../src/sim/dice.ts";

const NOW = Date.UTC(2026, 10, 26, 12);
const OPTIONS = { zone: () => 60, nowMs: NOW };
const SCOPE = { dir: "d", sinceMs: null, untilMs: null, broken: 0, newer: 0, leftOut: 0 };

function at(startedMs: number): SessionView {
  const started = new Date(startedMs).toISOString();
  const view = readSession({ schema_version: 1, started_at: started, turns: 2 });
  assert.ok(typeof view === "object");
  return view;
}

test("days become weeks, and weeks months, without a gap and without losing one", () => {
  const dice = new SimDice(3);
  for (const days of [1, 5, STEPS_MAX, STEPS_MAX + 1, 400, 640, 690]) {
    const some = [0, days - 1, ...Array.from({ length: 30 }, () => Math.floor(dice.unit() * days))];
    const sessions = some.map((day) => at(NOW - day * DAY_MS));
    const { unit, buckets, outside } = bucketsOf(sessions, OPTIONS);
    assert.equal(unit, days <= STEPS_MAX ? "day" : days <= 7 * (STEPS_MAX - 1) ? "week" : "month");
    assert.equal(outside, 0);
    assert.ok(buckets.length <= STEPS_MAX, `${buckets.length} steps`);
    assert.equal(
      buckets.reduce((sum, { summary }) => sum + summary.conversations, 0),
      sessions.length,
    );
    assert.equal(new Set(buckets.map(({ name }) => name)).size, buckets.length);
    assert.ok((buckets[0]?.summary.conversations ?? 0) > 0, "begins where there is something");
    assert.ok((buckets.at(-1)?.summary.conversations ?? 0) > 0);
  }
});

test("a day is the local one, a week begins on Monday", () => {
  const late = bucketsOf([at(Date.UTC(2026, 10, 25, 23, 30))], OPTIONS);
  assert.deepEqual(
    late.buckets.map(({ name, label }) => [name, label]),
    [["2026-11-26", "26 Nov"]],
  );
  const weeks = bucketsOf([at(Date.UTC(2026, 10, 22, 12)), at(Date.UTC(2026, 6, 1))], OPTIONS);
  assert.equal(weeks.buckets.at(-1)?.name, "week of 2026-11-16");
  assert.equal(weeks.buckets[0]?.name, "week of 2026-06-29");
});

test("a clock that was wrong does not stretch the plots", () => {
  const wrong = [at(0), at(NOW + 40 * 365 * DAY_MS)];
  const { buckets, outside } = bucketsOf([...wrong, at(NOW)], OPTIONS);
  assert.deepEqual([buckets.length, outside], [1, 2]);
  assert.match(
    metricsPage([...wrong, at(NOW)], SCOPE, OPTIONS),
    /2 conversations began when the clock/,
  );
  assert.match(metricsPage(wrong, SCOPE, OPTIONS), /<div class="plots">\n\n<\/div>/);
  const old = { zone: () => 0, nowMs: NOW + 30 * 365 * DAY_MS };
  const decades = bucketsOf([at(NOW), at(NOW + 30 * 365 * DAY_MS)], old);
  assert.deepEqual([decades.buckets.length, decades.outside], [MONTHS_MAX, 1]);
});

test("ticks are round, few, and reach the greatest", () => {
  const dice = new SimDice(8);
  for (let round = 0; round < 2_000; round++) {
    const greatest = 10 ** (dice.unit() * 12 - 5);
    for (const isCount of [false, true]) {
      const ticks = ticksFor(greatest, isCount);
      const step = ticks[1] ?? 0;
      assert.ok((ticks.at(-1) ?? 0) >= greatest * 0.999, `${greatest}`);
      assert.ok(ticks.length >= 2 && ticks.length <= 6, `${ticks.length} for ${greatest}`);
      assert.match(step.toExponential(6), /^[125]\.000000e/);
      if (isCount) assert.equal(step, Math.round(step));
    }
  }
  assert.deepEqual(ticksFor(0, true), [0, 1]);
});

test("foreign text stays text", () => {
  const dir = `"><script>alert(1)</script>&'`;
  const page = metricsPage([at(NOW)], { ...SCOPE, dir }, OPTIONS);
  assert.ok(!page.includes("<script"));
  assert.ok(page.includes("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;"));
  assert.doesNotMatch(page, /(?:src|href)="(?!#|data:,")/);
  assert.doesNotMatch(page, /url\(|@import|NaN|undefined|Infinity/);
});

test("files that were left out are told", () => {
  const page = metricsPage([at(NOW)], { ...SCOPE, broken: 2, newer: 1, leftOut: 5 }, OPTIONS);
  assert.match(
    page,
    /Files left out: 2 not whole or not readable, 1 of a later version of Pipit, 5 older/,
  );
});
