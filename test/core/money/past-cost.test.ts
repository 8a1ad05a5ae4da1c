/** What older and newer metrics files are worth to the budget. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pastMicroUsd } from "../../../src/core/money/past-cost.ts";

const TOKENS = { input_text: 0, input_audio: 100, output_text: 0, output_audio: 10 };

const ROWS = [
  [
    "schema 2: what was assumed",
    { assumed_cost: 0.5, estimated_cost: null, known_cost: 0.2 },
    500_000,
  ],
  ["schema 2, all known", { assumed_cost: 0.2, estimated_cost: 0.2, known_cost: 0.2 }, 200_000],
  ["schema 1", { estimated_cost: 0.002352 }, 2352],
  [
    "schema 1, not known: its tokens, at the model's price",
    { estimated_cost: null, model: "gpt-realtime", tokens: TOKENS },
    3840,
  ],
  [
    "schema 1, a stranger's: at the dearest price",
    { estimated_cost: null, model: "mine", tokens: TOKENS },
    4800,
  ],
  ["neither", { estimated_cost: null }, 0],
  [
    "what is known is the least of it",
    { estimated_cost: null, known_cost: 0.3, tokens: TOKENS },
    300_000,
  ],
  ["beyond belief", { assumed_cost: 1e308, model: "gpt-realtime", tokens: TOKENS }, 3840],
  ["all of it beyond belief", { known_cost: 1e308 }, 1_000_000_000],
  ["below nothing", { estimated_cost: -3 }, 0],
  ["no number", { estimated_cost: "1", tokens: "many" }, 0],
] as const;

for (const [name, file, microUsd] of ROWS) {
  test(`a metrics file of the past: ${name}`, () => {
    assert.equal(pastMicroUsd(file), microUsd);
  });
}
