/** Whatever the tree is, validate answers, with settings or with lines fit for a journal. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isComplete, ROWS } from "../../../src/core/settings/table.ts";
import { validate } from "../../../src/core/settings/validate.ts";

const TREES = 4_000;

/** mulberry32: a small generator with a seed, so that a failure can be repeated. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const NAMES = [
  ...new Set(ROWS.flatMap(([key]) => key.split("."))),
  "__proto__",
  "constructor",
  "a.b",
  "",
  "0",
  "\u0000\n",
  "ключ",
];
const SCALARS: readonly unknown[] = [
  null,
  undefined,
  0,
  -1,
  0.5,
  1e308,
  Number.NaN,
  10n,
  true,
  "",
  "auto",
  "inf",
  `\${X}`,
  "${",
  `\${A:-b}`,
  "$${",
  "\ud800",
  "line\nbreak",
  "x".repeat(50_000),
  Symbol("s"),
  new Date(0),
  new Map([["a", 1]]),
  () => 1,
];

function tree(roll: () => number, depth: number): unknown {
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(roll() * from.length)];
  const kind = depth === 0 ? 0 : roll();
  if (kind < 0.3) return pick(SCALARS);
  const size = Math.floor(roll() * 8);
  if (kind < 0.4) return Array.from({ length: size }, () => tree(roll, depth - 1));
  const entries = Array.from({ length: size }, () => [pick(NAMES), tree(roll, depth - 1)] as const);
  return Object.fromEntries(entries);
}

test("random trees never throw, and every message is one bounded line", () => {
  for (let seed = 1; seed <= TREES; seed++) {
    const result = validate(tree(dice(seed), 4), { env: { X: "1" } });
    if (result.ok) {
      assert.ok(isComplete(result.settings), `seed ${seed}`);
      continue;
    }
    assert.ok(result.problems.length > 0, `seed ${seed}`);
    for (const { key, message, line, column } of result.problems) {
      assert.match(message, /^[^\p{Cc}\p{Zl}\p{Zp}]{1,600}$/u, `seed ${seed}`);
      assert.match(key, /^[^\p{Cc}\p{Zl}\p{Zp}]{0,120}$/u, `seed ${seed}`);
      assert.ok(line >= 1 && column >= 1);
    }
  }
});

test("random values in the right places never throw", () => {
  for (const [key] of ROWS) {
    for (const value of [...SCALARS, ["a"], [[]], { a: 1 }]) {
      const nested = key
        .split(".")
        .reduceRight<unknown>((below, name) => ({ [name]: below }), value);
      const result = validate(nested, { env: { X: "1", OPENAI_API_KEY: "k" } });
      if (!result.ok) assert.ok(result.problems.length <= 2, key);
    }
  }
});
