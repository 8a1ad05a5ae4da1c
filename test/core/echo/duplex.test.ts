/** Whether the microphone is open during an answer, for each setting and each finding. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { duplexFor, listensFor } from "../../../src/core/echo/duplex.ts";
import type { LearnedEcho } from "../../../src/core/echo/learned.ts";
import { DEFAULTS, type Settings } from "../../../src/core/settings/table.ts";

const GOOD: LearnedEcho = {
  devices: "m | s",
  answers: 3,
  isSwept: false,
  measuredMs: 0,
  reach: "full",
  delayMs: 60,
  echoDbfs: -26,
  returnLossDb: 8,
  cancelledDb: 24,
};
const BAD: LearnedEcho = { ...GOOD, reach: "wake", echoDbfs: -12, cancelledDb: 14 };
const ONE: LearnedEcho = { ...GOOD, answers: 1 };
const SWEPT: LearnedEcho = { ...GOOD, answers: 0, isSwept: true };

for (const [echo, wanted, found, duplex] of [
  ["off", "auto", null, "half"],
  ["off", "half", null, "half"],
  ["off", "full", BAD, "full"],
  ["wake", "auto", GOOD, "half"],
  ["wake", "half", GOOD, "half"],
  ["wake", "full", BAD, "full"],
  ["full", "auto", BAD, "full"],
  ["full", "half", GOOD, "half"],
  ["full", "full", BAD, "full"],
  ["auto", "auto", null, "half"],
  ["auto", "auto", ONE, "half"],
  ["auto", "auto", GOOD, "full"],
  ["auto", "auto", SWEPT, "full"],
  ["auto", "auto", BAD, "half"],
  ["auto", "half", GOOD, "half"],
  ["auto", "full", null, "half"],
  ["auto", "full", GOOD, "full"],
  ["auto", "full", BAD, "half"],
] as const) {
  const names = new Map([
    [null, "nothing known"],
    [GOOD, "good"],
    [ONE, "one good answer"],
    [SWEPT, "a good sweep"],
  ]);
  const known = names.get(found) ?? "bad";
  test(`audio.echo ${echo}, audio.duplex ${wanted}, ${known}: ${duplex}`, () => {
    const settings: Settings = { ...DEFAULTS, "audio.echo": echo, "audio.duplex": wanted };
    assert.equal(duplexFor(settings, found), duplex);
  });
}

test("a recording as a device has no echo: auto sends what it gives, sample by sample", () => {
  const settings: Settings = {
    ...DEFAULTS,
    "audio.duplex": "full",
    "audio.output_device": "file:/tmp/heard.wav",
  };
  assert.equal(duplexFor(settings, BAD), "full");
  assert.equal(duplexFor({ ...settings, "audio.duplex": "auto" }, GOOD), "half");
  assert.equal(listensFor(settings), false);
  assert.equal(listensFor({ ...settings, "audio.output_device": "default" }), true);
  assert.equal(listensFor({ ...settings, "audio.echo": "full" }), true);
  assert.equal(listensFor({ ...settings, "audio.echo": "wake" }), false);
});
