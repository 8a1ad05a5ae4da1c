/** Which model is tried, in which order, and what is remembered about it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fault } from "../../../src/core/fault.ts";
import { modelNamed } from "../../../src/core/models/catalogue.ts";
import {
  answered,
  CHAIN_WAIT_MAX_MS,
  COOL_DOWN_MS,
  chainOf,
  FRESH_CHAIN,
  firstCandidate,
  GONE_MS,
  markUnavailable,
  nextCandidate,
  retryAfter,
} from "../../../src/core/models/fallback.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";

const WHY = fault("rate-limited", "retry", "Too many requests");
const DAY_MS = 24 * 3_600_000;

test("auto: the model, the legacy one, then the successors, each once", () => {
  assert.deepEqual(chainOf(DEFAULTS), [
    "gpt-realtime",
    "gpt-4o-realtime-preview",
    "gpt-realtime-2.1",
    "gpt-realtime-1.5",
  ]);
  const doubled = { ...DEFAULTS, "openai.fallback_models": ["gpt-realtime", "x", "x"] };
  assert.deepEqual(chainOf(doubled), ["gpt-realtime", "gpt-4o-realtime-preview", "x"]);
});

test("the shipped chain ends in models that no date of shutdown is known of", () => {
  for (const name of DEFAULTS["openai.fallback_models"]) {
    assert.equal(modelNamed(name)?.shutdown, null, name);
  }
});

test("a forced choice has one candidate and never falls back", () => {
  const forced = { ...DEFAULTS, "openai.model_selection": "new" } as const;
  assert.deepEqual(chainOf(forced), ["gpt-realtime"]);
  assert.equal(nextCandidate(forced, FRESH_CHAIN, ["gpt-realtime"], 0), null);
  const legacy = { ...DEFAULTS, "openai.model_selection": "legacy" } as const;
  assert.deepEqual(chainOf(legacy), ["gpt-4o-realtime-preview"]);
});

test("a model that is gone is marked unavailable for a day, a failing one for minutes", () => {
  const gone = markUnavailable(FRESH_CHAIN, "gpt-realtime", "404", 1000, GONE_MS);
  assert.equal(GONE_MS, DAY_MS);
  assert.equal(firstCandidate(DEFAULTS, gone, 1001), "gpt-4o-realtime-preview");
  assert.equal(firstCandidate(DEFAULTS, gone, 999 + DAY_MS), "gpt-4o-realtime-preview");
  assert.equal(firstCandidate(DEFAULTS, gone, 1000 + DAY_MS), "gpt-realtime");
  const cool = markUnavailable(FRESH_CHAIN, "gpt-realtime", "503", 0, COOL_DOWN_MS);
  assert.equal(firstCandidate(DEFAULTS, cool, COOL_DOWN_MS - 1), "gpt-4o-realtime-preview");
  assert.equal(firstCandidate(DEFAULTS, cool, COOL_DOWN_MS), "gpt-realtime", "probed again");
});

test("the next candidate is neither tried nor marked unavailable; at the end there is none", () => {
  const chain = markUnavailable(FRESH_CHAIN, "gpt-4o-realtime-preview", "404", 0, GONE_MS);
  assert.equal(nextCandidate(DEFAULTS, chain, ["gpt-realtime"], 1), "gpt-realtime-2.1");
  const tried = ["gpt-realtime", "gpt-realtime-2.1", "gpt-realtime-1.5"];
  assert.equal(nextCandidate(DEFAULTS, chain, tried, 1), null);
});

test("all marked unavailable: a wake asks the first one all the same", () => {
  const none = chainOf(DEFAULTS).reduce(
    (chain, model) => markUnavailable(chain, model, "404", 0, GONE_MS),
    FRESH_CHAIN,
  );
  assert.equal(nextCandidate(DEFAULTS, none, [], 1), null);
  assert.equal(firstCandidate(DEFAULTS, none, 1), "gpt-realtime");
});

test("a model that answers is forgiven; expired entries are dropped", () => {
  const two = markUnavailable(
    markUnavailable(FRESH_CHAIN, "a", "503", 0, 100),
    "b",
    "503",
    50,
    100,
  );
  assert.deepEqual(Object.keys(answered(two, "a").unavailable), ["b"]);
  assert.equal(answered(two, "c"), two);
  assert.deepEqual(Object.keys(markUnavailable(two, "c", "503", 120, 100).unavailable), ["b", "c"]);
});

test('the server\'s "come later" is heeded, but not for ever', () => {
  assert.deepEqual(retryAfter(FRESH_CHAIN, WHY, 10, 5000).retryAfter, { untilMs: 5010, why: WHY });
  const long = retryAfter(FRESH_CHAIN, WHY, 10, DAY_MS).retryAfter;
  assert.equal(long?.untilMs, 10 + CHAIN_WAIT_MAX_MS);
});
