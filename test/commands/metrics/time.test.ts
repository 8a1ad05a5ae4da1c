/** The report's own calendar, against the language's. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dayOf,
  dayText,
  epochOf,
  fromLocal,
  localDay,
  localText,
  readIso,
  utcText,
  type Zone,
} from "../../../src/commands/metrics/time.ts";
import { readWhen } from "../../../src/commands/metrics/when.ts";
import { DAY_MS } from "../../../src/core/duration.ts";
import { SimDice } from "../../../src/sim/dice.ts";

/** Clocks go an hour forward at the end of March 2026 (UTC), and back at the end of October. */
const SUMMER = { from: Date.UTC(2026, 2, 29, 1), to: Date.UTC(2026, 9, 25, 1) };
const EUROPE: Zone = (ms) => (ms >= SUMMER.from && ms < SUMMER.to ? 120 : 60);
const NOW = Date.UTC(2026, 10, 26, 12);

test("every day from 1900 to 2200 is the one that the language names", () => {
  for (let day = -25_567; day < 84_006; day += 7) {
    const text = new Date(day * DAY_MS).toISOString().slice(0, 10);
    assert.equal(dayText(day), text);
    const [year = 0, month = 0, ofMonth = 0] = text.split("-").map(Number);
    assert.equal(dayOf({ year, month, day: ofMonth }), day);
  }
});

test("times are written and read as the language does", () => {
  const dice = new SimDice(4);
  for (let round = 0; round < 2_000; round++) {
    const ms = Math.floor(dice.unit() * 4e12);
    assert.equal(utcText(ms), new Date(ms).toISOString());
    assert.equal(epochOf(utcText(ms)), ms);
  }
  for (const text of ["2026-11-01T10:00:00+02:00", "2026-11-01T10:00-0330", "2024-02-29T00:00Z"]) {
    const iso = text.replace(/([+-]\d\d)(\d\d)$/, "$1:$2");
    assert.equal(epochOf(text), Date.parse(iso), text);
  }
});

test("what is no time is none", () => {
  const wrong = ["", "2026", "2026-13-01", "2026-02-30", "2026-00-10", "2026-01-00", "2025-02-29"];
  const more = ["2026-01-01T24:00", "2026-01-01T10:60", "2026-01-01Z", "26-01-01", "2026-1-1", "x"];
  for (const text of [...wrong, ...more]) assert.equal(readIso(text), null, text);
  assert.equal(epochOf("2026-01-01T10:00"), null, "no zone");
});

test("a local day begins where its clocks say, also when they change", () => {
  for (let day = dayOf({ year: 2026, month: 1, day: 1 }); dayText(day) < "2027"; day++) {
    const start = fromLocal(day * DAY_MS, EUROPE);
    assert.equal(localDay(start, EUROPE), day);
    assert.equal(localDay(start - 1, EUROPE), day - 1);
    assert.equal(localText(start, EUROPE), `${dayText(day)} 00:00`);
  }
});

test("in every zone of the world, every day of 2026 begins at its first existing moment", () => {
  const before = process.env["TZ"];
  const here: Zone = (ms) => -new Date(ms).getTimezoneOffset();
  const zones = Intl.supportedValuesOf("timeZone");
  assert.ok(zones.length > 300);
  try {
    for (const name of zones) {
      process.env["TZ"] = name;
      for (let day = dayOf({ year: 2026, month: 1, day: 1 }); dayText(day) < "2027"; day++) {
        const start = fromLocal(day * DAY_MS, here);
        const of = `${name} ${dayText(day)}`;
        assert.equal(localDay(start, here), day, of);
        assert.equal(localDay(start - 1, here), day - 1, of);
        const [year, month, ofMonth] = dayText(day).split("-").map(Number);
        const local = new Date(year ?? 0, (month ?? 0) - 1, ofMonth).getTime();
        assert.equal(start, local, `${of}: as the budget's day begins`);
      }
    }
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
});

test("a midnight that is skipped: what was before it belongs to the day before", () => {
  // America/Santiago, 2026-09-06: 24:00 of the 5th is 01:00 of the 6th.
  const skip = Date.UTC(2026, 8, 6, 4);
  const santiago: Zone = (ms) => (ms < skip ? -240 : -180);
  const since = readWhen("2026-09-06", NOW, santiago);
  assert.deepEqual(since, { ok: true, atMs: skip });
  const until = readWhen("2026-09-05", NOW, santiago, true);
  assert.deepEqual(until, { ok: true, atMs: skip - 1 });
  assert.deepEqual(readWhen("2026-09-06T00:30", NOW, santiago), { ok: true, atMs: skip });
  // A whole day that never was (Apia, 2011-12-30) begins and ends with the skip.
  const apia: Zone = (ms) => (ms < Date.UTC(2011, 11, 30, 10) ? -600 : 840);
  assert.equal(fromLocal(Date.UTC(2011, 11, 30), apia), Date.UTC(2011, 11, 30, 10));
  assert.equal(fromLocal(Date.UTC(2011, 11, 31), apia), Date.UTC(2011, 11, 30, 10));
});

test("what an owner types for a time", () => {
  const at = (text: string, end = false): number | string => {
    const when = readWhen(text, NOW, EUROPE, end);
    return when.ok ? when.atMs : when.problem;
  };
  assert.equal(at("7d"), NOW - 7 * DAY_MS);
  assert.equal(at("24h"), NOW - DAY_MS);
  assert.equal(at("90m"), NOW - 90 * 60_000);
  assert.equal(at("2w"), NOW - 14 * DAY_MS);
  assert.equal(at("7"), NOW - 7 * DAY_MS);
  assert.equal(at("today"), Date.parse("2026-11-25T23:00:00Z"));
  assert.equal(at("today", true), Date.parse("2026-11-26T22:59:59.999Z"));
  assert.equal(at("Yesterday"), Date.parse("2026-11-24T23:00:00Z"));
  assert.equal(at("yesterday", true), Date.parse("2026-11-25T22:59:59.999Z"));
  assert.equal(at("120"), NOW - 120 * DAY_MS);
  assert.equal(at("1000d"), NOW - 1_000 * DAY_MS);
  assert.equal(at("2026"), Date.parse("2025-12-31T23:00:00Z"), "a year, not as many days");
  assert.equal(at("2026", true), Date.parse("2026-12-31T22:59:59.999Z"));
  assert.equal(at("2026-10"), Date.parse("2026-09-30T22:00:00Z"));
  assert.equal(at("2026-10", true), Date.parse("2026-10-31T22:59:59.999Z"));
  assert.equal(at("2026-11-01"), Date.parse("2026-10-31T23:00:00Z"));
  assert.equal(at("2026-11-01", true), Date.parse("2026-11-01T22:59:59.999Z"));
  assert.equal(at("2026-10-25", true), Date.parse("2026-10-25T22:59:59.999Z"), "25 hours long");
  assert.equal(at("2026-07-01T18:00"), Date.parse("2026-07-01T16:00:00Z"));
  assert.equal(at("2026-07-01T18:00Z", true), Date.parse("2026-07-01T18:00:00Z"));
  for (const text of ["tomorrow", "", "-7d", "7y", "2026-11-31", "2026-13", "1000", "20261"]) {
    assert.match(String(at(text)), /is not a time; write today, yesterday, 7d, 24h, 2026-11-01/);
  }
});
