/** What the LEDs do: lit at once, never faster than told, dark in the quiet hours. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  brightness,
  isDarkened,
  isQuiet,
  LED_MODES,
  LED_PATTERN,
  onOneLed,
  patternOf,
} from "../../../src/core/panel/led-pattern.ts";
import { INDICATIONS } from "../../../src/core/phase.ts";

/** Levels at the times at which they change, within `ms`. */
function changes(mode: (typeof LED_MODES)[number], ms: number, dimmable = false): number[][] {
  const all: number[][] = [];
  for (let at = 0; at < ms; ) {
    const { level, untilMs } = brightness(mode, at, dimmable);
    all.push([at, level]);
    if (untilMs === null) break;
    assert.ok(untilMs > at, "time goes on");
    at = untilMs;
  }
  return all;
}

test("the modes of an on/off pin", () => {
  assert.deepEqual(changes("off", 1000), [[0, 0]]);
  assert.deepEqual(changes("on", 1000), [[0, 1]]);
  assert.deepEqual(changes("blink", 1200), [
    [0, 1],
    [500, 0],
    [1000, 1],
  ]);
  assert.deepEqual(changes("pulse", 2100), [
    [0, 1],
    [100, 0],
    [2000, 1],
  ]);
  assert.equal(changes("fast", 1000).length, 8);
  assert.deepEqual(changes("double", 1200), [
    [0, 1],
    [100, 0],
    [200, 1],
    [300, 0],
    [1000, 1],
    [1100, 0],
  ]);
  assert.deepEqual(changes("breathe", 4000), [
    [0, 1],
    [2000, 0],
  ]);
});

test("breath of a dimmable pin: full, never dark, twenty steps a second", () => {
  const breath = changes("breathe", 4000, true).map(([, level]) => level ?? 0);
  assert.equal(breath.length, 80);
  assert.equal(Math.max(...breath), 1);
  assert.ok(Math.min(...breath) >= 0.1);
  assert.deepEqual(brightness("breathe", 4000, true).level, 1);
});

test("every mode but off begins lit; every state in which it works is to be seen on one LED", () => {
  for (const mode of LED_MODES) {
    assert.equal(brightness(mode, 0, false).level, mode === "off" ? 0 : 1, mode);
  }
  for (const indication of INDICATIONS) {
    const shown = onOneLed(patternOf(indication, []));
    assert.equal(shown === "off", indication === "idle", indication);
  }
});

test("the microphone is open: the listening LED is lit, and only then", () => {
  for (const indication of INDICATIONS) {
    const isOpen = ["connecting", "listening", "follow-up", "awaiting-approval"].includes(
      indication,
    );
    assert.equal(patternOf(indication, []).listening !== "off", isOpen, indication);
  }
});

test("the owner's own patterns", () => {
  const own = ["idle=pulse", "listening=breathe", "speaking=off+blink", "idle=on"];
  for (const text of own) assert.match(text, LED_PATTERN);
  assert.deepEqual(patternOf("idle", own), { listening: "off", status: "on" });
  assert.deepEqual(patternOf("listening", own), { listening: "breathe", status: "off" });
  assert.deepEqual(patternOf("speaking", own), { listening: "off", status: "blink" });
  assert.deepEqual(patternOf("fault", own), patternOf("fault", []));
  for (const text of ["idle", "idle=", "idle=red", "sleep=on", "idle=on+on+on", " idle=on"]) {
    assert.doesNotMatch(text, LED_PATTERN);
  }
});

test("quiet hours", () => {
  const table: readonly [number, string, string, boolean][] = [
    [22 * 60 + 29, "22:30", "07:00", false],
    [22 * 60 + 30, "22:30", "07:00", true],
    [0, "22:30", "07:00", true],
    [6 * 60 + 59, "22:30", "07:00", true],
    [7 * 60, "22:30", "07:00", false],
    [13 * 60, "13:00", "14:00", true],
    [14 * 60, "13:00", "14:00", false],
    [5, "", "07:00", false],
    [5, "00:00", "00:00", false],
  ];
  for (const [minute, from, to, quiet] of table) {
    assert.equal(isQuiet(minute, from, to), quiet, `${minute} in ${from} to ${to}`);
  }
  const dark = INDICATIONS.filter((indication) => isDarkened(indication, true));
  assert.deepEqual(dark, ["idle", "muted", "news"]);
  assert.equal(isDarkened("idle", false), false);
});
