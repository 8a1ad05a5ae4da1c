/** Whether the microphone is open during an answer, for each setting and each finding. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { duplexFor, listensFor } from "../../../src/core/echo/duplex.ts";
import type { LearnedEcho } from "../../../src/core/echo/learned.ts";
import { DEFAULTS, type Settings } from "../../../src/core/settings/table.ts";

const GOOD: LearnedEcho = {
  devices: "m | s",
  answers: 3,
  delayMs: 60,
  echoDbfs: -26,
  returnLossDb: 8,
  cancelledDb: 24,
};
const BAD: LearnedEcho = { ...GOOD, echoDbfs: -12, cancelledDb: 14 };

for (const [echo, wanted, learned, duplex, listens] of [
  ["off", "half", null, "half", false],
  ["off", "full", BAD, "full", false],
  ["wake", "half", GOOD, "half", false],
  ["wake", "full", BAD, "full", false],
  ["full", "half", null, "full", true],
  ["full", "full", BAD, "full", true],
  ["auto", "half", GOOD, "half", false],
  ["auto", "full", null, "half", false],
  ["auto", "full", GOOD, "full", true],
  ["auto", "full", BAD, "half", false],
] as const) {
  const found = learned === null ? "nothing known" : learned === GOOD ? "good" : "bad";
  test(`audio.echo ${echo}, audio.duplex ${wanted}, ${found}: ${duplex}`, () => {
    const settings: Settings = { ...DEFAULTS, "audio.echo": echo, "audio.duplex": wanted };
    assert.equal(duplexFor(settings, learned), duplex);
    assert.equal(listensFor(settings, learned), listens);
  });
}

test("a recording as a device has no echo: auto sends what it gives, sample by sample", () => {
  const settings: Settings = {
    ...DEFAULTS,
    "audio.duplex": "full",
    "audio.output_device": "file:/tmp/heard.wav",
  };
  assert.equal(duplexFor(settings, BAD), "full");
  assert.equal(listensFor(settings, null), false);
});
