/**
 * The operators that only move numbers, made into steps: states, concatenation, slices, splits.
 *
 * Invariant: every index that a step will use lies inside its tensors; it is worked out here.
 */

import { BadModel } from "./flatbuffer.ts";
import { copyStretches, type Step } from "./kernels.ts";
import type { Graph, Operation, Tensor } from "./model-file.ts";
import type { Workbench } from "./workbench.ts";

/** Which state each handle means, by the names that the file gives it. */
export function stateNames(graph: Graph): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const { name, outputs, options } of graph.operations) {
    const [handle] = outputs;
    if (name !== "VAR_HANDLE" || handle === undefined) continue;
    const text = (field: number): string => String(options?.raw(field) ?? "");
    names.set(handle, `${text(0)}/${text(1)}`);
  }
  return names;
}

/** What the graph that CALL_ONCE names gives the states: constants, and nothing else. */
export function initialStates(graph: Graph): ReadonlyMap<string, Int8Array> {
  const names = stateNames(graph);
  const values = new Map<string, Int8Array>();
  for (const { name, inputs } of graph.operations) {
    if (name === "VAR_HANDLE") continue;
    const [handle, value] = inputs.map((index) => index);
    const state = names.get(handle ?? -1);
    const tensor = graph.tensors[value ?? -1];
    if (
      name !== "ASSIGN_VARIABLE" ||
      state === undefined ||
      tensor?.bytes.length !== tensor?.size
    ) {
      throw new BadModel("what it does at the start is more than setting its states");
    }
    values.set(state, Int8Array.from(tensor?.bytes ?? []));
  }
  return values;
}

export interface States {
  readonly names: ReadonlyMap<number, string>;
  readonly initial: ReadonlyMap<string, Int8Array>;
}

function stateFor(
  bench: Workbench,
  states: States,
  operation: Operation,
  tensor: Tensor,
): Int8Array {
  const name = states.names.get(bench.input(operation, 0));
  if (name === undefined) throw new BadModel(`${operation.name} names no state`);
  const initial = states.initial.get(name) ?? new Int8Array(tensor.size).fill(tensor.zero);
  if (initial.length !== tensor.size || tensor.type !== "int8") {
    throw new BadModel("a state changes its size");
  }
  bench.copies(tensor.size);
  return bench.state(name, initial).values;
}

export function readVariable(bench: Workbench, states: States, operation: Operation): Step {
  const output = bench.output(operation);
  const values = stateFor(bench, states, operation, bench.tensor(output));
  const array = bench.writtenInt8(output);
  return () => array.set(values);
}

export function assignVariable(bench: Workbench, states: States, operation: Operation): Step {
  const input = bench.input(operation, 1);
  const values = stateFor(bench, states, operation, bench.tensor(input));
  const array = bench.readInt8(input);
  return () => values.set(array);
}

/** Refuses what would have to be rescaled on its way. */
function checkAlike(a: Tensor, b: Tensor, { name }: Operation): void {
  if (a.type === "int8" && b.type === "int8" && a.zero === b.zero && a.scales[0] === b.scales[0]) {
    return;
  }
  throw new BadModel(`${name} joins tensors of different scales`);
}

function axisWithin(axis: number, { shape }: Tensor, { name }: Operation): number {
  const within = axis < 0 ? axis + shape.length : axis;
  if (within >= 0 && within < shape.length) return within;
  throw new BadModel(`${name} has no dimension ${axis}`);
}

/** The product of the lengths from `from` to before `to`. */
function product(shape: readonly number[], from: number, to: number): number {
  return shape.slice(from, to).reduce((total, length) => total * length, 1);
}

/** The parts of a tensor along an axis, and where each begins in a row of it. */
function checkParts(whole: Tensor, parts: readonly Tensor[], axis: number, of: Operation): void {
  let length = 0;
  for (const part of parts) {
    checkAlike(part, whole, of);
    const isSame = part.shape.length === whole.shape.length;
    const others = part.shape.every((one, at) => at === axis || one === whole.shape[at]);
    if (!isSame || !others) throw new BadModel(`${of.name} has parts of different shapes`);
    length += part.shape[axis] ?? 0;
  }
  if (length !== whole.shape[axis]) throw new BadModel(`${of.name} has parts that do not fit`);
}

