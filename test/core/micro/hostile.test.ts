/**
 * Model files that nobody has vouched for: damaged, cut short, lying. Each is refused in words, or
 * runs within its bounds; none throws anything else, hangs, or fills the memory.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FEATURES } from "../../../src/core/micro/features.ts";
import { BadModel } from "../../../src/core/micro/flatbuffer.ts";
import { Interpreter } from "../../../src/core/micro/interpreter.ts";
import { FILE_MAX_BYTES } from "../../../src/core/micro/model-file.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { type TinyGraph, type TinyTensor, tinyModel } from "../../helpers/tiny-model.ts";
import { microFile } from "../../helpers/wake-audio.ts";

/** Of a file that is all structure, where each hits something: a second. */
const SKELETON_MUTATIONS = 10_000;
/** Of a real model; PIPIT_MUTATIONS=10000 is the long run, half a minute for each. */
const MUTATIONS = Number(process.env["PIPIT_MUTATIONS"] ?? 1500);
/** Far above what the slowest accepted file takes for a run, on a busy machine. */
const RUN_MAX_MS = 1000;
const MEMORY_MAX_BYTES = 64 * 1024 * 1024;

/** Refused: the sentence. Accepted: null, after two runs that gave a probability. */
function tried(bytes: Uint8Array): string | null {
  let model: Interpreter;
  try {
    model = new Interpreter(bytes);
  } catch (thrown) {
    if (!(thrown instanceof BadModel)) throw thrown;
    return thrown.message;
  }
  for (let run = 0; run < 2; run++) {
    for (let at = 0; at < model.stride; at++)
      model.put(at, new Uint16Array(FEATURES).fill(300), 0.04);
    const probability = model.run();
    assert.ok(probability >= 0 && probability <= 1, `the probability is ${probability}`);
  }
  return null;
}

/** A few bytes, a number of 32 bits, or a stretch, made into something else; or the end cut off. */
function mutated(file: Uint8Array, dice: SimDice): Uint8Array {
  const bytes = Uint8Array.from(file);
  const place = (): number => dice.below(bytes.length);
  const extremes = [0, 1, 0x7f, 0x80, 0xff];
  const kind = dice.below(5);
  if (kind === 0) return bytes.subarray(0, place());
  for (let times = 1 + dice.below(4); times > 0; times--) {
    const at = place();
    if (kind === 1) bytes[at] = dice.below(256);
    else if (kind === 2) bytes.fill(dice.oneOf(extremes), at & ~3, (at & ~3) + 4);
    else if (kind === 3) bytes.copyWithin(at, place(), place());
    else bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
  }
  return bytes;
}

/** A file without weights is all structure: each mutation hits something that matters. */
function skeleton(): Uint8Array {
  const scaled = { type: 9, scales: [0.1], zero: -128 };
  const graph: TinyGraph = {
    tensors: [
      { ...scaled, shape: [1, 2, FEATURES] },
      { ...scaled, shape: [1, 2 * FEATURES] },
      {
        ...scaled,
        zero: 0,
        shape: [1, 2 * FEATURES],
        constant: new Uint8Array(2 * FEATURES).fill(3),
      },
      { type: 2, shape: [1], constant: new Uint8Array(4) },
      { ...scaled, shape: [1, 1] },
      { ...scaled, shape: [1, 1], scales: [1 / 256] },
    ],
    inputs: [0],
    outputs: [5],
    operators: [
      { code: 22, inputs: [0], outputs: [1] },
      { code: 9, inputs: [1, 2, 3], outputs: [4], options: [{ int: 0 }] },
      { code: 14, inputs: [4], outputs: [5] },
    ],
  };
  return tinyModel(graph);
}

function tryMutations(
  name: string,
  file: Uint8Array,
  count: number,
  t: { diagnostic(line: string): void },
): void {
  const dice = new SimDice(0xbad);
  const refusals = new Map<string, number>();
  let [accepted, slowestMs] = [0, 0];
  const memoryBefore = process.memoryUsage().arrayBuffers;
  for (let nth = 0; nth < count; nth++) {
    const startMs = performance.now();
    const why = tried(mutated(file, dice));
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    if (why === null) accepted += 1;
    else refusals.set(why, (refusals.get(why) ?? 0) + 1);
    assert.ok(why === null || why.length > 10, `a refusal without words: ${why}`);
  }
  const grownBytes = process.memoryUsage().arrayBuffers - memoryBefore;
  t.diagnostic(
    `${name}: ${accepted} of ${count} ran, ${refusals.size} kinds of refusal, slowest ${slowestMs.toFixed(0)} ms`,
  );
  assert.ok(slowestMs < RUN_MAX_MS, `${slowestMs} ms for one file`);
  assert.ok(grownBytes < MEMORY_MAX_BYTES, `${grownBytes} bytes more`);
  assert.ok(refusals.size > 5 && accepted > 0, "both kinds happened");
}

