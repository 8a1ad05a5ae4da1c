/**
 * Every shape of usage that the schemas allow, the published samples show, or servers have been seen
 * to send: the event as JSON, the tokens that are read from it, and the micro-dollars of each part.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assumedBillOf,
  billOf,
  NO_PARTS,
  type Parts,
  sumOf,
} from "../../../src/core/money/cost.ts";
import { NO_OVERRIDES } from "../../../src/core/money/prices.ts";
import { decode } from "../../../src/core/realtime/server-events.ts";
import { addUsage, NO_USAGE, TOKENS_MAX, type Usage } from "../../../src/core/realtime/usage.ts";

interface Row {
  readonly name: string;
  readonly model?: string;
  readonly status?: string;
  /** As in the event; left out: the event has none. */
  readonly usage?: unknown;
  /** Null: no bill. What is not named is 0. */
  readonly tokens: Partial<Usage> | null;
  readonly parts?: Partial<Parts>;
}

/** gpt-realtime, dollars a million: text 4 / 0.40 / 16, audio 32 / 0.40 / 64, image 5 / 0.50. */
const ROWS: readonly Row[] = [
  {
    name: "the published GA sample: cached details, text and audio both ways",
    usage: {
      total_tokens: 253,
      input_tokens: 132,
      output_tokens: 121,
      input_token_details: {
        text_tokens: 119,
        audio_tokens: 13,
        image_tokens: 0,
        cached_tokens: 64,
        cached_tokens_details: { text_tokens: 64, audio_tokens: 0, image_tokens: 0 },
      },
      output_token_details: { text_tokens: 30, audio_tokens: 91 },
    },
    tokens: { inputText: 119, inputAudio: 13, cachedText: 64, outputText: 30, outputAudio: 91 },
    parts: { inputText: 220, cachedText: 26, inputAudio: 416, outputText: 480, outputAudio: 5824 },
  },
  {
    name: "the published beta sample: more cached than there was (clamped), no image tokens",
    model: "gpt-4o-realtime-preview",
    usage: {
      total_tokens: 275,
      input_tokens: 127,
      output_tokens: 148,
      input_token_details: {
        cached_tokens: 384,
        text_tokens: 119,
        audio_tokens: 8,
        cached_tokens_details: { text_tokens: 128, audio_tokens: 256 },
      },
      output_token_details: { text_tokens: 36, audio_tokens: 112 },
    },
    tokens: {
      inputText: 119,
      inputAudio: 8,
      cachedText: 119,
      cachedAudio: 8,
      outputText: 36,
      outputAudio: 112,
    },
    parts: { cachedText: 298, cachedAudio: 20, outputText: 720, outputAudio: 8960 },
  },
  {
    name: "beta without cached details: text first, for that is what a prompt begins with",
    model: "gpt-4o-realtime-preview",
    usage: {
      input_tokens: 200,
      output_tokens: 10,
      input_token_details: { cached_tokens: 128, text_tokens: 100, audio_tokens: 100 },
      output_token_details: { text_tokens: 10, audio_tokens: 0 },
    },
    tokens: {
      inputText: 100,
      inputAudio: 100,
      cachedText: 100,
      cachedAudio: 28,
      outputText: 10,
    },
    parts: { cachedText: 250, inputAudio: 2880, cachedAudio: 70, outputText: 200 },
  },
  {
    name: "cached without details, images too",
    usage: {
      input_tokens: 60,
      input_token_details: {
        text_tokens: 10,
        image_tokens: 20,
        audio_tokens: 30,
        cached_tokens: 35,
      },
    },
    tokens: {
      inputText: 10,
      inputImage: 20,
      inputAudio: 30,
      cachedText: 10,
      cachedImage: 20,
      cachedAudio: 5,
    },
    parts: { cachedText: 4, cachedImage: 10, inputAudio: 800, cachedAudio: 2 },
  },
  {
    name: "images, fresh and cached",
    usage: {
      input_tokens: 1530,
      input_token_details: {
        text_tokens: 0,
        audio_tokens: 0,
        image_tokens: 1530,
        cached_tokens: 765,
        cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 765 },
      },
      output_token_details: { text_tokens: 0, audio_tokens: 0 },
    },
    tokens: { inputImage: 1530, cachedImage: 765 },
    parts: { inputImage: 3825, cachedImage: 383 },
  },
  {
    name: "cached audio costs an eightieth, and is not billed as fresh, too",
    usage: {
      input_tokens: 60_000,
      input_token_details: {
        text_tokens: 0,
        audio_tokens: 60_000,
        image_tokens: 0,
        cached_tokens: 60_000,
        cached_tokens_details: { text_tokens: 0, audio_tokens: 60_000, image_tokens: 0 },
      },
    },
    tokens: { inputAudio: 60_000, cachedAudio: 60_000 },
    parts: { cachedAudio: 24_000 },
  },
  {
    name: "reasoning is a part of the text out",
    model: "gpt-realtime-2.1",
    usage: {
      output_tokens: 350,
      output_token_details: { text_tokens: 300, audio_tokens: 50, reasoning_tokens: 250 },
    },
    tokens: { outputText: 300, outputAudio: 50, reasoning: 250 },
    parts: { outputText: 7200, outputAudio: 3200 },
  },
  {
    name: "more reasoning than text out is no more than that",
    model: "gpt-realtime-2.1-mini",
    usage: { output_token_details: { text_tokens: 10, audio_tokens: 0, reasoning_tokens: 90 } },
    tokens: { outputText: 10, reasoning: 10 },
    parts: { outputText: 24 },
  },
  {
    name: "the totals alone: taken for sound, the dearest",
    usage: { total_tokens: 30, input_tokens: 20, output_tokens: 10 },
    tokens: { inputAudio: 20, outputAudio: 10 },
    parts: { inputAudio: 640, outputAudio: 640 },
  },
  {
    name: "a kind that the details lack has what the total says beyond them",
    usage: {
      input_tokens: 50,
      output_tokens: 40,
      input_token_details: { audio_tokens: 20, image_tokens: 0 },
      output_token_details: { text_tokens: 15 },
    },
    tokens: { inputText: 30, inputAudio: 20, outputText: 15, outputAudio: 25 },
    parts: { inputText: 120, inputAudio: 640, outputText: 240, outputAudio: 1600 },
  },
  {
    name: "details that add up to less than the total are believed, not the total",
    usage: {
      input_tokens: 999,
      input_token_details: { text_tokens: 1, audio_tokens: 2, image_tokens: 0 },
      output_tokens: 999,
      output_token_details: { text_tokens: 3, audio_tokens: 4 },
    },
    tokens: { inputText: 1, inputAudio: 2, outputText: 3, outputAudio: 4 },
    parts: { inputText: 4, inputAudio: 64, outputText: 48, outputAudio: 256 },
  },
  {
    name: "null in places",
    usage: {
      input_tokens: 7,
      output_tokens: null,
      input_token_details: { text_tokens: 7, audio_tokens: null, cached_tokens_details: null },
      output_token_details: null,
    },
    tokens: { inputText: 7 },
    parts: { inputText: 28 },
  },
  { name: "empty", usage: {}, tokens: null },
  { name: "without a count that is known here", usage: { total_tokens: 500 }, tokens: null },
  { name: "null while it is made", status: "in_progress", usage: null, tokens: null },
  { name: "none at all", tokens: null },
  { name: "a text", usage: "none", tokens: null },
  {
    name: "a failure: all zero",
    status: "failed",
    usage: {
      total_tokens: 0,
      input_tokens: 0,
      output_tokens: 0,
      input_token_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0, cached_tokens: 0 },
      output_token_details: { text_tokens: 0, audio_tokens: 0 },
    },
    tokens: {},
  },
  ...["cancelled", "incomplete", "failed"].map((status) => ({
    name: `${status}, and billed all the same`,
    status,
    usage: {
      input_token_details: { text_tokens: 100, audio_tokens: 0, image_tokens: 0 },
      output_token_details: { text_tokens: 0, audio_tokens: 10 },
    },
    tokens: { inputText: 100, outputAudio: 10 },
    parts: { inputText: 400, outputAudio: 640 },
  })),
  ...[-1, 1.5, TOKENS_MAX + 1, "12", true, {}].map((absurd) => ({
    name: `a count of ${JSON.stringify(absurd)}: the bill is not believed`,
    usage: {
      input_tokens: 100,
      input_token_details: { text_tokens: 100, audio_tokens: 0, cached_tokens: 0 },
      output_token_details: { text_tokens: absurd, audio_tokens: 1 },
    },
    tokens: null,
  })),
];

