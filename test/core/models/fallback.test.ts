/** Which model is tried, in which order, and what is remembered about it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fault } from "../../../src/core/fault.ts";
import { modelNamed } from "../../../src/core/models/catalogue.ts";
import {
  answered,
  COOL_DOWN_MS,
  FRESH_LADDER,
  firstRung,
  GONE_MS,
  HOLD_OFF_MAX_MS,
  holdOff,
  nextRung,
  passOver,
  rungs,
} from "../../../src/core/models/fallback.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";

const WHY = fault("rate-limited", "retry", "Too many requests");
const DAY_MS = 24 * 3_600_000;

test("auto: the model, the legacy one, then the successors, each once", () => {
  assert.deepEqual(rungs(DEFAULTS), [
    "gpt-realtime",
    "gpt-4o-realtime-preview",
    "gpt-realtime-2.1",
    "gpt-realtime-1.5",
  ]);
  const doubled = { ...DEFAULTS, "openai.fallback_models": ["gpt-realtime", "x", "x"] };
  assert.deepEqual(rungs(doubled), ["gpt-realtime", "gpt-4o-realtime-preview", "x"]);
});

test("the shipped ladder ends in models that no date of shutdown is known of", () => {
  for (const name of DEFAULTS["openai.fallback_models"]) {
    assert.equal(modelNamed(name)?.shutdown, null, name);
  }
});

test("a forced choice has one rung and never falls back", () => {
  const forced = { ...DEFAULTS, "openai.model_selection": "new" } as const;
  assert.deepEqual(rungs(forced), ["gpt-realtime"]);
  assert.equal(nextRung(forced, FRESH_LADDER, ["gpt-realtime"], 0), null);
  const legacy = { ...DEFAULTS, "openai.model_selection": "legacy" } as const;
  assert.deepEqual(rungs(legacy), ["gpt-4o-realtime-preview"]);
});

test("a model that is gone is passed over for a day, a failing one for minutes", () => {
  const gone = passOver(FRESH_LADDER, "gpt-realtime", "404", 1000, GONE_MS);
  assert.equal(GONE_MS, DAY_MS);
  assert.equal(firstRung(DEFAULTS, gone, 1001), "gpt-4o-realtime-preview");
  assert.equal(firstRung(DEFAULTS, gone, 999 + DAY_MS), "gpt-4o-realtime-preview");
  assert.equal(firstRung(DEFAULTS, gone, 1000 + DAY_MS), "gpt-realtime");
  const cool = passOver(FRESH_LADDER, "gpt-realtime", "503", 0, COOL_DOWN_MS);
  assert.equal(firstRung(DEFAULTS, cool, COOL_DOWN_MS - 1), "gpt-4o-realtime-preview");
  assert.equal(firstRung(DEFAULTS, cool, COOL_DOWN_MS), "gpt-realtime", "probed again");
});

test("the next rung is neither tried nor passed over; at the end there is none", () => {
  const ladder = passOver(FRESH_LADDER, "gpt-4o-realtime-preview", "404", 0, GONE_MS);
  assert.equal(nextRung(DEFAULTS, ladder, ["gpt-realtime"], 1), "gpt-realtime-2.1");
  const tried = ["gpt-realtime", "gpt-realtime-2.1", "gpt-realtime-1.5"];
  assert.equal(nextRung(DEFAULTS, ladder, tried, 1), null);
});

test("all passed over: a wake asks the first one all the same", () => {
  const none = rungs(DEFAULTS).reduce(
    (ladder, model) => passOver(ladder, model, "404", 0, GONE_MS),
    FRESH_LADDER,
  );
  assert.equal(nextRung(DEFAULTS, none, [], 1), null);
  assert.equal(firstRung(DEFAULTS, none, 1), "gpt-realtime");
});

test("a model that answers is forgiven; expired entries are dropped", () => {
  const two = passOver(passOver(FRESH_LADDER, "a", "503", 0, 100), "b", "503", 50, 100);
  assert.deepEqual(Object.keys(answered(two, "a").passedOver), ["b"]);
  assert.equal(answered(two, "c"), two);
  assert.deepEqual(Object.keys(passOver(two, "c", "503", 120, 100).passedOver), ["b", "c"]);
});

test('the server\'s "come later" is heeded, but not for ever', () => {
  assert.deepEqual(holdOff(FRESH_LADDER, WHY, 10, 5000).holdOff, { untilMs: 5010, why: WHY });
  const long = holdOff(FRESH_LADDER, WHY, 10, DAY_MS).holdOff;
  assert.equal(long?.untilMs, 10 + HOLD_OFF_MAX_MS);
});