test("mutations of a file that is all structure", (t) => {
  assert.equal(tried(skeleton()), null);
  tryMutations("skeleton", skeleton(), SKELETON_MUTATIONS, t);
});

for (const name of ["alexa", "stop"]) {
  test(`mutations of a real model: ${name}`, (t) => {
    const file = microFile(`${name}.tflite`);
    if (file === null) {
      t.skip("no test material");
      return;
    }
    assert.equal(tried(file), null);
    tryMutations(name, file, MUTATIONS, t);
  });
}

test("what is no model at all is refused in words", () => {
  for (const [bytes, words] of [
    [new Uint8Array(0), /no TensorFlow Lite model/],
    [Buffer.from("<!doctype html><title>404</title>"), /no TensorFlow Lite model/],
    [new Uint8Array(FILE_MAX_BYTES + 1), /1000001 bytes/],
  ] as const) {
    assert.match(tried(bytes) ?? "", words);
  }
});

const scaled = (shape: readonly number[]): TinyTensor => ({
  type: 9,
  shape,
  scales: [0.1],
  zero: -128,
});

function withOperator(code: number, tensors: readonly TinyTensor[], rest = {}): Uint8Array {
  return tinyModel({
    tensors: [scaled([1, 3, FEATURES]), ...tensors],
    inputs: [0],
    outputs: [tensors.length],
    operators: [{ code, inputs: [0, 1, 2], outputs: [tensors.length], ...rest }],
  });
}

test("an operator of another world is named", () => {
  assert.match(tried(withOperator(18, [scaled([1, 1])])) ?? "", /MUL/);
  assert.match(tried(withOperator(99, [scaled([1, 1])])) ?? "", /number 99/);
});

test("more work, or more memory, than a wake word needs is refused before it is taken", () => {
  const wide = scaled([1, 262_144]);
  const many = tinyModel({
    tensors: [scaled([1, 3, FEATURES]), ...Array.from({ length: 8 }, () => wide)],
    inputs: [0],
    outputs: [8],
    operators: Array.from({ length: 8 }, (_, nth) => ({
      code: 14,
      inputs: [nth],
      outputs: [nth + 1],
    })),
  });
  assert.match(tried(many) ?? "", /size|memory/);
  assert.match(tried(withOperator(14, [scaled([30_000, 30_000])])) ?? "", /30000 × 30000/);
  assert.match(tried(withOperator(14, [scaled([-1, -5])])) ?? "", /shape/);
  const rows = 400;
  const heavy = tinyModel({
    tensors: [
      scaled([1, 3, FEATURES]),
      { ...scaled([1, 1, 1, 3 * FEATURES]), shape: [1, 3, 40, 1] },
      { type: 9, shape: [rows, 3, 1, 1], scales: [0.1], constant: new Uint8Array(3 * rows) },
      { type: 2, shape: [rows], constant: new Uint8Array(4 * rows) },
      scaled([1, 1, 40, rows]),
      ...Array.from({ length: 60 }, () => scaled([1, 1, 40, rows])),
    ],
    inputs: [0],
    outputs: [4],
    operators: [
      { code: 22, inputs: [0], outputs: [1] },
      ...Array.from({ length: 60 }, (_, nth) => ({
        code: 3,
        inputs: [1, 2, 3],
        outputs: [nth + 4],
        options: [{ int: 1 }, { int: 1 }, { int: 1 }],
      })),
    ],
  });
  assert.match(tried(heavy) ?? "", /2000000 multiplications|memory/);
});

test("an input that is no slices, an output that is no number", () => {
  const odd = tinyModel({
    tensors: [scaled([1, 3, 39]), scaled([1, 3, 39])],
    inputs: [0],
    outputs: [1],
    operators: [{ code: 14, inputs: [0], outputs: [1] }],
  });
  assert.match(tried(odd) ?? "", /1 × 3 × 39/);
  const many = tinyModel({
    tensors: [scaled([1, 3, FEATURES]), scaled([1, 3, FEATURES])],
    inputs: [0],
    outputs: [1],
    operators: [{ code: 14, inputs: [0], outputs: [1] }],
  });
  assert.match(tried(many) ?? "", /one number/);
});

test("a graph that reads what nothing has written, or writes twice", () => {
  const reads = tinyModel({
    tensors: [scaled([1, 3, FEATURES]), scaled([1, 1]), scaled([1, 1])],
    inputs: [0],
    outputs: [2],
    operators: [{ code: 14, inputs: [1], outputs: [2] }],
  });
  assert.match(tried(reads) ?? "", /nothing has written/);
  const twice = tinyModel({
    tensors: [scaled([1, 3, FEATURES]), scaled([1, 3, FEATURES])],
    inputs: [0],
    outputs: [1],
    operators: [
      { code: 14, inputs: [0], outputs: [1] },
      { code: 14, inputs: [0], outputs: [1] },
    ],
  });
  assert.match(tried(twice) ?? "", /twice/);
});
