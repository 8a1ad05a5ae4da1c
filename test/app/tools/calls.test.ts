/** The model's calls as stories: answered in time, late ones told later, some only after a yes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Calls, HELD_MAX_MS, NEWS_MAX } from "../../../src/app/tools/calls.ts";
import { Executor } from "../../../src/app/tools/executor.ts";
import { type FunctionRow, Registry, USUAL } from "../../../src/core/functions/registry.ts";
import type { ToolResult } from "../../../src/core/functions/result.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { SimJournal } from "../../../src/sim/parts.ts";
import { settled } from "../../helpers/world.ts";

class Table {
  readonly clock = new SimClock();
  readonly reported: string[] = [];
  readonly calls: Calls;
  /** Calls that were reported as begun, and then their ends. */
  readonly begun = new Set<string>();
  readonly ends: string[] = [];
  readonly asked: string[] = [];
  isAsync: boolean = true;
  waits = 0;
  news = 0;
  /** How long the function takes, and what it comes to. */
  work: { readonly ms: number; readonly result: ToolResult } = {
    ms: 0,
    result: { ok: true, data: 7 },
  };

  constructor(changes: Partial<FunctionRow> = {}) {
    const { clock } = this;
    const own = {
      name: "f",
      description: "",
      parameters: { type: "object" },
      where: "http",
    } as const;
    const registry = new Registry([{ ...USUAL, timeLimitMs: 60_000, ...own, ...changes }]);
    const journal = new SimJournal();
    const executor = new Executor({
      clock,
      journal,
      registry: () => registry,
      checkOf: async () => () => [],
      handler: () => (_args, signal) => {
        const { ms, result } = this.work;
        return new Promise((resolve) => {
          signal.addEventListener(
            "abort",
            clock.after(ms, () => resolve(result)),
          );
        });
      },
    });
    this.calls = new Calls({
      clock,
      executor,
      registry: () => registry,
      mustConfirm: () => false,
      done: ({ callId, ok, output, isBegun }) => {
        if (isBegun || !this.begun.delete(callId)) this.reported.push(`${callId} ${ok} ${output}`);
        else this.ends.push(`${callId} ${ok}`);
        if (isBegun) this.begun.add(callId);
      },
      ask: (callId) => this.asked.push(callId),
      isAsync: () => this.isAsync,
      patienceMs: () => 2_000,
      waits: () => {
        this.waits += 1;
      },
      news: () => {
        this.news += 1;
      },
    });
  }

  run(callId: string, isApproved = false): void {
    this.calls.run({ callId, name: "f", argumentsText: "{}", isApproved });
  }
}

test('patience: a fast call is silent; a slow one says "one moment" after two seconds', async () => {
  const table = new Table();
  table.run("c1");
  await table.clock.advanceAsync(1_000);
  assert.deepEqual([table.reported, table.waits], [["c1 true 7"], 0]);
  table.work = { ms: 4_000, result: { ok: false, error: "no" } };
  table.run("c2");
  await table.clock.advanceAsync(2_100);
  assert.equal(table.waits, 1);
  await table.clock.advanceAsync(2_000);
  assert.deepEqual(table.reported.slice(1), ['c2 false {"error":"no"}']);
  assert.equal(table.clock.pending(), 0);
});

test("long call: reported as begun within seven seconds, the result follows", async () => {
  const table = new Table();
  table.work = { ms: 20_000, result: { ok: true, data: "done" } };
  table.run("c1");
  await table.clock.advanceAsync(HELD_MAX_MS);
  assert.match(table.reported[0] ?? "", /^c1 true \{"state":"begun"/);
  table.calls.abort("c1");
  await table.clock.advanceAsync(20_000);
  assert.equal(table.reported.length, 1);
  assert.equal(table.news, 1);
  assert.deepEqual(table.ends, ["c1 true"], "its end is known, too");
  const [news] = table.calls.takeNews();
  assert.match(news?.text ?? "", /^The function f has finished\. .*"done"$/);
  assert.deepEqual(table.calls.takeNews(), []);
});

test("long call: reported as begun at once; cancelled, it brings no result", async () => {
  const long = new Table({ long: true });
  long.work = { ms: 1_000, result: { ok: true, data: 1 } };
  long.run("c1");
  assert.match(long.reported[0] ?? "", /begun/);
  await long.clock.advanceAsync(1_100);
  assert.equal(long.news, 1);
  const given = new Table();
  given.work = { ms: 5_000, result: { ok: true, data: 1 } };
  given.run("c1");
  await settled();
  given.calls.abort("c1");
  await given.clock.advanceAsync(9_000);
  assert.deepEqual([given.reported, given.news], [[], 0]);
});

test("confirmation: the call runs only when it is approved", async () => {
  const table = new Table({ confirm: true });
  table.run("c1");
  await table.clock.advanceAsync(1);
  assert.deepEqual([table.asked, table.reported], [["c1"], []]);
  table.run("c1", true);
  await table.clock.advanceAsync(1);
  assert.deepEqual([table.asked, table.reported], [["c1"], ["c1 true 7"]]);
});

test("the queue of late results is bounded, and counts its drops", async () => {
  const table = new Table({ long: true });
  for (let n = 0; n < NEWS_MAX + 3; n++) table.run(`c${n}`);
  await table.clock.advanceAsync(10);
  assert.equal(table.calls.waiting.length, NEWS_MAX);
  assert.equal(table.calls.lost, 3);
});

test("without async functions: what takes too long is ended, and told as a failure", async () => {
  const table = new Table({ long: true });
  table.isAsync = false;
  table.work = { ms: 20_000, result: { ok: true, data: "done" } };
  table.run("c1");
  assert.deepEqual(table.reported, [], "not begun, either");
  await table.clock.advanceAsync(HELD_MAX_MS);
  assert.match(table.reported[0] ?? "", /^c1 false .*was ended/);
  await table.clock.advanceAsync(30_000);
  assert.deepEqual([table.reported.length, table.ends, table.news], [1, [], 0]);
});

test("property: each call is settled exactly once, within its time", async () => {
  const dice = new SimDice(3);
  const table = new Table();
  const given = new Set<string>();
  for (let n = 0; n < 2_000; n++) {
    table.work = { ms: dice.unit() * 12_000, result: { ok: true, data: n } };
    table.run(`c${n}`);
    await settled();
    if (dice.unit() < 0.2) {
      const id = `c${Math.max(0, n - Math.floor(dice.unit() * 5))}`;
      if (!table.reported.some((line) => line.startsWith(`${id} `))) given.add(id);
      table.calls.abort(id);
    }
    table.clock.advance(dice.unit() * 2_000);
  }
  await table.clock.advanceAsync(30_000);
  const counts = new Map<string, number>();
  for (const line of table.reported) {
    const [id = ""] = line.split(" ");
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  for (let n = 0; n < 2_000; n++) {
    assert.equal(counts.get(`c${n}`) ?? 0, given.has(`c${n}`) ? 0 : 1, `c${n}`);
  }
  assert.equal(table.clock.pending(), 0);
});
