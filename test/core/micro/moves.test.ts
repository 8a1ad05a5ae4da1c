/** The operators that move numbers, each by itself: states, concatenation, slices, splits. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BadModel } from "../../../src/core/micro/flatbuffer.ts";
import { readModel } from "../../../src/core/micro/model-file.ts";
import {
  assignVariable,
  concatenation,
  initialStates,
  readVariable,
  splitByLengths,
  stateNames,
  stridedSlice,
} from "../../../src/core/micro/moves.ts";
import { Workbench } from "../../../src/core/micro/workbench.ts";
import {
  anyNumbers,
  bytesOf,
  INPUT,
  int8,
  ints,
  RESOURCE,
  trial,
} from "../../helpers/operator-trial.ts";
import { type TinyGraph, tinyModel } from "../../helpers/tiny-model.ts";

test("CONCATENATION and SPLIT_V are each other's reverse, along any dimension", () => {
  for (const axis of [1, 3, -1]) {
    const at = axis < 0 ? 4 + axis : axis;
    const shape = (length: number): number[] =>
      [1, 2, 2, 3].map((one, d) => (d === at ? length : one));
    const sizes = [2, 5].map((length) => shape(length).reduce((a, b) => a * b));
    const parts = sizes.map((size, nth) => anyNumbers(size, 5 + nth));
    const joined = trial(
      {
        tensors: [int8(shape(2), INPUT), int8(shape(5), INPUT), int8(shape(7), INPUT)],
        inputs: [0, 1],
        outputs: [2],
        operators: [{ code: 2, inputs: [0, 1], outputs: [2], options: [{ int: axis }] }],
      },
      new Map(parts.map((part, nth) => [nth, part])),
    );
    for (const step of concatenation(joined.bench, joined.operation)) step();
    const whole = Int8Array.from(joined.bench.read(2));
    if (at === 1)
      assert.deepEqual(
        [...whole],
        parts.flatMap((part) => [...part]),
      );
    else assert.deepEqual([...whole.subarray(0, 3)], [parts[0]?.[0], parts[0]?.[1], parts[1]?.[0]]);

    const split = trial(
      {
        tensors: [
          ...[int8(shape(7), INPUT), ints([2, 5]), ints([axis])],
          ...[int8(shape(2), INPUT), int8(shape(5), INPUT)],
        ],
        inputs: [0],
        outputs: [3, 4],
        operators: [{ code: 102, inputs: [0, 1, 2], outputs: [3, 4], options: [{ int: 2 }] }],
      },
      new Map([[0, whole]]),
    );
    for (const step of splitByLengths(split.bench, split.operation)) step();
    assert.deepEqual(Int8Array.from(split.bench.read(3)), parts[0]);
    assert.deepEqual(Int8Array.from(split.bench.read(4)), parts[1]);
  }
});

test("STRIDED_SLICE: from a beginning, counted from either end, the rest masked", () => {
  const input = anyNumbers(1 * 5 * 2 * 3, 8);
  for (const [begin, from] of [
    [2, 2],
    [-3, 2],
  ] as const) {
    const { bench, operation } = trial(
      {
        tensors: [
          ...[int8([1, 5, 2, 3], INPUT), ints([0, begin, 1, 0]), ints([0, 0, 0, 0])],
          ...[ints([1, 1, 1, 1]), int8([1, 3, 2, 3], INPUT)],
        ],
        inputs: [0],
        outputs: [4],
        // Bits 0, 2 and 3 of the mask: only the second beginning counts.
        operators: [
          { code: 45, inputs: [0, 1, 2, 3], outputs: [4], options: [{ int: 13 }, { int: 15 }] },
        ],
      },
      new Map([[0, input]]),
    );
    stridedSlice(bench, operation)();
    assert.deepEqual(Int8Array.from(bench.read(4)), input.subarray(from * 6));
  }
});

test("READ_VARIABLE gives what CALL_ONCE set, then what ASSIGN_VARIABLE did; else the zero point", () => {
  const name = (text: string) => ({ bytes: Buffer.from(text) });
  const main: TinyGraph = {
    tensors: [
      ...[{ type: RESOURCE, shape: [] }, int8([1, 4], INPUT), int8([1, 4], INPUT)],
      ...[{ type: RESOURCE, shape: [] }, int8([1, 2], INPUT)],
    ],
    inputs: [2],
    outputs: [1],
    operators: [
      { code: 142, inputs: [], outputs: [0], options: [name(""), name("set")] },
      { code: 142, inputs: [], outputs: [3], options: [name(""), name("unset")] },
      { code: 143, inputs: [0], outputs: [1] },
      { code: 143, inputs: [3], outputs: [4] },
      { code: 144, inputs: [0, 2], outputs: [] },
    ],
  };
  const first = Int8Array.of(1, -2, 3, -4);
  const once: TinyGraph = {
    tensors: [
      { type: RESOURCE, shape: [] },
      { ...int8([1, 4], INPUT), constant: bytesOf(first) },
    ],
    inputs: [],
    outputs: [],
    operators: [
      { code: 142, inputs: [], outputs: [0], options: [name(""), name("set")] },
      { code: 144, inputs: [0, 1], outputs: [] },
    ],
  };
  const [graph, called] = readModel(tinyModel(main, once));
  assert.ok(graph !== undefined && called !== undefined);
  const bench = new Workbench(graph);
  const states = { names: stateNames(graph), initial: initialStates(called) };
  bench.writtenInt8(2).set(Int8Array.of(9, 8, 7, 6));
  const [, , readSet, readUnset, assign] = graph.operations;
  assert.ok(readSet !== undefined && readUnset !== undefined && assign !== undefined);
  const read = readVariable(bench, states, readSet);
  readVariable(bench, states, readUnset)();
  read();
  assert.deepEqual([...bench.read(1)], [...first]);
  assert.deepEqual([...bench.read(4)], [INPUT.zero, INPUT.zero]);
  assignVariable(bench, states, assign)();
  read();
  assert.deepEqual([...bench.read(1)], [9, 8, 7, 6]);
});

test("RESHAPE is the same numbers under another shape, and no other number of them", () => {
  const graph: TinyGraph = {
    tensors: [int8([1, 6], INPUT), int8([2, 3], INPUT), int8([2, 4], INPUT)],
    inputs: [0],
    outputs: [1],
    operators: [{ code: 22, inputs: [0], outputs: [1] }],
  };
  const { bench } = trial(graph, new Map([[0, Int8Array.of(1, 2, 3, 4, 5, 6)]]));
  bench.alias(1, 0);
  assert.deepEqual([...bench.read(1)], [1, 2, 3, 4, 5, 6]);
  assert.throws(() => bench.alias(2, 0), BadModel);
});
