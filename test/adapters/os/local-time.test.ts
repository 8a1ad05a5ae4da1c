/** The machine's zone is set while the program runs, as on the first day of a new Raspberry Pi. */

import assert from "node:assert/strict";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LOOK_EVERY_MS, LocalTime } from "../../../src/adapters/os/local-time.ts";
import { DAY_MS } from "../../../src/core/duration.ts";
import { readZoneBy, wallTimeAt } from "../../../src/core/timers/wall-time.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

/** 2026-01-01T00:00:00Z. */
const NEW_YEAR_MS = 1_767_225_600_000;

/** The test's own process follows; its zone comes back at the end. */
function machine(t: TestContext, tz?: string) {
  const before = process.env["TZ"];
  t.after(() => {
    process.env["TZ"] = before ?? "UTC";
    if (before === undefined) delete process.env["TZ"];
  });
  process.env["TZ"] = tz ?? "UTC";
  if (tz === undefined) delete process.env["TZ"];
  const localtime = join(tempFolder(t), "localtime");
  const set = (zone: string): void => {
    rmSync(localtime, { force: true });
    symlinkSync(`/usr/share/zoneinfo/${zone}`, localtime);
  };
  set("Europe/London");
  let nowMs = 0;
  const time = new LocalTime({ localtime, nowMs: () => nowMs });
  const reports: string[] = [];
  time.onChange((zone) => reports.push(zone));
  const later = (): void => {
    nowMs += LOOK_EVERY_MS;
  };
  return { time, set, later, reports, localtime };
}

test("a changed time zone is in force within half a minute, logged once", (t) => {
  const { time, set, later, reports } = machine(t);
  time.date(NEW_YEAR_MS);
  set("Asia/Tokyo");
  later();
  assert.equal(time.date(NEW_YEAR_MS).getHours(), 9);
  assert.equal(time.zone(), "Asia/Tokyo");
  assert.equal(new Date(NEW_YEAR_MS).getHours(), 9, "all of the process follows");
  later();
  time.date(NEW_YEAR_MS);
  assert.deepEqual(reports, ["Asia/Tokyo"]);
  set("America/New_York");
  later();
  assert.equal(time.date(NEW_YEAR_MS).getHours(), 19);
  assert.deepEqual(reports, ["Asia/Tokyo", "America/New_York"]);
});

test("in a house where nobody asks for the time, the change is noticed by itself", (t) => {
  const { time, set, later, reports } = machine(t);
  const rings: (() => void)[] = [];
  const endWatch = time.watch({
    after: (delayMs, ring) => {
      assert.ok(delayMs <= 60_000, "within a minute");
      rings.push(ring);
      return () => rings.splice(0);
    },
  });
  set("Asia/Tokyo");
  later();
  assert.equal(rings.length, 1);
  rings.shift()?.();
  assert.deepEqual(reports, ["Asia/Tokyo"]);
  assert.equal(rings.length, 1, "it goes on looking");
  endWatch();
  assert.equal(rings.length, 0);
});

test("it is looked at seldom", (t) => {
  const { time, set, reports } = machine(t);
  set("Asia/Tokyo");
  for (let n = 0; n < 1_000; n++) time.date(NEW_YEAR_MS);
  assert.deepEqual(reports, []);
});

test("where the owner has set TZ, that holds", (t) => {
  const { time, set, later, reports } = machine(t, "America/New_York");
  set("Asia/Tokyo");
  later();
  assert.equal(time.date(NEW_YEAR_MS).getHours(), 19);
  assert.equal(time.zone(), "America/New_York");
  assert.deepEqual(reports, []);
});

test("a file that is no link, and none at all, do no harm", (t) => {
  const { time, later, localtime } = machine(t);
  rmSync(localtime);
  later();
  assert.equal(Number.isNaN(time.date(NEW_YEAR_MS).getHours()), false);
  writeFileSync(localtime, "TZif2");
  later();
  assert.equal(Number.isNaN(time.date(NEW_YEAR_MS).getHours()), false);
});

/** An hour, half an hour, south of the equator, none, and a day that was skipped. */
const ZONES = [
  "Europe/Berlin",
  "Australia/Lord_Howe",
  "America/Santiago",
  "Asia/Kolkata",
  "Africa/Abidjan",
  "Pacific/Apia",
  "Etc/UTC",
];

test("the process's own clock gives the machine's zone as Intl gives it, at random times", (t) => {
  const { time, set, later } = machine(t);
  t.after(() => readZoneBy("", null));
  const dice = new SimDice(12);
  for (const zone of ZONES) {
    set(zone);
    later();
    time.date(NEW_YEAR_MS); // It is looked at, and followed.
    const instants = Array.from({ length: 500 }, () =>
      Math.floor(NEW_YEAR_MS + (dice.unit() - 0.5) * 20 * 366 * DAY_MS),
    );
    readZoneBy("", null);
    const byIntl = instants.map((atMs) => wallTimeAt(atMs, zone));
    time.giveHome();
    assert.equal(time.zone(), zone);
    assert.deepEqual(
      instants.map((atMs) => wallTimeAt(atMs, zone)),
      byIntl,
      zone,
    );
  }
});

test("when the machine moves, its wall time does", (t) => {
  const { time, set, later } = machine(t);
  t.after(() => readZoneBy("", null));
  time.giveHome();
  set("Asia/Tokyo");
  later();
  assert.equal(time.date(NEW_YEAR_MS).getHours(), 9);
  assert.equal(wallTimeAt(NEW_YEAR_MS, "Asia/Tokyo").hour, 9);
  assert.equal(wallTimeAt(NEW_YEAR_MS, "Europe/London").hour, 0);
});
