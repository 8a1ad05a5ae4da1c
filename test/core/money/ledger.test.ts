import assert from "node:assert/strict";
import { test } from "node:test";
import { ENTRIES_MAX, Ledger, sum } from "../../../src/core/money/ledger.ts";

const DAY_MS = 86_400_000;
const NOON = 20_000 * DAY_MS + DAY_MS / 2;
const MIDNIGHT = NOON - DAY_MS / 2;

test("today is what earlier runs and this one have spent since midnight", () => {
  const ledger = new Ledger();
  ledger.remember([
    { endedWallMs: MIDNIGHT - 1, microUsd: 1 },
    { endedWallMs: MIDNIGHT, microUsd: 20 },
    // Written by a clock that was wrong.
    { endedWallMs: MIDNIGHT + DAY_MS, microUsd: 4_000 },
  ]);
  ledger.book({ conversations: 0, microUsd: 300 }, 5_000);
  ledger.book({ conversations: 1, microUsd: 0 }, 6_000);
  const now = { nowMs: 10_000, wallMs: NOON };
  const before = ledger.past(MIDNIGHT, MIDNIGHT + DAY_MS);
  assert.deepEqual(before, { conversations: 1, microUsd: 20 });
  assert.deepEqual(ledger.present(MIDNIGHT, now), { conversations: 1, microUsd: 300 });
  assert.deepEqual(sum([before, ledger.present(MIDNIGHT, now)]), {
    conversations: 2,
    microUsd: 320,
  });
});

test("the day ends at midnight, for what was spent in this run, too", () => {
  const ledger = new Ledger();
  ledger.book({ conversations: 1, microUsd: 7 }, 1_000);
  const tomorrow = { nowMs: 1_000 + DAY_MS, wallMs: NOON + DAY_MS };
  assert.deepEqual(ledger.present(MIDNIGHT + DAY_MS, tomorrow), { conversations: 0, microUsd: 0 });
  assert.deepEqual(ledger.present(MIDNIGHT, tomorrow), { conversations: 1, microUsd: 7 });
});

test("the wall clock may jump by years: what was spent a minute ago was spent today", () => {
  const ledger = new Ledger();
  ledger.book({ conversations: 1, microUsd: 9 }, 60_000);
  for (const wallMs of [0, NOON, NOON + 400 * DAY_MS, NOON]) {
    const dayStart = Math.floor(wallMs / DAY_MS) * DAY_MS;
    const now = { nowMs: 60_000, wallMs };
    assert.deepEqual(ledger.present(dayStart, now), { conversations: 1, microUsd: 9 });
  }
});

test("the ledger is bounded, and no money is lost by it", () => {
  const ledger = new Ledger();
  for (let i = 0; i < ENTRIES_MAX + 500; i++) ledger.book({ conversations: 1, microUsd: 2 }, i);
  const all = ledger.present(0, { nowMs: 10_000, wallMs: NOON });
  assert.deepEqual(all, { conversations: ENTRIES_MAX + 500, microUsd: 2 * (ENTRIES_MAX + 500) });
});
