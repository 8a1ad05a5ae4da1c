import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ENTRIES_MAX,
  ENTRY_AGE_MAX_MS,
  Ledger,
  sum,
  type Totals,
} from "../../../src/core/money/ledger.ts";
import { SimDice } from "../../../src/sim/dice.ts";

const DAY_MS = 86_400_000;
const NOON = 20_000 * DAY_MS + DAY_MS / 2;
const MIDNIGHT = NOON - DAY_MS / 2;

test("today is what earlier runs and this one have spent since midnight", () => {
  const ledger = new Ledger();
  ledger.remember([
    { endedWallMs: MIDNIGHT - 1, microUsd: 1 },
    { endedWallMs: MIDNIGHT, microUsd: 19 },
    // Costs something, and is no conversation.
    { endedWallMs: MIDNIGHT, microUsd: 1, isAnnouncement: true },
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

test("a year of fifty conversations a day leaves two days in the ledger, and the right sum", () => {
  const ledger = new Ledger();
  const everyMs = DAY_MS / 50;
  let nowMs = 0;
  for (let n = 0; n < 365 * 50; n++) {
    nowMs = n * everyMs;
    ledger.book({ conversations: 0, microUsd: 3 }, nowMs);
    ledger.book({ conversations: 1, microUsd: 0 }, nowMs + 1);
    const ofToday = (n % 50) + 1;
    const dayStart = Math.floor(nowMs / DAY_MS) * DAY_MS;
    const today = ledger.present(dayStart, { nowMs: nowMs + 1, wallMs: nowMs + 1 });
    assert.deepEqual(today, { conversations: ofToday, microUsd: 3 * ofToday });
  }
  assert.ok(ledger.kept <= (2 * ENTRY_AGE_MAX_MS) / everyMs + 2, `${ledger.kept} entries`);
});

/** The ledger as it would be without any running total. */
class Slow {
  readonly #all: (Totals & { readonly atNowMs: number })[] = [];
  book(totals: Totals, atNowMs: number): void {
    this.#all.push({ ...totals, atNowMs });
  }
  since(sinceNowMs: number): Totals {
    return sum(this.#all.filter(({ atNowMs }) => atNowMs >= sinceNowMs));
  }
}

test("the running total is that of all bookings, wherever the wall clock jumps", () => {
  const dice = new SimDice(7);
  const [ledger, slow] = [new Ledger(), new Slow()];
  let [nowMs, wallMs] = [0, NOON];
  for (let n = 0; n < 3_000; n++) {
    const passedMs = dice.unit() * 3_600_000 * (dice.unit() < 0.01 ? 60 : 1);
    nowMs += passedMs;
    wallMs +=
      passedMs + (dice.unit() < 0.05 ? (dice.unit() - 0.5) * 3 * DAY_MS : dice.unit() - 0.5);
    const totals = { conversations: n % 2, microUsd: Math.floor(dice.unit() * 1000) };
    if (dice.unit() < 0.7) {
      ledger.book(totals, nowMs);
      slow.book(totals, nowMs);
    }
    const dayStart = Math.floor(wallMs / DAY_MS) * DAY_MS;
    const found = ledger.present(dayStart, { nowMs, wallMs });
    assert.deepEqual(found, slow.since(nowMs - (wallMs - dayStart)), `step ${n}`);
  }
});
