/** Which ends of models are told, and that hostile answers change nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { shutdownDates } from "../../../src/core/models/dates.ts";
import {
  retirementLevel,
  retirementLine,
  retirements,
} from "../../../src/core/models/retirement.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";
import { avoids } from "../../helpers/traps.ts";

const TODAY = Date.UTC(2026, 10, 22, 12);

test("the chain's models that end within sixty days, or have ended, soonest first", () => {
  const found = retirements(DEFAULTS, {}, TODAY);
  assert.deepEqual(
    found.map(({ model, days }) => [model, days]),
    [
      ["gpt-4o-realtime-preview", -199],
      ["gpt-realtime", 59],
    ],
  );
  const [dead = "", dying = ""] = found.map(retirementLine);
  assert.match(dead, /was shut down on 2026-05-07; gpt-realtime answers instead/);
  const move =
    /2027-01-20, in 59 days; then gpt-realtime-2\.1 answers\. .*gpt-realtime-2\.1: sudo pipit migrate-config --model auto$/;
  assert.match(dying, move);
  // A fresh installation has nothing to do about its own defaults: somebody answers all the time.
  assert.deepEqual(found.map(retirementLevel), [null, "notice"]);
});

test("an end that leaves nobody is a warning, and says so", () => {
  const alone = { ...DEFAULTS, "openai.model_selection": "new" } as const;
  const [dying] = retirements(alone, {}, TODAY);
  assert.ok(dying);
  assert.match(retirementLine(dying), /in 59 days; then nobody answers\. Its successor/);
  assert.equal(retirementLevel(dying), "warning");
});

test("the server's dates win over the catalogue's", () => {
  const dates = { "gpt-realtime": "2028-02-29", "gpt-realtime-1.5": "2026-11-23" };
  const found = retirements({ ...DEFAULTS, "openai.legacy_model": "x" }, dates, TODAY);
  assert.deepEqual(
    found.map(({ model, days }) => [model, days]),
    [["gpt-realtime-1.5", 1]],
  );
  avoids(29);
});

test("days are counted like the calendar's, for every day of five years", () => {
  for (let day = Date.UTC(2024, 0, 1); day < Date.UTC(2029, 0, 1); day += 86_400_000) {
    const date = new Date(day).toISOString().slice(0, 10);
    const [found] = retirements(DEFAULTS, { "gpt-realtime": date }, day - 30 * 86_400_000);
    const ours = [found].find((one) => one?.date === date);
    assert.equal(ours?.days ?? 30, 30, date);
  }
});

test("answers that are no list of models give no dates", () => {
  const hostile = [
    null,
    [],
    "data",
    { data: {} },
    { data: [null, 1, { id: 1 }, { id: "a" }, { id: "b", shutdown_date: "soon" }] },
    { data: [{ id: "c", shutdown_date: "2026-02-30" }] },
    { data: Array.from({ length: 5000 }, () => ({ id: "d", shutdown_date: 7 })) },
  ];
  for (const answer of hostile) assert.deepEqual(shutdownDates(answer), {});
  const good = {
    data: [
      { id: "m", shutdown_date: "2027-01-20" },
      { id: "n", shutdown_date: null },
    ],
  };
  assert.deepEqual(shutdownDates(good), { m: "2027-01-20" });
});
