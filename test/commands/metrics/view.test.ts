/** Metrics files of both schemas, and anything else that JSON can be. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { summarise } from "../../../src/commands/metrics/summary.ts";
import { readSession, type SessionView } from "../../../src/commands/metrics/view.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { recorded } from "../../helpers/recorded.ts";

const SHAPE = { count: 1, startMs: Date.UTC(2026, 10, 1, 18), everyMs: 1, seed: 3 };

function viewOf(data: unknown): SessionView {
  const view = readSession(JSON.parse(JSON.stringify(data)));
  assert.ok(typeof view === "object", `read as ${JSON.stringify(view)}`);
  return view;
}

const one = (schema: 1 | 2): Record<string, unknown> =>
  recorded({ ...SHAPE, schema })[0]?.data ?? {};

test("both schemas are read", () => {
  const [old, today] = [viewOf(one(1)), viewOf(one(2))];
  assert.equal(old.schema, 1);
  assert.equal(old.startedMs, SHAPE.startMs);
  assert.equal(old.model, "gpt-realtime");
  assert.equal(old.wakeToLedMs, null);
  assert.equal(old.cost.parts, null);
  assert.equal(today.schema, 2);
  assert.equal(today.wakeToLedMs, 12);
  const parts = Object.values(today.cost.parts ?? {}).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(parts - (today.cost.knownMicroUsd ?? 0)) < 10, "the parts are the sum");
  assert.deepEqual(today.usage, old.usage);
});

test("what is absent, or of another kind, is null and never 0", () => {
  const least = { schema_version: 1, started_at: "2026-11-01T18:00:00.000Z" };
  const wrong = {
    ...{ ended_at: 7, model: 3, turns: "5", connection_latency_ms: -1, interruptions: {} },
    ...{ average_response_latency: null, response_latency_ms: [], function_calls: "none" },
    ...{ tokens: 5, estimated_cost: "1", cost: [], audio: null, errors: 3, recovered: "yes" },
  };
  for (const file of [least, { ...least, ...wrong }]) {
    const { startedMs, id, schema, recovered, responseMs, cost, ...more } = viewOf(file);
    const { errorList, modelMs, oursMs, ...rest } = more;
    assert.deepEqual([errorList, modelMs, oursMs], [[], [], []]);
    assert.equal(startedMs, Date.parse(least.started_at));
    assert.deepEqual([id, schema, recovered, responseMs], ["", 1, false, []]);
    assert.deepEqual(cost, { knownMicroUsd: null, isWhole: false, parts: null });
    for (const [name, value] of Object.entries(rest)) assert.equal(value, null, name);
  }
});

test("a cost that is known in part is marked as such", () => {
  const half = viewOf({ ...one(2), estimated_cost: null, known_cost: 0.25 });
  assert.deepEqual([half.cost.knownMicroUsd, half.cost.isWhole], [250_000, false]);
  const whole = viewOf({ ...one(2), estimated_cost: 0.5, known_cost: 0.5 });
  assert.deepEqual([whole.cost.knownMicroUsd, whole.cost.isWhole], [500_000, true]);
});

test("an announcement costs something and is no conversation", () => {
  const talk = viewOf(one(2));
  const said = viewOf({ ...one(2), trigger: "announcement", turns: 0, estimated_cost: 0.25 });
  const both = summarise([talk, said]);
  assert.deepEqual([both.conversations, [...both.byModel.values()]], [1, [1]]);
  const cost = (talk.cost.knownMicroUsd ?? 0) + (said.cost.knownMicroUsd ?? 0);
  assert.equal(both.costMicroUsd, cost);
});

test("an end before the beginning is none, a mean stands for a list that is not there", () => {
  assert.equal(viewOf({ ...one(1), ended_at: "2020-01-01T00:00:00Z" }).endedMs, null);
  const bare = viewOf({ ...one(1), response_latency_ms: null, average_response_latency: 812.5 });
  assert.deepEqual(bare.responseMs, [812.5]);
});

test("a later schema is not guessed at, and what is no metrics file is broken", () => {
  assert.equal(readSession({ ...one(2), schema_version: 3 }), "newer");
  for (const json of [null, 7, "x", [], {}, [one(1)], { schema_version: 1 }]) {
    assert.equal(readSession(json), "broken");
  }
  assert.equal(readSession({ ...one(1), started_at: "yesterday" }), "broken");
  assert.equal(readSession({ ...one(1), schema_version: 1.5 }), "broken");
});

test("errors are read in words, a few of each conversation, whatever they are", () => {
  const errors = [
    7,
    null,
    { code: "network" },
    { at: "x", code: 3, message: `a\n${"b".repeat(900)}` },
  ];
  const { errorList, errors: count } = viewOf({ ...one(2), errors });
  assert.equal(count, 4);
  assert.deepEqual(errorList[0], { code: "network", message: "", atMs: null });
  assert.deepEqual([errorList[1]?.code, errorList[1]?.message.length], ["unknown", 200]);
  const many = viewOf({ ...one(2), errors: Array(5_000).fill({ code: "x" }) });
  assert.equal(many.errorList.length, 10);
});

test("foreign text is bounded and fits a line", () => {
  const view = viewOf({ ...one(1), model: `\u001b[31m\n${"x".repeat(9_000)}` });
  assert.ok(view.model !== null && view.model.length <= 80);
  assert.doesNotMatch(view.model, /\p{Cc}/u);
});

/** Any JSON, near to a metrics file: its names, and values of every kind. */
function anyJson(names: readonly string[], dice: SimDice, depth = 3): unknown {
  const pick = <T>(of: readonly T[]): T | undefined => of[Math.floor(dice.unit() * of.length)];
  const plain = [null, true, false, 0, -1, 1, 2, 1e308, -0.5, "", "x", "2026-11-01T00:00:00Z"];
  if (depth === 0 || dice.unit() < 0.4) return pick([...plain, "__proto__", "=1+1"]);
  const many = Math.floor(dice.unit() * 6);
  if (dice.unit() < 0.3) return Array.from({ length: many }, () => anyJson(names, dice, depth - 1));
  const keys = Array.from({ length: many + 1 }, () => pick(names) ?? "all");
  return Object.fromEntries(keys.map((key) => [key, anyJson(names, dice, depth - 1)]));
}

test("any JSON gives an answer, and none throws", () => {
  const whole = one(2);
  const names = [...Object.keys(whole), "all", "input_text", "ok", "__proto__", "length"];
  const dice = new SimDice(9);
  let read = 0;
  for (let round = 0; round < 20_000; round++) {
    const file =
      dice.unit() < 0.5 ? { ...whole } : { schema_version: 2, started_at: whole["started_at"] };
    for (let change = 0; change < 4; change++) {
      const name = names[Math.floor(dice.unit() * names.length)] ?? "";
      Object.assign(file, { [name]: anyJson(names, dice) });
    }
    const reading = readSession(
      round % 10 === 0 ? anyJson(names, dice) : JSON.parse(JSON.stringify(file)),
    );
    if (typeof reading === "string") continue;
    read++;
    for (const [name, value] of Object.entries(reading)) {
      if (typeof value === "number") assert.ok(value >= 0 && Number.isFinite(value), name);
    }
  }
  assert.ok(read > 5_000, "most were near enough");
});
