/** Wall times against Temporal, at every edge of the clocks in zones that have odd ones. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Temporal } from "temporal-polyfill";
import {
  addDays,
  dateText,
  epochMsOf,
  isDate,
  isZone,
  wallTimeAt,
  weekdayOf,
} from "../../../src/core/timers/wall-time.ts";
import { SimDice } from "../../../src/sim/dice.ts";

/** An hour, half an hour, south of the equator, none, at midnight, and a day that was skipped. */
const ZONES = [
  "Europe/Berlin",
  "Australia/Lord_Howe",
  "America/Santiago",
  "Asia/Kolkata",
  "America/New_York",
  "Africa/Casablanca",
  "Asia/Beirut",
  "Pacific/Apia",
  "UTC",
];
const FROM_MS = Date.UTC(2024, 0, 1);
const TO_MS = Date.UTC(2029, 0, 1);

function inTemporal(wall: ReturnType<typeof wallTimeAt>, zone: string): number {
  return Temporal.PlainDateTime.from({ ...wall }).toZonedDateTime(zone, {
    disambiguation: "compatible",
  }).epochMilliseconds;
}

test("a wall time is the instant that Temporal's compatible rule says, at random times", () => {
  const dice = new SimDice(11);
  for (const zone of ZONES) {
    for (let i = 0; i < 400; i++) {
      const atMs = FROM_MS + Math.floor((dice.unit() * (TO_MS - FROM_MS)) / 1000) * 1000;
      const wall = wallTimeAt(atMs, zone);
      const zoned = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone);
      const { year, month, day, hour, minute, second } = zoned;
      assert.deepEqual(wall, { year, month, day, hour, minute, second });
      assert.equal(
        epochMsOf(wall, zone),
        inTemporal(wall, zone),
        `${zone} ${JSON.stringify(wall)}`,
      );
    }
  }
});

test("and in each quarter of an hour around each change of the clocks", () => {
  for (const zone of ZONES) {
    let edges = 0;
    let at = Temporal.Instant.fromEpochMilliseconds(FROM_MS).toZonedDateTimeISO(zone);
    for (;;) {
      const next = at.getTimeZoneTransition("next");
      if (next === null || next.epochMilliseconds > TO_MS) break;
      at = next;
      edges += 1;
      const noon = wallTimeAt(next.epochMilliseconds - 6 * 3_600_000, zone);
      for (let quarter = 0; quarter < 48; quarter++) {
        const minutes = noon.hour * 60 + quarter * 15;
        const wall = { ...addDays({ ...noon, second: 0 }, Math.floor(minutes / 1440)) };
        const shown = { ...wall, hour: Math.floor(minutes / 60) % 24, minute: minutes % 60 };
        assert.equal(
          epochMsOf(shown, zone),
          inTemporal(shown, zone),
          `${zone} ${dateText(shown)} ${JSON.stringify(shown)}`,
        );
      }
    }
    const hasNone = ["Asia/Kolkata", "UTC", "Pacific/Apia"].includes(zone);
    assert.equal(edges > 0, !hasNone, zone);
  }
});

test("days of the calendar: which weekday, which is none, which comes after", () => {
  const dice = new SimDice(5);
  for (let i = 0; i < 2_000; i++) {
    const date = Temporal.PlainDate.from({ year: 1970, month: 1, day: 1 }).add({
      days: Math.floor(dice.unit() * 60_000) - 20_000,
    });
    const { year, month, day } = date;
    const wall = { year, month, day, hour: 1, minute: 2, second: 3 };
    assert.equal(
      weekdayOf(wall),
      ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][date.dayOfWeek - 1],
    );
    const days = Math.floor(dice.unit() * 1000) - 500;
    assert.equal(dateText(addDays(wall, days)), date.add({ days }).toString());
    assert.ok(isDate(wall));
  }
  assert.equal(isDate({ year: 2026, month: 2, day: 29 }), false);
  assert.equal(isDate({ year: 2028, month: 2, day: 29 }), true);
  assert.equal(isDate({ year: 2026, month: 13, day: 1 }), false);
});

test("a zone is a name of the database, and nothing else", () => {
  assert.ok(isZone("Europe/Paris"));
  assert.equal(isZone("Paris"), false);
  assert.equal(isZone("../etc/passwd"), false);
});
