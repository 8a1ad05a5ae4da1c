/**
 * Reads a TensorFlow Lite model file into plain values, and refuses whatever a microWakeWord model
 * would not have. The file may come from anywhere: nothing in it is believed.
 *
 * Invariants: the time and the memory taken are bounded by the limits below, whatever the file says;
 * a refusal is a BadModel with a sentence.
 */

import { BadModel, Bytes, type Table } from "./flatbuffer.ts";

/** The largest official model has 60 KB. */
export const FILE_MAX_BYTES = 1_000_000;
const TENSORS_MAX = 1000;
const OPERATORS_MAX = 500;
const CODES_MAX = 100;
const GRAPHS_MAX = 4;
const DIMENSIONS_MAX = 6;
const ARGUMENTS_MAX = 64;
const CHANNELS_MAX = 4096;
/** The largest tensor of the official models has 6,400 elements. */
const ELEMENTS_MAX = 262_144;

export type TensorType = "int8" | "uint8" | "int32" | "resource";

export interface Tensor {
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** The product of the shape. */
  readonly size: number;
  /** The constant's bytes as the file has them; empty for what is worked out. */
  readonly bytes: Uint8Array;
  /** One for the whole tensor, or one per channel; none where it is not quantised. */
  readonly scales: readonly number[];
  readonly zero: number;
}

export interface Operation {
  readonly name: OperatorName;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options: Table | null;
}

export interface Graph {
  readonly tensors: readonly Tensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operations: readonly Operation[];
}

/** The operators of streaming models, by their number in TensorFlow Lite's schema. */
const OPERATORS = {
  CONCATENATION: 2,
  CONV_2D: 3,
  DEPTHWISE_CONV_2D: 4,
  FULLY_CONNECTED: 9,
  LOGISTIC: 14,
  RESHAPE: 22,
  STRIDED_SLICE: 45,
  SPLIT_V: 102,
  QUANTIZE: 114,
  CALL_ONCE: 129,
  VAR_HANDLE: 142,
  READ_VARIABLE: 143,
  ASSIGN_VARIABLE: 144,
} as const;

export type OperatorName = keyof typeof OPERATORS;

/** Those that models of other kinds have, so that a refusal can name them. */
const FOREIGN: Readonly<Record<number, string>> = {
  0: "ADD",
  1: "AVERAGE_POOL_2D",
  6: "DEQUANTIZE",
  17: "MAX_POOL_2D",
  18: "MUL",
  25: "SOFTMAX",
  32: "CUSTOM",
  40: "MEAN",
  43: "SQUEEZE",
};

const TYPES: Readonly<Record<number, TensorType>> = {
  2: "int32",
  3: "uint8",
  9: "int8",
  13: "resource",
};
const SCHEMA_VERSION = 3;

/** The graphs of the file; the first is the one that is run. Throws a BadModel. */
export function readModel(bytes: Uint8Array): readonly Graph[] {
  if (bytes.length > FILE_MAX_BYTES) {
    throw new BadModel(`it has ${bytes.length} bytes; ${FILE_MAX_BYTES} are the most`);
  }
  if (new TextDecoder("latin1").decode(bytes.subarray(4, 8)) !== "TFL3") {
    throw new BadModel("it is no TensorFlow Lite model");
  }
  const root = new Bytes(bytes).root();
  const version = root.int32(0, 0);
  if (version !== SCHEMA_VERSION) throw new BadModel(`its schema is version ${version}, not 3`);
  const codes = root.tables(1, CODES_MAX).map(operatorCode);
  const buffers = root.tables(4, TENSORS_MAX);
  const graphs = root.tables(2, GRAPHS_MAX);
  if (graphs.length === 0) throw new BadModel("it has no graph");
  return graphs.map((graph) => readGraph(graph, codes, buffers));
}

/** Numbers below 127 stand in a field of their own, from before there were more. */
function operatorCode(code: Table): number {
  return Math.max(code.int8(0, 0), code.int32(3, 0));
}

function readGraph(graph: Table, codes: readonly number[], buffers: readonly Table[]): Graph {
  const tensors = graph.tables(0, TENSORS_MAX).map((tensor) => readTensor(tensor, buffers));
  const known = (index: number): number => {
    if (tensors[index] === undefined)
      throw new BadModel("an operator names a tensor that is not there");
    return index;
  };
  return {
    tensors,
    inputs: graph.int32s(1, ARGUMENTS_MAX).map(known),
    outputs: graph.int32s(2, ARGUMENTS_MAX).map(known),
    operations: graph.tables(3, OPERATORS_MAX).map((operator) => ({
      name: operatorName(codes[operator.int32(0, 0)]),
      inputs: operator.int32s(1, ARGUMENTS_MAX).map(known),
      outputs: operator.int32s(2, ARGUMENTS_MAX).map(known),
      options: operator.table(4),
    })),
  };
}

function operatorName(code: number | undefined): OperatorName {
  for (const [name, number] of Object.entries(OPERATORS)) {
    if (number === code && isOperator(name)) return name;
  }
  const foreign = code === undefined ? "that is not there" : (FOREIGN[code] ?? `number ${code}`);
  throw new BadModel(`it needs the operator ${foreign}, which streaming wake-word models do not`);
}

function isOperator(name: string): name is OperatorName {
  return Object.hasOwn(OPERATORS, name);
}

function readTensor(tensor: Table, buffers: readonly Table[]): Tensor {
  const shape = tensor.int32s(0, DIMENSIONS_MAX);
  const size = shape.reduce((product, length) => product * length, 1);
  if (shape.some((length) => length < 1) || size > ELEMENTS_MAX) {
    throw new BadModel(`a tensor has the shape ${shape.join(" × ")}`);
  }
  const type = TYPES[tensor.int8(1, 0)];
  if (type === undefined) throw new BadModel("a tensor is not of whole numbers");
  const bytes = buffers[tensor.int32(2, 0)]?.raw(0);
  if (bytes === undefined) throw new BadModel("a tensor names a buffer that is not there");
  const wanted = type === "int32" ? 4 * size : size;
  if (bytes.length !== 0 && bytes.length !== wanted && type !== "resource") {
    throw new BadModel(`a constant has ${bytes.length} bytes where its shape has ${wanted}`);
  }
  return { type, shape, size, bytes, ...readQuantization(tensor.table(4), type) };
}

function readQuantization(
  table: Table | null,
  type: TensorType,
): { readonly scales: readonly number[]; readonly zero: number } {
  const scales = table?.float32s(2, CHANNELS_MAX) ?? [];
  const zeros = table?.int64s(3, CHANNELS_MAX) ?? [];
  if (scales.some((scale) => !(scale > 0) || !Number.isFinite(scale))) {
    throw new BadModel("a scale is not a positive number");
  }
  const zero = zeros[0] ?? 0;
  if (zeros.some((other) => other !== zero)) throw new BadModel("zero points differ by channel");
  const lowest = type === "int8" ? -128 : 0;
  if (type !== "int32" && (zero < lowest || zero > lowest + 255)) {
    throw new BadModel(`a zero point is ${zero}`);
  }
  return { scales, zero };
}
