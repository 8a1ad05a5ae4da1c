/**
 * Runs a microWakeWord model: a slice of features after the other in, a probability out. Plain
 * TypeScript for the thirteen operators that streaming models are made of; no native code.
 *
 * Invariants: a file that is accepted can neither fail nor reach outside its own memory when it is
 * run, and one run is bounded by MULTIPLICATIONS_MAX; whatever else it is, it is refused.
 */

import { FEATURES } from "./features.ts";
import { BadModel } from "./flatbuffer.ts";
import type { Numbers, Step } from "./kernels.ts";
import { convolution, depthwiseConvolution, fullyConnected, pointwise } from "./layers.ts";
import { type Graph, type Operation, readModel } from "./model-file.ts";
import {
  assignVariable,
  concatenation,
  initialStates,
  readVariable,
  type States,
  splitByLengths,
  stateNames,
  stridedSlice,
} from "./moves.ts";
import { type State, Workbench } from "./workbench.ts";

/** Slices of one run: 3 in the official models, 2 in many others. */
const STRIDE_MAX = 16;

export class Interpreter {
  /** Slices of FEATURES numbers that one run takes. */
  readonly stride: number;
  readonly #input: Int8Array;
  readonly #inputScale: number;
  readonly #inputZero: number;
  readonly #output: Numbers;
  readonly #outputScale: number;
  readonly #outputZero: number;
  readonly #steps: readonly Step[];
  readonly #states: readonly State[];

  /** Reads a model file. Throws a BadModel. */
  constructor(bytes: Uint8Array) {
    const graphs = readModel(bytes);
    const [graph] = graphs;
    const [input, output] = [graph?.inputs[0], graph?.outputs[0]];
    const isOne = graph?.inputs.length === 1 && graph.outputs.length === 1;
    if (graph === undefined || input === undefined || output === undefined || !isOne) {
      throw new BadModel("it has not one input and one output");
    }
    const bench = new Workbench(graph);
    const [from, to] = [bench.tensor(input), bench.tensor(output)];
    this.#input = bench.writtenInt8(input);
    this.stride = strideOf(from.shape);
    this.#steps = stepsOf(bench, graph, graphs);
    this.#output = bench.read(output);
    if (to.size !== 1 || from.scales.length !== 1 || to.scales.length !== 1) {
      throw new BadModel("its output is not one number");
    }
    [this.#inputScale, this.#inputZero] = [from.scales[0] ?? 1, from.zero];
    [this.#outputScale, this.#outputZero] = [to.scales[0] ?? 1, to.zero];
    this.#states = bench.states;
  }

  /** As new: what was heard before is forgotten. */
  reset(): void {
    for (const { values, initial } of this.#states) values.set(initial);
  }

  /** Lays a slice into the input. `at`: which of `stride`; `features` as the training had them. */
  put(at: number, features: ArrayLike<number>, scale: number): void {
    const factor = scale / this.#inputScale;
    for (let i = 0; i < FEATURES; i++) {
      const value = Math.round((features[i] ?? 0) * factor) + this.#inputZero;
      this.#input[at * FEATURES + i] = Math.max(-128, Math.min(127, value));
    }
  }

  /** One run over the input; returns the probability, 0 to 1. */
  run(): number {
    for (const step of this.#steps) step();
    const probability = ((this.#output[0] ?? 0) - this.#outputZero) * this.#outputScale;
    return Math.max(0, Math.min(1, probability));
  }
}

function strideOf(shape: readonly number[]): number {
  const [batch, stride = 0, features] = shape;
  const fits = shape.length === 3 && batch === 1 && features === FEATURES;
  if (fits && stride >= 1 && stride <= STRIDE_MAX) return stride;
  throw new BadModel(`its input is ${shape.join(" × ")}, not slices of ${FEATURES} features`);
}

function stepsOf(bench: Workbench, graph: Graph, graphs: readonly Graph[]): readonly Step[] {
  const initial = new Map<string, Int8Array>();
  for (const { name, options } of graph.operations) {
    if (name !== "CALL_ONCE") continue;
    const called = graphs[options?.int32(0, 0) ?? 0];
    if (called === undefined || called === graph) throw new BadModel("it calls what is not there");
    for (const [state, values] of initialStates(called)) initial.set(state, values);
  }
  const states = { names: stateNames(graph), initial };
  return graph.operations.flatMap((operation) => stepsFor(bench, states, operation));
}

function stepsFor(bench: Workbench, states: States, operation: Operation): readonly Step[] {
  switch (operation.name) {
    case "CALL_ONCE":
    case "VAR_HANDLE":
      return [];
    case "READ_VARIABLE":
      return [readVariable(bench, states, operation)];
    case "ASSIGN_VARIABLE":
      return [assignVariable(bench, states, operation)];
    case "RESHAPE":
      bench.alias(bench.output(operation), bench.input(operation, 0));
      return [];
    case "CONCATENATION":
      return concatenation(bench, operation);
    case "STRIDED_SLICE":
      return [stridedSlice(bench, operation)];
    case "SPLIT_V":
      return splitByLengths(bench, operation);
    case "CONV_2D":
      return [convolution(bench, operation)];
    case "DEPTHWISE_CONV_2D":
      return [depthwiseConvolution(bench, operation)];
    case "FULLY_CONNECTED":
      return [fullyConnected(bench, operation)];
    case "LOGISTIC":
    case "QUANTIZE":
      return [pointwise(bench, operation)];
  }
}
