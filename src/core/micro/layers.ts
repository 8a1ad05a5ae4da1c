/**
 * The operators that calculate, made into steps: convolutions, the fully connected layer, and what is
 * done to each number by itself.
 *
 * Invariant: every index that a step will use lies inside its tensors; it is worked out here.
 */

import { BadModel } from "./flatbuffer.ts";
import { convolve, convolveDepthwise, eachThrough, type Range, type Step } from "./kernels.ts";
import type { Operation, Tensor } from "./model-file.ts";
import type { Workbench } from "./workbench.ts";

/** 255 · 128 · so many, and a bias, stay within 32 bits. */
const SUMMANDS_MAX = 32_768;
const STRIDE_MAX = 64;
const INT8 = { low: -128, high: 127 };
const UINT8 = { low: 0, high: 255 };

/** `fused_activation_function`: what is done to the sum before it is cut. */
const NO_ACTIVATION = 0;
const RELU = 1;
const RELU_TO_6 = 3;
const PADDING_SAME = 0;

function scaleOf(tensor: Tensor, { name }: Operation): number {
  const [scale] = tensor.scales;
  if (scale !== undefined && tensor.scales.length === 1) return scale;
  throw new BadModel(`${name} has a tensor without one scale`);
}

/** Where the results of a layer are cut. */
function rangeOf(tensor: Tensor, operation: Operation, activation: number): Range {
  const { zero } = tensor;
  const { low, high } = tensor.type === "uint8" ? UINT8 : INT8;
  switch (activation) {
    case NO_ACTIVATION:
      return { zero, low, high };
    case RELU:
      return { zero, low: Math.max(low, zero), high };
    case RELU_TO_6: {
      const six = zero + Math.round(6 / scaleOf(tensor, operation));
      return { zero, low: Math.max(low, zero), high: Math.min(high, six) };
    }
    default:
      throw new BadModel(`${operation.name} has the activation ${activation}`);
  }
}

/** The four lengths of a tensor of pictures or of filters. */
function fourOf(tensor: Tensor, { name }: Operation): readonly [number, number, number, number] {
  const [a, b, c, d] = tensor.shape;
  if (tensor.shape.length === 4 && a && b && c && d) return [a, b, c, d];
  throw new BadModel(`${name} has a tensor of ${tensor.shape.length} dimensions`);
}

interface Layer {
  readonly bench: Workbench;
  readonly operation: Operation;
  readonly inputTensor: Tensor;
  readonly outputTensor: Tensor;
  readonly weightTensor: Tensor;
  readonly weights: Int8Array;
}

function layerOf(bench: Workbench, operation: Operation): Layer {
  const [input, filter] = [bench.input(operation, 0), bench.input(operation, 1)];
  const weightTensor = bench.tensor(filter);
  if (weightTensor.zero !== 0)
    throw new BadModel(`${operation.name} has weights with a zero point`);
  return {
    bench,
    operation,
    inputTensor: bench.tensor(input),
    outputTensor: bench.tensor(bench.output(operation)),
    weightTensor,
    weights: bench.constantInt8(filter),
  };
}

/** Bias and factor of each channel; `sum` gives the sum of a channel's weights. */
function channelsOf(
  { bench, operation, inputTensor, outputTensor, weightTensor }: Layer,
  channels: number,
  sum: (channel: number) => number,
): { readonly bias: Int32Array; readonly factors: Float64Array } {
  const { scales } = weightTensor;
  if (scales.length !== 1 && scales.length !== channels) {
    throw new BadModel(`${operation.name} has ${scales.length} scales for ${channels} channels`);
  }
  const rescale = scaleOf(inputTensor, operation) / scaleOf(outputTensor, operation);
  const factors = Float64Array.from({ length: channels }, (_, c) => {
    return (scales[scales.length === 1 ? 0 : c] ?? 0) * rescale;
  });
  const third = operation.inputs[2];
  const given = third === undefined ? new Int32Array(channels) : bench.constantInt32(third);
  if (given.length !== channels) throw new BadModel(`${operation.name} has a bias of other length`);
  const bias = given.map((value, channel) => value - inputTensor.zero * sum(channel));
  return { bias, factors };
}

