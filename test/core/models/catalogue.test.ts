/** The catalogue is consistent in itself, and says what was published. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CATALOGUE_DATE,
  hasVoice,
  MODELS,
  modelNamed,
} from "../../../src/core/models/catalogue.ts";
import { ALL_VOICES } from "../../../src/core/voices.ts";

const DATE = /^20\d\d-[01]\d-[0-3]\d$/;

test("every row is complete, and its dates are in order", () => {
  assert.match(CATALOGUE_DATE, DATE);
  assert.equal(new Set(MODELS.map(({ name }) => name)).size, MODELS.length);
  for (const { name, released, shutdown, successor, prices, voices, ...model } of MODELS) {
    assert.match(released, DATE, name);
    assert.ok(released <= CATALOGUE_DATE, name);
    if (shutdown !== null) assert.match(shutdown, DATE, name);
    if (shutdown !== null) assert.ok(shutdown > released, name);
    if (successor !== null) assert.ok(modelNamed(successor), `${name}: ${successor}`);
    assert.ok(shutdown === null || successor !== null, `${name} ends without a successor`);
    assert.ok(
      Object.values(prices).every((price) => price >= 0),
      name,
    );
    assert.ok(prices.audioCached < prices.audioIn && prices.textCached < prices.textIn, name);
    assert.ok(voices.length === 10 || voices.length === 8, name);
    assert.ok(model.maxOutputTokens < model.contextTokens, name);
  }
});

test("following the successors of any model leads to one that lives", () => {
  for (const model of MODELS) {
    let next = model;
    for (let hops = 0; next.successor !== null; hops++) {
      assert.ok(hops < MODELS.length, `${model.name} goes in circles`);
      const found = modelNamed(next.successor);
      assert.ok(found, next.successor);
      next = found;
    }
    assert.equal(next.shutdown, null, `${model.name} ends at ${next.name}`);
  }
});

/**
 * As published, dollars for a million tokens: text in, cached, out; audio in, cached, out; image in,
 * cached (0: the model takes none).
 */
const PRICES: Readonly<Record<string, readonly number[]>> = {
  "gpt-realtime-2.1": [4, 0.4, 24, 32, 0.4, 64, 5, 0.5],
  "gpt-realtime-2": [4, 0.4, 24, 32, 0.4, 64, 5, 0.5],
  "gpt-realtime-2.1-mini": [0.6, 0.06, 2.4, 10, 0.3, 20, 0.8, 0.08],
  "gpt-realtime-1.5": [4, 0.4, 16, 32, 0.4, 64, 5, 0.5],
  "gpt-realtime": [4, 0.4, 16, 32, 0.4, 64, 5, 0.5],
  "gpt-realtime-mini": [0.6, 0.06, 2.4, 10, 0.3, 20, 0.8, 0.08],
  "gpt-4o-realtime-preview": [5, 2.5, 20, 40, 2.5, 80, 0, 0],
  "gpt-4o-mini-realtime-preview": [0.6, 0.3, 2.4, 10, 0.3, 20, 0, 0],
};

test("every price is as published", () => {
  for (const { name, prices: p } of MODELS) {
    const all = [p.textIn, p.textCached, p.textOut, p.audioIn, p.audioCached, p.audioOut];
    assert.deepEqual([...all, p.imageIn, p.imageCached], PRICES[name], name);
  }
});

/** As published (facts/realtime-api.md, sections 1 and 2): name, audio in, text out, shutdown. */
const PUBLISHED = [
  ["gpt-realtime-2.1", 32, 24, null],
  ["gpt-realtime-2.1-mini", 10, 2.4, null],
  ["gpt-realtime-2", 32, 24, null],
  ["gpt-realtime-1.5", 32, 16, null],
  ["gpt-realtime", 32, 16, "2027-01-20"],
  ["gpt-realtime-mini", 10, 2.4, "2027-01-20"],
  ["gpt-4o-realtime-preview", 40, 20, "2026-05-07"],
  ["gpt-4o-mini-realtime-preview", 10, 2.4, "2026-05-07"],
] as const;

test("prices and ends are as published", () => {
  assert.equal(PUBLISHED.length, MODELS.length);
  for (const [name, audioIn, textOut, shutdown] of PUBLISHED) {
    const model = modelNamed(name);
    assert.ok(model, name);
    const { prices } = model;
    assert.deepEqual(
      [prices.audioIn, prices.textOut, model.shutdown],
      [audioIn, textOut, shutdown],
    );
  }
});

test("a dated snapshot is its family; a stranger is nobody", () => {
  assert.equal(modelNamed("gpt-realtime-2025-08-28")?.name, "gpt-realtime");
  assert.equal(modelNamed("gpt-4o-realtime-preview-2024-12-17")?.name, "gpt-4o-realtime-preview");
  assert.equal(modelNamed("gpt-realtime-9"), null);
  assert.equal(modelNamed(""), null);
});

test("reasoning is a matter of the second generation, images of the GA models", () => {
  for (const { name, reasoning, images, voices } of MODELS) {
    assert.equal(reasoning, name.startsWith("gpt-realtime-2"), name);
    assert.equal(images, !name.includes("preview"), name);
    assert.equal(voices.length, name.includes("preview") ? 8 : ALL_VOICES.length, name);
    assert.equal(hasVoice(name, "cedar"), !name.includes("preview"), name);
    assert.ok(!hasVoice(name, "onyx"), "a voice of another API");
  }
});
