/** The page's parts: steps of time, ticks, marks, and foreign text. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketsOf, MONTHS_MAX, STEPS_MAX } from "../../../src/commands/metrics/buckets.ts";
import { monthOf } from "../../../src/commands/metrics/month.ts";
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

test("an announcement is in the money, and nowhere among the conversations", () => {
  const said: SessionView = { ...at(NOW), trigger: "announcement", model: "only-announces" };
  const { buckets, outside } = bucketsOf([at(NOW), said], OPTIONS);
  assert.deepEqual([buckets[0]?.summary.conversations, outside], [1, 0]);
  const page = metricsPage([at(NOW), said], SCOPE, OPTIONS);
  assert.doesNotMatch(page, /too long ago for the plots/);
  assert.doesNotMatch(page, /only-announces/, "which model answered");
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

test("files that were left out are named", () => {
  const page = metricsPage([at(NOW)], { ...SCOPE, broken: 2, newer: 1, leftOut: 5 }, OPTIONS);
  assert.match(
    page,
    /Files left out: 2 not whole or not readable, 1 of a later version of Pipit, 5 older/,
  );
});

function viewOf(startedMs: number, more: Readonly<Record<string, unknown>> = {}): SessionView {
  const started = new Date(startedMs).toISOString();
  const view = readSession({ schema_version: 2, started_at: started, turns: 2, ...more });
  assert.ok(typeof view === "object");
  return view;
}

test("the month so far, projected from its own days, against the budget", () => {
  const zone = (): number => 0;
  const nowMs = Date.UTC(2026, 10, 16);
  const cost = { estimated_cost: 1 };
  const three = [1, 6, 15].map((day) => viewOf(Date.UTC(2026, 10, day, 12), cost));
  const before = viewOf(Date.UTC(2026, 9, 30), cost);
  const month = monthOf([before, ...three], { zone, nowMs, dailyUsd: 0.5 });
  assert.ok(month);
  assert.deepEqual([month.conversations, month.spentMicroUsd, month.days], [3, 3e6, 15]);
  assert.equal(month.projectedMicroUsd, 6e6, "half of it has gone by");
  assert.equal(month.capMicroUsd, 15e6);
  // Set up on the 11th: five days, not fifteen, are the rate.
  const late = monthOf([viewOf(Date.UTC(2026, 10, 11, 9), cost)], { zone, nowMs, dailyUsd: 0 });
  assert.deepEqual([late?.days, late?.projectedMicroUsd, late?.capMicroUsd], [5, 4e6, null]);
  assert.equal(monthOf([before], { zone, nowMs, dailyUsd: 1 }), null);
  const html = metricsPage([before, ...three], SCOPE, {
    zone,
    nowMs,
    dailyUsd: 0.5,
    host: "kitchen",
  });
  assert.match(html, /<title>Pipit: metrics of kitchen<\/title>/);
  assert.match(
    html,
    /November 2026 so far<\/h2>\n.*<b>\$3\.00<\/b>.*3 conversations in 15 days\. At this rate it will be \$6\.00/,
  );
  assert.match(html, /Budget: \$0\.5000 a day, so at most \$15\.00 this month/);
  assert.match(html, /style="width:40\.0%".*style="width:20\.0%"/);
  assert.match(metricsPage(three, SCOPE, { zone, nowMs }), /No budget is set/);
  const budgetUnknown = "c.yaml:2:3 x: <unknown> key";
  const blind = metricsPage(three, SCOPE, { zone, nowMs, budgetUnknown });
  assert.match(blind, /The budget is not known: c\.yaml:2:3 x: &lt;unknown/);
  assert.doesNotMatch(blind, /No budget is set/);
});

test("a part of the month is not told as the month; a clock that was not set is no month before", () => {
  const zone = (): number => 0;
  const nowMs = Date.UTC(2026, 10, 16);
  const cost = { estimated_cost: 1 };
  const some = [11, 15].map((day) => viewOf(Date.UTC(2026, 10, day, 9), cost));
  const of = { zone, nowMs, dailyUsd: 0 };
  const beganMs = Date.UTC(2026, 10, 1);
  assert.equal(monthOf(some, { ...of, sinceMs: nowMs - 3 * DAY_MS }), null);
  assert.equal(monthOf(some, { ...of, untilMs: nowMs - DAY_MS }), null);
  assert.equal(monthOf(some, { ...of, sinceMs: beganMs, untilMs: nowMs })?.spentMicroUsd, 2e6);
  assert.equal(monthOf([viewOf(60_000, cost), ...some], of)?.days, 5);
  const part = { ...SCOPE, sinceMs: nowMs - 3 * DAY_MS };
  assert.doesNotMatch(metricsPage(some, part, { zone, nowMs }), /so far/);
});

test("a budget that only warns is not told as a limit", () => {
  const view = viewOf(NOW, { estimated_cost: 10 });
  const options = { ...OPTIONS, dailyUsd: 0.5 };
  assert.match(metricsPage([view], SCOPE, options), /at most \$15\.00.*daily limit will stop it/);
  const page = metricsPage([view], SCOPE, { ...options, isLimit: false });
  assert.match(page, /which is \$15\.00 this month.*budget\.action: warn stops nothing/);
});

test("what a conversation costs is the mean of those whose cost is known", () => {
  const part = { model: "m", estimated_cost: null, known_cost: 0.02 };
  const whole = { model: "m", estimated_cost: 0.03 };
  const page = metricsPage(
    [part, part, part, whole].map((one) => viewOf(NOW, one)),
    SCOPE,
    OPTIONS,
  );
  assert.match(page, /m<\/th><td>4<\/td>.*<td>\$0\.0300</);
  assert.match(metricsPage([viewOf(NOW, part)], SCOPE, OPTIONS), /m<\/th><td>1<\/td>.*<td>–</);
});

test("which model answered when, how fast, and for how much", () => {
  const answers = (ms: number) => ({ response_latency_ms: { all: [ms, ms] } });
  const old = { model: "gpt-4o-realtime-preview", estimated_cost: 0.02, ...answers(1_200) };
  const now = { model: "gpt-realtime", estimated_cost: 0.01, ...answers(800) };
  const page = metricsPage(
    [viewOf(Date.UTC(2026, 10, 1), old), viewOf(Date.UTC(2026, 10, 2), old), viewOf(NOW, now)],
    SCOPE,
    OPTIONS,
  );
  assert.match(
    page,
    /gpt-4o-realtime-preview<\/th><td>2<\/td><td>2026-11-01<\/td><td>2026-11-02<\/td><td>1,200<\/td><td>1,200<\/td><td>\$0\.0200</,
  );
  assert.match(page, /gpt-realtime<\/th><td>1<\/td><td>2026-11-26<\/td>.*<td>\$0\.0100</);
  assert.match(page, /id="models-title">Which model answered/);
});

test("errors are listed in words, the newest first, each kind once", () => {
  const error = (at: number, code: string, message: string) => ({
    errors: [{ at: new Date(at).toISOString(), code, message }],
  });
  const page = metricsPage(
    [
      viewOf(NOW - 3 * DAY_MS, error(NOW - 3 * DAY_MS, "network", "The API cannot be reached")),
      viewOf(NOW - 2 * DAY_MS, error(NOW - 2 * DAY_MS, "no-credit", "No <credit> left")),
      viewOf(NOW - DAY_MS, error(NOW - DAY_MS, "network", "The API cannot be reached")),
    ],
    SCOPE,
    OPTIONS,
  );
  const rows = /Errors in words.*?<\/section>/s.exec(page)?.[0] ?? "";
  assert.match(
    rows,
    /cannot be reached<\/th><td>network<\/td><td>2<\/td><td>2026-11-25 13:00<.*\n.*No &lt;credit&gt; left/,
  );
  assert.doesNotMatch(metricsPage([viewOf(NOW)], SCOPE, OPTIONS), /Errors in words/);
});

test("where the time goes adds up to the answer; hours are the local ones", () => {
  const times = {
    response_latency_ms: { all: [1_000] },
    commit_to_first_delta_ms: { all: [400] },
    delta_to_sound_ms: { all: [50] },
    connection_latency_ms: 300,
  };
  const page = metricsPage(
    [viewOf(NOW, times), viewOf(NOW, { turns: 0, trigger: "wake-word" })],
    SCOPE,
    OPTIONS,
  );
  const time = /<figure id="time".*?<\/figure>/s.exec(page)?.[0] ?? "";
  assert.match(time, /<td>550<\/td><td>400<\/td><td>50<\/td><td>300<\/td>/);
  const hours = /<figure id="hours".*?<\/figure>/s.exec(page)?.[0] ?? "";
  assert.match(hours, /13:00 to 13:59<\/th><td>1<\/td><td>1<\/td>/, "noon UTC, an hour east");
});

test("a day of few answers has no nineteen in twenty", () => {
  const slow = (count: number) => ({ response_latency_ms: { all: Array(count).fill(900) } });
  const marks = (count: number): number => {
    const page = metricsPage([viewOf(NOW, slow(count))], SCOPE, OPTIONS);
    return (/<figure id="latency".*?<\/svg>/s.exec(page)?.[0] ?? "").split('class="m ').length - 1;
  };
  assert.deepEqual([marks(2), marks(8)], [1, 2]);
});