for (const { name, model = "gpt-realtime", status = "completed", usage, tokens, parts } of ROWS) {
  test(`usage: ${name}`, () => {
    const response = { id: "resp_1", status, ...(usage === undefined ? {} : { usage }) };
    const event = decode(JSON.stringify({ type: "response.done", response }));
    assert.ok(event.tag === "response-done");
    if (tokens === null) {
      assert.equal(event.usage, null);
      return;
    }
    assert.deepEqual(event.usage, { ...NO_USAGE, ...tokens });
    const bill = billOf(event.usage, model);
    assert.ok(bill);
    assert.deepEqual(bill.parts, { ...NO_PARTS, ...parts });
    assert.equal(bill.totalMicroUsd, sumOf(bill.parts));
  });
}

test("a model that nobody knows has no price, and counts as the dearest for a budget", () => {
  const usage = { ...NO_USAGE, inputAudio: 100, cachedAudio: 50, outputText: 10, outputAudio: 10 };
  assert.equal(billOf(usage, "gpt-realtime-9"), null);
  // 50 × 40 + 50 × 2.5 + 10 × 24 + 10 × 80.
  assert.equal(assumedBillOf(usage, "gpt-realtime-9", NO_OVERRIDES).totalMicroUsd, 3165);
});

test("each part is rounded once, so that a sum of bills is the sum of their totals", () => {
  const usage = { ...NO_USAGE, inputText: 1, cachedText: 1, inputAudio: 1, cachedAudio: 1 };
  const bill = billOf(usage, "gpt-realtime-2.1-mini");
  assert.deepEqual(bill, { parts: NO_PARTS, totalMicroUsd: 0 });
  const twice = billOf(addUsage({ ...usage, inputText: 3 }, usage), "gpt-realtime-2.1-mini");
  assert.deepEqual(twice?.parts, { ...NO_PARTS, inputText: 1, cachedAudio: 1 });
});
