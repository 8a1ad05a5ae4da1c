/** One operator of a model, ready to be made into steps, and numbers to try it on. */

import assert from "node:assert/strict";
import { type Operation, readModel } from "../../src/core/micro/model-file.ts";
import { Workbench } from "../../src/core/micro/workbench.ts";
import { SimDice } from "../../src/sim/dice.ts";
import { int32Bytes, type TinyGraph, type TinyTensor, tinyModel } from "./tiny-model.ts";

export const INT32 = 2;
export const UINT8 = 3;
export const INT8 = 9;
export const RESOURCE = 13;
export const INPUT = { scale: 0.05, zero: -11 };
export const OUTPUT = { scale: 0.4, zero: 7 };

export function int8(shape: readonly number[], of: { scale: number; zero: number }): TinyTensor {
  return { type: INT8, shape, scales: [of.scale], zero: of.zero };
}

export function ints(numbers: readonly number[]): TinyTensor {
  return { type: INT32, shape: [numbers.length], constant: int32Bytes(numbers) };
}

/** Numbers of 8 bits that look like anything, the same every time. */
export function anyNumbers(count: number, seed: number): Int8Array {
  const dice = new SimDice(seed);
  return Int8Array.from({ length: count }, () => Math.floor(dice.unit() * 256) - 128);
}

export function bytesOf(numbers: Int8Array): Uint8Array {
  return new Uint8Array(numbers.buffer);
}

export interface Trial {
  readonly bench: Workbench;
  readonly operation: Operation;
}

/** The only operation of a graph, ready to be made into steps; its inputs hold `values`. */
export function trial(graph: TinyGraph, values: ReadonlyMap<number, Int8Array>): Trial {
  const [read] = readModel(tinyModel(graph));
  const operation = read?.operations[0];
  assert.ok(read !== undefined && operation !== undefined);
  const bench = new Workbench(read);
  for (const [index, numbers] of values) bench.writtenInt8(index).set(numbers);
  return { bench, operation };
}