interface Window {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly dilationY: number;
  readonly dilationX: number;
}

/** Where the filter is laid on the input, and what the output's shape must be. */
function startsOf(layer: Layer, window: Window, outputs: number, strides: Strides): Int32Array {
  const { operation, outputTensor, inputTensor } = layer;
  const { name } = operation;
  const { height, width, channels } = window;
  const reachY = (window.filterHeight - 1) * window.dilationY;
  const reachX = (window.filterWidth - 1) * window.dilationX;
  const rows = Math.floor((height - 1 - reachY) / strides.y) + 1;
  const columns = Math.floor((width - 1 - reachX) / strides.x) + 1;
  const isPadded = strides.padding === PADDING_SAME && (reachX > 0 || reachY > 0);
  if (isPadded) throw new BadModel(`${name} pads its input, which no streaming model does`);
  const [batch, outHeight, outWidth, outChannels] = fourOf(outputTensor, operation);
  const fits = outHeight === rows && outWidth === columns && outChannels === outputs;
  if (rows < 1 || columns < 1 || !fits || batch !== 1 || inputTensor.shape[0] !== 1) {
    throw new BadModel(`${name} has an output of another shape`);
  }
  return Int32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return (row * strides.y * width + column * strides.x) * channels;
  });
}

interface Strides {
  readonly padding: number;
  readonly x: number;
  readonly y: number;
}

/** The fields of both kinds of convolution that mean the same; both begin alike. */
function stridesOf({ options, name }: Operation): Strides {
  const strides = {
    padding: options?.int8(0, 0) ?? 0,
    x: options?.int32(1, 0) ?? 0,
    y: options?.int32(2, 0) ?? 0,
  };
  for (const stride of [strides.x, strides.y]) factorWithin(stride, name);
  return strides;
}

function factorWithin(factor: number, name: string): number {
  if (factor >= 1 && factor <= STRIDE_MAX) return factor;
  throw new BadModel(`${name} has a step of ${factor}`);
}

function checkSummands(count: number, { name }: Operation): void {
  if (count > SUMMANDS_MAX) throw new BadModel(`${name} adds up ${count} products`);
}

/** Field numbers in the options: the activation, and where the dilations begin. */
const CONVOLUTION_FIELDS = { activation: 3, dilationX: 4, dilationY: 5 };
const DEPTHWISE_FIELDS = { activation: 4, dilationX: 5, dilationY: 6 };

export function convolution(bench: Workbench, operation: Operation): Step {
  const layer = layerOf(bench, operation);
  const { options, name } = operation;
  const [, height, width, channels] = fourOf(layer.inputTensor, operation);
  const [outputs, filterHeight, filterWidth, depth] = fourOf(layer.weightTensor, operation);
  if (depth !== channels) throw new BadModel(`${name} has filters of another depth`);
  const fields = CONVOLUTION_FIELDS;
  const dilationX = factorWithin(options?.int32(fields.dilationX, 1) ?? 1, name);
  const dilationY = factorWithin(options?.int32(fields.dilationY, 1) ?? 1, name);
  const window = { channels, height, width, filterHeight, filterWidth, dilationX, dilationY };
  const starts = startsOf(layer, window, outputs, stridesOf(operation));
  const summands = filterHeight * filterWidth * depth;
  checkSummands(summands, operation);
  bench.multiplies(starts.length * outputs * summands);
  const sum = (channel: number): number =>
    sumOf(layer.weights.subarray(channel * summands, (channel + 1) * summands));
  return convolve({
    input: bench.readInt8(bench.input(operation, 0)),
    output: bench.writtenInt8(bench.output(operation)),
    weights: layer.weights,
    ...channelsOf(layer, outputs, sum),
    starts,
    ...runsOf(window),
    range: rangeOf(layer.outputTensor, operation, options?.int8(fields.activation, 0) ?? 0),
  });
}

