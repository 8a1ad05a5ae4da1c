/** The owner's own prices: read, refused with a word about what is wrong, and used. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CATALOGUE_DATE, MODELS } from "../../../src/core/models/catalogue.ts";
import {
  addResponse,
  addTranscription,
  addUnbilled,
  EMPTY_COST,
  priceTableOf,
} from "../../../src/core/money/conversation-cost.ts";
import {
  assumedBillOf,
  assumedTranscriptionCost,
  billOf,
  transcriptionCost,
} from "../../../src/core/money/cost.ts";
import { DEAREST, overridesOf } from "../../../src/core/money/prices.ts";
import { NO_USAGE } from "../../../src/core/realtime/usage.ts";
import { readPrices } from "../../../src/core/settings/price-lines.ts";
import { brokenRules } from "../../../src/core/settings/rules.ts";

const FULL =
  "gpt-realtime: text_in=4 text_cached=0.4 text_out=16 audio_in=32 audio_cached=0.4 audio_out=64 image_in=5 image_cached=0.5";
const SPOKEN = { ...NO_USAGE, inputAudio: 100, outputAudio: 10 };

test("a line names a model and its prices", () => {
  const read = readPrices(FULL);
  assert.ok(typeof read !== "string");
  const own = MODELS.find(({ name }) => name === "gpt-realtime")?.prices;
  assert.deepEqual({ ...read.prices }, own);
});

const WRONG = [
  ["gpt-realtime text_in=4", /a colon and its prices/],
  ["gpt-realtime:", /a colon and its prices/],
  ["gpt-realtime: text_in=four", /"text_in=four" \(gpt-realtime\) must be a part and its price/],
  ["gpt-realtime: text_in=-4", /"text_in=-4"/],
  ["gpt-realtime: text-in=4", /"text-in=4"/],
  ["gpt-realtime: audio_inn=4", /"audio_inn" .*did you mean "audio_in"/],
  ["gpt-realtime: audio_in=99999", /audio_in \(gpt-realtime\) must be US dollars.* at most 10000/],
  ["gpt-realtime: text_in=4 text_in=5", /text_in \(gpt-realtime\) is in the line twice/],
] as const;

for (const [line, message] of WRONG) {
  test(`a wrong line names the wrong part: ${line}`, () => {
    const [broken] = brokenRules({ "budget.prices": ["mine: text_in=1", line] });
    assert.equal(broken?.key, "budget.prices");
    assert.match(broken.message, message);
  });
}

test("every wrong price line is reported at its place", () => {
  const lines = ["mine: nothing", "gpt-realtime: text_in=4", "gpt-realtime: text_in=5", "other"];
  const found = brokenRules({ "budget.prices": lines });
  assert.deepEqual(
    found.map(({ index }) => index),
    [0, 2, 3],
  );
});

test("a model has one line", () => {
  const [broken] = brokenRules({ "budget.prices": [FULL, "gpt-realtime: text_in=5"] });
  assert.match(broken?.message ?? "", /gpt-realtime has two lines/);
});

test("a line lies over the catalogue's row, also of a dated snapshot", () => {
  const overrides = overridesOf(["gpt-realtime: audio_in=10"]);
  // 100 × 10 + 10 × 64.
  assert.equal(billOf(SPOKEN, "gpt-realtime", overrides)?.totalMicroUsd, 1640);
  assert.equal(billOf(SPOKEN, "gpt-realtime-2025-08-28", overrides)?.totalMicroUsd, 1640);
  assert.equal(billOf(SPOKEN, "gpt-realtime-2.1", overrides)?.totalMicroUsd, 3840);
});

test("a model of one's own is priced as far as its line goes, never by invention", () => {
  const overrides = overridesOf(["mine: audio_in=10"]);
  assert.equal(billOf({ ...NO_USAGE, inputAudio: 100 }, "mine", overrides)?.totalMicroUsd, 1000);
  assert.equal(billOf(SPOKEN, "mine", overrides), null);
  // For the budget the rest is as dear as anything.
  assert.equal(assumedBillOf(SPOKEN, "mine", overrides).totalMicroUsd, 1000 + 10 * 80);
});

test("the dearest is not below any row of the catalogue", () => {
  for (const { prices } of MODELS) {
    assert.ok(prices.audioIn <= DEAREST.audioIn && prices.textOut <= DEAREST.textOut);
    assert.ok(prices.audioOut <= DEAREST.audioOut && prices.imageCached <= DEAREST.imageCached);
  }
});

test("transcription has a price of its own, or none; the budget takes it for dear", () => {
  const tokens = { inputText: 0, inputAudio: 13, outputText: 9, seconds: 0 };
  const minutes = { inputText: 0, inputAudio: 0, outputText: 0, seconds: 90 };
  assert.equal(transcriptionCost(tokens, "gpt-4o-mini-transcribe"), null);
  const mine = overridesOf(["w: per_minute=0.006", "t: text_in=1 audio_in=3 text_out=5"]);
  assert.equal(transcriptionCost(minutes, "w", mine), 9000);
  assert.equal(transcriptionCost(tokens, "t", mine), 13 * 3 + 9 * 5);
  assert.equal(transcriptionCost(minutes, "t", mine), null, "no price for a minute");
  // 90 s are 900 tokens of sound, at 40.
  assert.equal(assumedTranscriptionCost(minutes, "", mine), 36_000);
});

test("the cost of a conversation: known, assumed, and unknown once anything is", () => {
  const none = overridesOf([]);
  const known = addResponse(EMPTY_COST, SPOKEN, "gpt-realtime", none);
  assert.deepEqual(
    [known.estimatedMicroUsd, known.knownMicroUsd, known.assumedMicroUsd],
    [3840, 3840, 3840],
  );
  assert.equal(priceTableOf(known), CATALOGUE_DATE);
  const lost = addUnbilled(known, SPOKEN, "gpt-realtime", none);
  assert.deepEqual(
    [lost.estimatedMicroUsd, lost.knownMicroUsd, lost.assumedMicroUsd, lost.unbilled],
    [null, 3840, 7680, 1],
  );
  assert.deepEqual(lost.usage, SPOKEN, "a guess is not usage");
  const more = addResponse(lost, SPOKEN, "gpt-realtime", overridesOf([FULL]));
  assert.deepEqual([more.estimatedMicroUsd, more.knownMicroUsd], [null, 7680]);
  assert.equal(priceTableOf(more), `${CATALOGUE_DATE}+config`);
  const spoken = { inputText: 0, inputAudio: 13, outputText: 9, seconds: 0 };
  const heard = addTranscription(known, spoken, "", none);
  assert.deepEqual(
    [heard.estimatedMicroUsd, heard.knownMicroUsd, heard.transcription?.inputAudio],
    [null, 3840, 13],
  );
  assert.equal(heard.assumedMicroUsd, 3840 + 13 * 40 + 9 * 24);
});
