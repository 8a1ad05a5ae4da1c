/** Today's money over restarts, jumps of the clock, and days that are not of 24 hours. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemCalendar } from "../../../src/adapters/os/clock.ts";
import { Spending } from "../../../src/app/records/spending.ts";
import { DAY_MS } from "../../../src/core/duration.ts";
import type { PastConversation } from "../../../src/core/money/ledger.ts";
import type { Calendar, Past } from "../../../src/ports.ts";
import { SimCalendar, SimClock } from "../../../src/sim/clock.ts";
import { SimJournal, SimStore } from "../../../src/sim/parts.ts";
import { settled } from "../../helpers/world.ts";

const HOUR_MS = 3_600_000;
/** 2026-11-26T12:00:00Z. */
const NOON = Date.UTC(2026, 10, 26, 12);

interface Setting {
  readonly clock: SimClock;
  readonly store: SimStore;
  readonly journal: SimJournal;
  readonly spending: Spending;
}

function setting(
  wallMs: number,
  before: readonly PastConversation[] = [],
  calendar: Calendar = new SimCalendar(),
): Setting {
  const clock = new SimClock(wallMs);
  const [store, journal] = [new SimStore(), new SimJournal()];
  store.before = before;
  return { clock, store, journal, spending: new Spending({ clock, calendar, store, journal }) };
}

function spend({ spending }: Setting, microUsd: number): void {
  spending.book({ conversations: 0, microUsd });
}

function today({ spending }: Setting): number {
  return spending.today().microUsd;
}

const ago = (ms: number, microUsd: number): PastConversation => ({
  endedWallMs: NOON - ms,
  microUsd,
});

test("what earlier runs spent today counts, what they spent before does not", async () => {
  const world = setting(NOON, [ago(HOUR_MS, 10), ago(12 * HOUR_MS, 200), ago(13 * HOUR_MS, 4000)]);
  await world.spending.start();
  spend(world, 1);
  assert.equal(today(world), 211);
  world.clock.advance(12 * HOUR_MS);
  assert.equal(today(world), 0, "midnight");
});

test("booted in 1970: today is the day of the last file, until the network brings the time", async () => {
  const past = [ago(HOUR_MS, 10), ago(2 * DAY_MS, 4000)];
  const world = setting(60_000, past);
  await world.spending.start();
  spend(world, 1);
  assert.equal(today(world), 11, "not all the money there ever was");
  world.clock.advance(90_000);
  world.clock.jumpWall(NOON - world.clock.wallMs());
  assert.equal(today(world), 11, "the jump forgives nothing");
  world.clock.jumpWall(DAY_MS);
  assert.equal(today(world), 1, "it was the day after: what this run spent is still today's");
});

test("a jump forward over midnight, an hour after the money was spent, forgives nothing", () => {
  const world = setting(NOON + 11.5 * HOUR_MS);
  spend(world, 7);
  world.clock.jumpWall(2 * HOUR_MS);
  assert.equal(today(world), 7);
});

test("put back by a day: neither this run's money nor that of earlier ones is lost", async () => {
  const world = setting(NOON, [ago(HOUR_MS, 10), ago(DAY_MS, 200)]);
  await world.spending.start();
  spend(world, 1);
  assert.equal(today(world), 11);
  world.clock.jumpWall(-DAY_MS);
  assert.equal(today(world), 201, "the files of that day, and what was spent just now");
});

test("a clock that was years ahead does not spend the days until then", async () => {
  const world = setting(NOON, [ago(-400 * DAY_MS, 5000), ago(HOUR_MS, 10)]);
  await world.spending.start();
  assert.equal(today(world), 10);
});

test("days of 23 and of 25 hours begin and end at midnight", () => {
  const zone = process.env["TZ"];
  process.env["TZ"] = "Europe/Berlin";
  try {
    // Summer time began on 2026-03-29 and ended on 2026-10-25, both at 01:00 UTC.
    for (const [midnight, hours] of [
      [Date.UTC(2026, 2, 28, 23), 23],
      [Date.UTC(2026, 9, 24, 22), 25],
    ] as const) {
      const world = setting(midnight + 60_000, [], new SystemCalendar());
      spend(world, 3);
      world.clock.advance(hours * HOUR_MS - 120_000);
      assert.equal(today(world), 3, `${hours} hours: a minute before its end`);
      world.clock.advance(61_000);
      assert.equal(today(world), 0, `${hours} hours: a second after it`);
    }
  } finally {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  }
});

test("files of a day of 25 hours count to its end", async () => {
  const zone = process.env["TZ"];
  process.env["TZ"] = "Europe/Berlin";
  try {
    const midnight = Date.UTC(2026, 9, 24, 22);
    const late = { endedWallMs: midnight + 24.5 * HOUR_MS, microUsd: 5 };
    const world = setting(midnight + 24.9 * HOUR_MS, [late], new SystemCalendar());
    await world.spending.start();
    assert.equal(today(world), 5);
  } finally {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  }
});

test("budget: a metrics folder that cannot be read is logged once, and counting starts now", async () => {
  const world = setting(NOON);
  world.store.past = () => Promise.reject(new Error("EACCES: permission denied"));
  await world.spending.start();
  const [entry, ...more] = world.journal.lines;
  assert.deepEqual([entry?.level, more.length], ["warning", 0]);
  assert.match(
    entry?.line ?? "",
    /unknown \(EACCES.*\): today's cost, and the budget, count from now$/,
  );
  spend(world, 2);
  assert.equal(today(world), 2);
});

test("budget: a slow metrics folder is logged, and counts when it answers", async () => {
  const world = setting(NOON);
  let answer: (past: Past) => void = () => undefined;
  world.store.past = () => new Promise((resolve) => (answer = resolve));
  const started = world.spending.start();
  await settled();
  world.clock.advance(500);
  await started;
  assert.match(world.journal.lines[0]?.line ?? "", /no answer within 500 ms/);
  answer({ found: [ago(HOUR_MS, 10)], unread: null });
  await settled();
  assert.equal(today(world), 10);
});