/** Neighbours in the filter that are neighbours in the input are taken in one run. */
function runsOf(window: Window): { readonly runs: Int32Array; readonly runLength: number } {
  const { channels, width, filterHeight, filterWidth, dilationX, dilationY } = window;
  if (filterWidth === width && dilationX === 1 && dilationY === 1) {
    return { runs: new Int32Array(1), runLength: filterHeight * filterWidth * channels };
  }
  const taps = tapsOf(window);
  return { runs: taps, runLength: channels };
}

function tapsOf({ channels, width, filterHeight, filterWidth, ...window }: Window): Int32Array {
  return Int32Array.from({ length: filterHeight * filterWidth }, (_, at) => {
    const [y, x] = [Math.floor(at / filterWidth), at % filterWidth];
    return (y * window.dilationY * width + x * window.dilationX) * channels;
  });
}

export function depthwiseConvolution(bench: Workbench, operation: Operation): Step {
  const layer = layerOf(bench, operation);
  const { options, name } = operation;
  const [, height, width, channels] = fourOf(layer.inputTensor, operation);
  const [one, filterHeight, filterWidth, outputs] = fourOf(layer.weightTensor, operation);
  if (one !== 1 || outputs !== channels) {
    throw new BadModel(`${name} makes ${outputs} channels of ${channels}`);
  }
  const fields = DEPTHWISE_FIELDS;
  const dilationX = factorWithin(options?.int32(fields.dilationX, 1) ?? 1, name);
  const dilationY = factorWithin(options?.int32(fields.dilationY, 1) ?? 1, name);
  const window = { channels, height, width, filterHeight, filterWidth, dilationX, dilationY };
  const starts = startsOf(layer, window, outputs, stridesOf(operation));
  checkSummands(filterHeight * filterWidth, operation);
  bench.multiplies(starts.length * layer.weights.length);
  const sum = (channel: number): number =>
    sumOf(layer.weights.filter((_, at) => at % channels === channel));
  return convolveDepthwise({
    input: bench.readInt8(bench.input(operation, 0)),
    output: bench.writtenInt8(bench.output(operation)),
    weights: layer.weights,
    ...channelsOf(layer, outputs, sum),
    starts,
    taps: tapsOf(window),
    range: rangeOf(layer.outputTensor, operation, options?.int8(fields.activation, 0) ?? 0),
  });
}

export function fullyConnected(bench: Workbench, operation: Operation): Step {
  const layer = layerOf(bench, operation);
  const { name, options } = operation;
  const [outputs = 0, depth = 0] = layer.weightTensor.shape;
  const isMatrix = layer.weightTensor.shape.length === 2;
  const fits = layer.inputTensor.size === depth && layer.outputTensor.size === outputs;
  if (!isMatrix || !fits) throw new BadModel(`${name} has a matrix of another shape`);
  checkSummands(depth, operation);
  bench.multiplies(outputs * depth);
  const sum = (channel: number): number =>
    sumOf(layer.weights.subarray(channel * depth, (channel + 1) * depth));
  return convolve({
    input: bench.readInt8(bench.input(operation, 0)),
    output: bench.writtenInt8(bench.output(operation)),
    weights: layer.weights,
    ...channelsOf(layer, outputs, sum),
    starts: new Int32Array(1),
    runs: new Int32Array(1),
    runLength: depth,
    range: rangeOf(layer.outputTensor, operation, options?.int8(0, 0) ?? 0),
  });
}

function sumOf(numbers: Int8Array): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** LOGISTIC and QUANTIZE: a number for a number. */
export function pointwise(bench: Workbench, operation: Operation): Step {
  const input = bench.input(operation, 0);
  const [from, to] = [bench.tensor(input), bench.tensor(bench.output(operation))];
  if (from.size !== to.size) throw new BadModel(`${operation.name} changes the size`);
  const [scaleIn, scaleOut] = [scaleOf(from, operation), scaleOf(to, operation)];
  const isLogistic = operation.name === "LOGISTIC";
  const map = (q: number): number => {
    const real = scaleIn * (q - from.zero);
    return (isLogistic ? 1 / (1 + Math.exp(-real)) : real) / scaleOut + to.zero;
  };
  bench.copies(from.size);
  const range = rangeOf(to, operation, NO_ACTIVATION);
  return eachThrough(bench.readInt8(input), bench.written(bench.output(operation)), map, range);
}
