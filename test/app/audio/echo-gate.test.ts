/** What the API hears while an answer plays: silence, or somebody from the beginning on. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EchoGate } from "../../../src/app/audio/echo-gate.ts";
import { msToSamples } from "../../../src/core/audio/pcm.ts";
import { ECHO_BLOCK_SAMPLES } from "../../../src/core/echo/canceller.ts";

/** The block that carries its number in every sample. */
function block(nth: number): Int16Array {
  return new Int16Array(ECHO_BLOCK_SAMPLES).fill(nth);
}

/** The number of each block in the ring; 0 for silence. */
function sent(gate: EchoGate): number[] {
  const pcm = new Int16Array(gate.ring.head - gate.ring.tail);
  gate.ring.read(gate.ring.tail, pcm);
  return Array.from({ length: pcm.length / ECHO_BLOCK_SAMPLES }, (_, nth) => {
    const numbers = new Set(pcm.subarray(nth * ECHO_BLOCK_SAMPLES, (nth + 1) * ECHO_BLOCK_SAMPLES));
    assert.equal(numbers.size, 1, "blocks are whole");
    return [...numbers][0] ?? 0;
  });
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

test("echo gate closed: silence is sent, 0.9 s delayed, and the microphone again after the reply", () => {
  const gate = new EchoGate(msToSamples(20_000));
  for (let nth = 1; nth <= 100; nth++) gate.take(block(nth), false, 0);
  assert.equal(gate.ring.head, 10 * ECHO_BLOCK_SAMPLES);
  gate.end(0);
  gate.pass(block(101));
  assert.deepEqual(sent(gate), [...numbers(1, 96).map(() => 0), ...numbers(96, 102)]);
  assert.equal(gate.openings, 0);
});

test("barge-in: the speech is sent from before its beginning, then the microphone", () => {
  const gate = new EchoGate(msToSamples(20_000));
  for (let nth = 1; nth <= 80; nth++) gate.take(block(nth), false, Math.max(0, nth - 60));
  for (let nth = 81; nth <= 120; nth++) gate.take(block(nth), nth >= 106, nth - 60);
  // Its first block was number 61, and 15 before it go with it.
  assert.deepEqual(sent(gate), [...numbers(1, 46).map(() => 0), ...numbers(46, 121)]);
  assert.equal(gate.ring.head, 120 * ECHO_BLOCK_SAMPLES, "it has caught up");
  for (let nth = 121; nth <= 400; nth++) gate.take(block(nth), false, 0);
  const after = sent(gate).slice(120);
  assert.deepEqual(after.slice(0, 150), numbers(121, 271));
  assert.ok(
    after.slice(150).every((one) => one === 0),
    "then it is shut again",
  );
  assert.equal(gate.openings, 1);
});

test("echo gate: a cough is held back and dropped", () => {
  const gate = new EchoGate(msToSamples(20_000));
  for (let nth = 1; nth <= 200; nth++) {
    gate.take(block(nth), false, nth > 50 && nth < 70 ? nth - 50 : 0);
  }
  assert.ok(sent(gate).every((one) => one === 0));
});

test("barge-in as the reply ends: no speech is lost", () => {
  const gate = new EchoGate(msToSamples(20_000));
  for (let nth = 1; nth <= 100; nth++) gate.take(block(nth), false, Math.max(0, nth - 70));
  gate.end(30);
  assert.deepEqual(sent(gate), [...numbers(1, 56).map(() => 0), ...numbers(56, 101)]);
});
