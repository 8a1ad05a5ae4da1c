/** `pipit cost`: the guide's table, at its own prices. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { savings } from "../../../src/commands/cost/savings.ts";
import { MODELS, modelNamed } from "../../../src/core/models/catalogue.ts";
import { runPipit } from "../../helpers/pipit.ts";

interface Spend {
  readonly month_usd: number;
  readonly year_usd: number;
}

interface Row {
  readonly tokens: string;
  readonly before: Spend;
  readonly after: Spend;
  readonly saved: Spend;
  readonly saved_share: number;
}

test("100,000 tokens a day of the guide: 120 dollars a month, where it says 12", async () => {
  const { code, stdout } = await runPipit(["cost", "--tokens-per-day", "100000", "--json"]);
  assert.equal(code, 0);
  const table = JSON.parse(stdout);
  assert.deepEqual(
    [table.before, table.after, table.tokens_per_day],
    ["gpt-4o-realtime-preview", "gpt-realtime", 100_000],
  );
  const month = table.rows.map((row: Row) => [
    row.tokens,
    row.before.month_usd,
    row.after.month_usd,
    row.saved.year_usd,
    row.saved_share,
  ]);
  // 100,000 × 30 × 40 / 1,000,000 and so on; a year has 365 days.
  assert.deepEqual(month, [
    ["audio in", 120, 96, 292, 0.2],
    ["audio out", 240, 192, 584, 0.2],
    ["audio, half and half", 180, 144, 438, 0.2],
    ["text in", 15, 12, 36.5, 0.2],
    ["text out", 60, 48, 146, 0.2],
    ["text, half and half", 37.5, 30, 91.25, 0.2],
  ]);
});

test("for people: a table in which every line is as long as the one above it", async () => {
  const { code, stdout } = await runPipit([
    ...["cost", "--tokens-per-day", "100000"],
    ...["--against", "gpt-realtime", "--model", "gpt-realtime-2.1"],
  ]);
  assert.equal(code, 0);
  const [title, , names, heads, ...rows] = stdout.trimEnd().split("\n");
  assert.match(title ?? "", /^100,000 tokens a day, US dollars, prices of 20\d\d-\d\d-\d\d/);
  assert.match(names ?? "", /gpt-realtime +gpt-realtime-2\.1 +saved/);
  assert.equal(rows.length, 6);
  for (const row of rows) assert.equal(row.length, heads?.length, row);
  // A dearer model saves less than nothing.
  assert.match(stdout, /text out .* -24\.00 .* -50 %/);
});

test("what is not a number, and a model without a price, are refused in one line", async () => {
  for (const [args, message] of [
    [[], /--tokens-per-day N is missing/],
    [["--tokens-per-day", "1e5"], /must be a whole number from 1 to 1000000000, found "1e5"/],
    [["--tokens-per-day", "0"], /from 1 to/],
    [["--tokens-per-day", "5", "--model", "gpt-realtim"], /did you mean "gpt-realtime"\?/],
  ] as const) {
    const { code, stderr, stdout } = await runPipit(["cost", ...args]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, message);
  }
});

test("saved is before less after, in every row of every pair", () => {
  for (const before of MODELS) {
    for (const after of MODELS) {
      for (const row of savings(123_457, before, after)) {
        const { saved, before: was, after: is } = row;
        assert.equal(saved.monthMicroUsd, was.monthMicroUsd - is.monthMicroUsd);
        assert.ok(Number.isInteger(was.dayMicroUsd) && Number.isInteger(is.yearMicroUsd));
      }
    }
  }
  assert.equal(modelNamed("gpt-realtime")?.prices.audioIn, 32);
});
