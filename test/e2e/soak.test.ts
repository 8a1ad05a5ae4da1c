/** The soak: its figures, and a short one for real. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { growth, slope, soakReport } from "../bench/soak-figures.ts";
import { test } from "../helpers/real-time.ts";

const SOAK = fileURLToPath(new URL("../bench/soak.js", import.meta.url));
const uses = (count: number, kbEach: number, files = 26) =>
  Array.from({ length: count }, (_, i) => ({
    // A saw: the collector comes every tenth time.
    rssKb: 70_000 + kbEach * i + 300 * (i % 10),
    files,
  }));

test("a saw of collections is flat, a leak below it is seen", () => {
  assert.equal(growth(uses(200, 0)).grows, false);
  assert.equal(growth(uses(200, 25)).grows, true);
  assert.ok(Math.abs(growth(uses(200, 25)).kbEach - 25) < 4);
  assert.equal(growth(uses(20, 25)).grows, false, "too few to tell");
});

test("a descriptor that is kept each time is seen", () => {
  const leaking = uses(200, 0).map((use, i) => ({ ...use, files: 26 + i }));
  assert.equal(growth(leaking).grows, true);
});

test("a day of conversations is judged in bounded time, by its true slope", () => {
  assert.ok(Math.abs(growth(uses(12_000, 25)).kbEach - 25) < 1);
});

test("the slope of one value, and of none, is 0", () => {
  assert.equal(slope([5]), 0);
  assert.equal(slope([]), 0);
});

test("the report has a chart and a verdict", () => {
  assert.match(soakReport(uses(200, 25)), /200 conversations[\s\S]*[▁-█]{60}\n[\s\S]*GROWS/);
  assert.match(soakReport(uses(200, 0)), /flat/);
});

test("some conversations for real", { timeout: 180_000 }, (t) => {
  const run = spawnSync(process.execPath, [SOAK, "--minutes", "0.2"], {
    encoding: "utf8",
    timeout: 170_000,
  });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^[2-9]\d* conversations/);
  t.diagnostic(run.stdout);
});

test("wrong use is told", () => {
  const { status, stderr } = spawnSync(process.execPath, [SOAK, "--minutes", "none"], {
    encoding: "utf8",
  });
  assert.equal(status, 2);
  assert.match(stderr, /usage: npm run soak/);
});
