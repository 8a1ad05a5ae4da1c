/**
 * What the makers of steps share: the tensors of the graph with their memory, the states, and the
 * budget of one run.
 *
 * Invariants: memory is given for a tensor once, by whoever writes it, and nobody reads what nobody
 * has written; all budgets are bounded.
 */

import { BadModel } from "./flatbuffer.ts";
import type { Numbers } from "./kernels.ts";
import type { Graph, Operation, Tensor } from "./model-file.ts";

/** Multiplications of one run; the official models have 24,000. */
export const MULTIPLICATIONS_MAX = 2_000_000;
/** Numbers copied in one run, and numbers of all tensors together. */
const NUMBERS_MAX = 1_000_000;
const STATES_MAX = 64;

/** What is kept from one run to the next. */
export interface State {
  readonly values: Int8Array;
  /** What it is at the beginning. */
  readonly initial: Int8Array;
}

export class Workbench {
  readonly #graph: Graph;
  readonly #arrays = new Map<number, Numbers>();
  readonly #states = new Map<string, State>();
  #multiplications = 0;
  #copied = 0;
  #numbers = 0;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  get states(): readonly State[] {
    return [...this.#states.values()];
  }

  tensor(index: number): Tensor {
    const tensor = this.#graph.tensors[index];
    if (tensor === undefined) throw new BadModel("a tensor is not there");
    return tensor;
  }

  /** The nth input of an operation. */
  input(operation: Operation, nth: number): number {
    const index = operation.inputs[nth];
    if (index !== undefined) return index;
    throw new BadModel(`${operation.name} has too few inputs`);
  }

  output(operation: Operation, nth = 0): number {
    const index = operation.outputs[nth];
    if (index !== undefined) return index;
    throw new BadModel(`${operation.name} has too few outputs`);
  }

  /** Memory for what a step will write. */
  written(index: number): Numbers {
    const { type, size } = this.tensor(index);
    if (this.#arrays.has(index)) throw new BadModel("a tensor is written twice");
    this.#numbers += size;
    if (this.#numbers > NUMBERS_MAX) throw new BadModel("it needs too much memory");
    if (type !== "int8" && type !== "uint8") throw new BadModel("a tensor is not of 8 bits");
    const array = type === "int8" ? new Int8Array(size) : new Uint8Array(size);
    this.#arrays.set(index, array);
    return array;
  }

  writtenInt8(index: number): Int8Array {
    const array = this.written(index);
    if (array instanceof Int8Array) return array;
    throw new BadModel("a tensor is not of 8 signed bits");
  }

  /** The memory of what a step before has written, as it is. */
  read(index: number): Numbers {
    const array = this.#arrays.get(index);
    if (array === undefined) throw new BadModel("an operator reads what nothing has written");
    return array;
  }

  /** The same where it must be of signed numbers; a constant counts as written. */
  readInt8(index: number): Int8Array {
    const array = this.#arrays.get(index) ?? this.#constantOrNull(index);
    if (array === null) throw new BadModel("an operator reads what nothing has written");
    if (array instanceof Int8Array) return array;
    throw new BadModel("a tensor is not of 8 signed bits");
  }

  /** Two tensors with one memory. */
  alias(index: number, other: number): void {
    if (this.tensor(index).size !== this.tensor(other).size || this.#arrays.has(index)) {
      throw new BadModel("RESHAPE changes the size");
    }
    this.#arrays.set(index, this.readInt8(other));
  }

  #constantOrNull(index: number): Int8Array | null {
    const { type, bytes } = this.tensor(index);
    return type === "int8" && bytes.length > 0 ? Int8Array.from(bytes) : null;
  }

  constantInt8(index: number): Int8Array {
    const constant = this.#constantOrNull(index);
    if (constant === null) throw new BadModel("weights are not constants of 8 signed bits");
    return constant;
  }

  /** A copy: in the file they need not be aligned. */
  constantInt32(index: number): Int32Array {
    const { type, bytes, size } = this.tensor(index);
    if (type !== "int32" || bytes.length !== 4 * size) {
      throw new BadModel("an argument is not a constant of 32 bits");
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Int32Array.from({ length: size }, (_, nth) => view.getInt32(4 * nth, true));
  }

  multiplies(count: number): void {
    this.#multiplications += count;
    if (this.#multiplications <= MULTIPLICATIONS_MAX) return;
    throw new BadModel(`it needs more than ${MULTIPLICATIONS_MAX} multiplications a run`);
  }

  copies(count: number): void {
    this.#copied += count;
    if (this.#copied > NUMBERS_MAX) throw new BadModel("it copies too much in a run");
  }

  /** The state of this name and size, which begins with `initial` where it is new. */
  state(name: string, initial: Int8Array): State {
    const known = this.#states.get(name);
    if (known !== undefined) {
      if (known.values.length === initial.length) return known;
      throw new BadModel("a state changes its size");
    }
    if (this.#states.size >= STATES_MAX)
      throw new BadModel(`it has more than ${STATES_MAX} states`);
    const state = { values: initial.slice(), initial };
    this.#states.set(name, state);
    return state;
  }
}