/** Where the rows of a part lie in it and in the whole: `partFirst` gives which is the input. */
function rowsOf(whole: Tensor, part: Tensor, axis: number, before: number) {
  const rows = product(whole.shape, 0, axis);
  const length = product(part.shape, axis, part.shape.length);
  const wholeLength = product(whole.shape, axis, whole.shape.length);
  const offset = before * product(whole.shape, axis + 1, whole.shape.length);
  const inPart = Array.from({ length: rows }, (_, row) => row * length);
  const inWhole = Array.from({ length: rows }, (_, row) => row * wholeLength + offset);
  return { length, inPart, inWhole };
}

export function concatenation(bench: Workbench, operation: Operation): readonly Step[] {
  const index = bench.output(operation);
  const whole = bench.tensor(index);
  const axis = axisWithin(operation.options?.int32(0, 0) ?? 0, whole, operation);
  const parts = operation.inputs.map((input) => bench.tensor(input));
  checkParts(whole, parts, axis, operation);
  if ((operation.options?.int8(1, 0) ?? 0) !== 0) throw new BadModel("CONCATENATION is activated");
  bench.copies(whole.size);
  const output = bench.writtenInt8(index);
  let before = 0;
  return operation.inputs.map((input, nth) => {
    const part = bench.tensor(input);
    const { length, inPart, inWhole } = rowsOf(whole, part, axis, before);
    before += parts[nth]?.shape[axis] ?? 0;
    return copyStretches({
      input: bench.readInt8(input),
      output,
      from: inPart,
      to: inWhole,
      length,
    });
  });
}

export function splitByLengths(bench: Workbench, operation: Operation): readonly Step[] {
  const index = bench.input(operation, 0);
  const whole = bench.tensor(index);
  const [given = 0] = bench.constantInt32(bench.input(operation, 2));
  const axis = axisWithin(given, whole, operation);
  checkParts(
    whole,
    operation.outputs.map((output) => bench.tensor(output)),
    axis,
    operation,
  );
  bench.copies(whole.size);
  const input = bench.readInt8(index);
  let before = 0;
  return operation.outputs.map((output) => {
    const part = bench.tensor(output);
    const { length, inPart, inWhole } = rowsOf(whole, part, axis, before);
    before += part.shape[axis] ?? 0;
    return copyStretches({
      input,
      output: bench.writtenInt8(output),
      from: inWhole,
      to: inPart,
      length,
    });
  });
}

/** The beginning along one dimension, as the masks and negative numbers mean it. */
function beginAt(given: number, length: number, isMasked: boolean): number {
  if (isMasked) return 0;
  return Math.max(0, Math.min(length, given < 0 ? given + length : given));
}

/** Only whole steps of one, and no mask that changes the dimensions: what streaming models have. */
export function stridedSlice(bench: Workbench, operation: Operation): Step {
  const [index, target] = [bench.input(operation, 0), bench.output(operation)];
  const [from, to] = [bench.tensor(index), bench.tensor(target)];
  const { options, name } = operation;
  checkAlike(from, to, operation);
  const begins = bench.constantInt32(bench.input(operation, 1));
  const steps = bench.constantInt32(bench.input(operation, 3));
  const isPlain = [2, 3, 4].every((field) => (options?.int32(field, 0) ?? 0) === 0);
  const rank = from.shape.length;
  const isWhole = begins.length === rank && steps.length === rank && to.shape.length === rank;
  if (!isPlain || !isWhole || steps.some((step) => step !== 1)) {
    throw new BadModel(`${name} does more than cutting`);
  }
  const mask = options?.int32(0, 0) ?? 0;
  const starts = from.shape.map((length, at) => {
    const begin = beginAt(begins[at] ?? 0, length, ((mask >> at) & 1) === 1);
    if (begin + (to.shape[at] ?? 0) <= length) return begin;
    throw new BadModel(`${name} cuts outside its input`);
  });
  bench.copies(to.size);
  const length = to.shape.at(-1) ?? 1;
  const rows = Array.from({ length: to.size / length }, (_, row) => row);
  return copyStretches({
    input: bench.readInt8(index),
    output: bench.writtenInt8(target),
    from: rows.map((row) => placeOf(row, to.shape, from.shape, starts)),
    to: rows.map((row) => row * length),
    length,
  });
}

/** Where row number `row` of the smaller tensor begins in the larger one. */
function placeOf(
  row: number,
  small: readonly number[],
  large: readonly number[],
  starts: readonly number[],
): number {
  let place = starts.at(-1) ?? 0;
  let rest = row;
  let stride = large.at(-1) ?? 1;
  for (let at = small.length - 2; at >= 0; at--) {
    const length = small[at] ?? 1;
    place += ((rest % length) + (starts[at] ?? 0)) * stride;
    rest = Math.floor(rest / length);
    stride *= large[at] ?? 1;
  }
  return place;
}
