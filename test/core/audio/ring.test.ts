/** The ring against the obvious model: an array of everything, of which the last part counts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ring } from "../../../src/core/audio/ring.ts";
import { SimDice } from "../../../src/sim/dice.ts";

test("holds the newest samples, whatever the sizes written and read", () => {
  const dice = new SimDice(3);
  const ring = new Ring(1000);
  const model: number[] = [];
  for (let n = 0; n < 2000; n++) {
    const frame = Int16Array.from({ length: Math.floor(dice.unit() * 1400) }, () => n % 30_000);
    ring.write(frame);
    model.push(...frame);
    assert.equal(ring.head, model.length);
    assert.equal(ring.tail, Math.max(0, model.length - 1000));
    const from = ring.tail + Math.floor(dice.unit() * (ring.head - ring.tail + 1));
    const out = new Int16Array(Math.floor(dice.unit() * 1200));
    const count = ring.read(from, out);
    assert.equal(count, Math.min(out.length, ring.head - from));
    assert.deepEqual([...out.subarray(0, count)], model.slice(from, from + count));
  }
});

test("a position that is gone, or not there yet, is refused", () => {
  const ring = new Ring(10);
  ring.write(new Int16Array(25));
  assert.throws(() => ring.read(14, new Int16Array(1)), RangeError);
  assert.throws(() => ring.read(26, new Int16Array(1)), RangeError);
  assert.equal(ring.read(25, new Int16Array(1)), 0);
});
