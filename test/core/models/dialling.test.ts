/** What follows a failed attempt: the same model again, the next one, later, or the end. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fault } from "../../../src/core/fault.ts";
import { afterFailure, afterNobody } from "../../../src/core/models/dialling.ts";

const first = { failures: 0, leftMs: 15_000, chance: 0 };
const passing = fault("server", "retry", "overloaded");
const limited = fault("rate-limited", "retry", "too many");

test("a passing fault: once more after a wait, then the next model", () => {
  assert.deepEqual(afterFailure(passing, null, first), { tag: "again", waitMs: 125 });
  assert.equal(afterFailure(passing, null, { ...first, failures: 1 }).tag, "next-model");
});

test("the server's own hint is the least wait; past the deadline the next model is asked", () => {
  assert.deepEqual(afterFailure(passing, 3000, first), { tag: "again", waitMs: 3000 });
  assert.equal(afterFailure(passing, 15_000, first).tag, "next-model");
});

test("the model's own fault goes down the chain at once; what is to be reported ends it", () => {
  assert.equal(
    afterFailure(fault("model-unavailable", "fall-back", "gone"), null, first).tag,
    "next-model",
  );
  assert.equal(afterFailure(fault("key-rejected", "report", "no"), null, first).tag, "give-up");
});

test("a rate limit: so long as another attempt fits, and three times only where it says when", () => {
  assert.deepEqual(afterFailure(limited, 10_000, first), { tag: "again", waitMs: 10_000 });
  assert.deepEqual(afterFailure(limited, 10_001, first), { tag: "come-later", waitMs: 10_001 });
  const tag = (hintMs: number | null, failures: number) =>
    afterFailure(limited, hintMs, { ...first, failures }).tag;
  assert.deepEqual([tag(1, 2), tag(1, 3)], ["again", "come-later"]);
  assert.deepEqual([tag(null, 0), tag(null, 1)], ["again", "come-later"]);
});

test("nobody reached: three more attempts, each after a longer wait, while there is time", () => {
  const waits = [0, 1, 2, 3].map((failures) => afterNobody({ ...first, failures }));
  assert.deepEqual(waits, [
    { tag: "again", waitMs: 125 },
    { tag: "again", waitMs: 250 },
    { tag: "again", waitMs: 500 },
    { tag: "give-up" },
  ]);
  assert.equal(afterNobody({ ...first, leftMs: 125 }).tag, "give-up");
});
