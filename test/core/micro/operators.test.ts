/**
 * The operators that calculate, each by itself, against the plain definition of what it does: real
 * numbers, no shortcuts.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  convolution,
  depthwiseConvolution,
  fullyConnected,
  pointwise,
} from "../../../src/core/micro/layers.ts";
import {
  anyNumbers,
  bytesOf,
  INPUT,
  INT8,
  int8,
  ints,
  OUTPUT,
  trial,
  UINT8,
} from "../../helpers/operator-trial.ts";
import type { Fields, TinyGraph, TinyTensor } from "../../helpers/tiny-model.ts";

function assertClose(found: ArrayLike<number>, wanted: readonly number[]): void {
  assert.equal(found.length, wanted.length);
  for (const [i, real] of wanted.entries()) {
    const difference = Math.abs((found[i] ?? 0) - real);
    assert.ok(difference <= 0.5 + 1e-6, `number ${i} is ${found[i]}, by definition ${real}`);
  }
}

const clamp = (value: number, low = -128): number => Math.max(low, Math.min(127, value));

interface Filter {
  readonly height: number;
  readonly width: number;
  readonly filter: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly channels: number;
  readonly outputs: number;
  readonly relu: boolean;
  readonly isDepthwise: boolean;
}

/** The definition: every output position, channel, tap and input channel in turn. */
function defined(of: Filter, input: Int8Array, weights: Int8Array, bias: readonly number[]) {
  const { height, width, filter, stride, dilation, channels, outputs } = of;
  const rows = Math.floor((height - 1 - (filter[0] - 1) * dilation[0]) / stride[0]) + 1;
  const columns = Math.floor((width - 1 - (filter[1] - 1) * dilation[1]) / stride[1]) + 1;
  const wanted: number[] = [];
  for (let at = 0; at < rows * columns * outputs; at++) {
    const [position, output] = [Math.floor(at / outputs), at % outputs];
    const [row, column] = [Math.floor(position / columns), position % columns];
    const scale = weightScale(output);
    let sum = (bias[output] ?? 0) * INPUT.scale * scale;
    for (let tap = 0; tap < filter[0] * filter[1]; tap++) {
      const [y, x] = [Math.floor(tap / filter[1]), tap % filter[1]];
      const [inY, inX] = [row * stride[0] + y * dilation[0], column * stride[1] + x * dilation[1]];
      const depths = of.isDepthwise ? [output] : Array.from({ length: channels }, (_, c) => c);
      for (const depth of depths) {
        const q = input[(inY * width + inX) * channels + depth] ?? Number.NaN;
        const w = of.isDepthwise
          ? weights[tap * channels + depth]
          : weights[(output * filter[0] * filter[1] + tap) * channels + depth];
        sum += INPUT.scale * (q - INPUT.zero) * scale * (w ?? Number.NaN);
      }
    }
    wanted.push(clamp(sum / OUTPUT.scale + OUTPUT.zero, of.relu ? OUTPUT.zero : -128));
  }
  return { rows, columns, wanted };
}

const weightScale = (channel: number): number => Math.fround(0.01 * (1 + channel / 3));

function tryFilter(of: Filter): void {
  const { height, width, filter, stride, dilation, channels, outputs, isDepthwise } = of;
  const input = anyNumbers(height * width * channels, 1);
  const weights = anyNumbers(outputs * filter[0] * filter[1] * (isDepthwise ? 1 : channels), 2);
  const bias = Array.from({ length: outputs }, (_, c) => 300 * (c - 1));
  const { rows, columns, wanted } = defined(of, input, weights, bias);
  const activation = { int: of.relu ? 1 : 0 };
  const dilations = [{ int: dilation[1] }, { int: dilation[0] }];
  const options: Fields = [
    { int: 1 },
    { int: stride[1] },
    { int: stride[0] },
    ...(isDepthwise ? [{ int: 1 }, activation] : [activation]),
    ...dilations,
  ];
  const shape = isDepthwise ? [1, ...filter, channels] : [outputs, ...filter, channels];
  const scales = Array.from({ length: outputs }, (_, c) => weightScale(c));
  const { bench, operation } = trial(
    {
      tensors: [
        int8([1, height, width, channels], INPUT),
        { type: INT8, shape, scales, constant: bytesOf(weights) },
        ints(bias),
        int8([1, rows, columns, outputs], OUTPUT),
      ],
      inputs: [0],
      outputs: [3],
      operators: [{ code: isDepthwise ? 4 : 3, inputs: [0, 1, 2], outputs: [3], options }],
    },
    new Map([[0, input]]),
  );
  const step = isDepthwise ? depthwiseConvolution(bench, operation) : convolution(bench, operation);
  step();
  assertClose(bench.read(3), wanted);
}

const PLAIN = { height: 5, width: 1, filter: [5, 1], stride: [1, 1], dilation: [1, 1] } as const;

test("CONV_2D: the shapes of streaming models, with and without RELU", () => {
  for (const relu of [false, true]) {
    tryFilter({ ...PLAIN, channels: 40, outputs: 6, relu, isDepthwise: false });
    tryFilter({
      ...{ ...PLAIN, height: 1, filter: [1, 1] as const },
      ...{ channels: 13, outputs: 9, relu, isDepthwise: false },
    });
  }
});

test("CONV_2D: strides, dilations and two dimensions", () => {
  const filter = [2, 2] as const;
  const rest = { channels: 3, outputs: 4, relu: false, isDepthwise: false } as const;
  tryFilter({ height: 7, width: 6, filter, stride: [2, 3], dilation: [1, 1], ...rest });
  tryFilter({ height: 7, width: 6, filter, stride: [1, 1], dilation: [3, 2], ...rest });
});

test("DEPTHWISE_CONV_2D: each channel by itself", () => {
  for (const relu of [false, true]) {
    tryFilter({ ...PLAIN, channels: 7, outputs: 7, relu, isDepthwise: true });
  }
  const filter = [2, 3] as const;
  const rest = { channels: 5, outputs: 5, relu: false, isDepthwise: true } as const;
  tryFilter({ height: 6, width: 8, filter, stride: [2, 1], dilation: [2, 2], ...rest });
});

test("FULLY_CONNECTED: every number with every other", () => {
  const [depth, outputs] = [37, 3];
  const [input, weights] = [anyNumbers(depth, 3), anyNumbers(depth * outputs, 4)];
  const bias = [-500, 0, 900];
  const { bench, operation } = trial(
    {
      tensors: [
        int8([1, depth], INPUT),
        { type: INT8, shape: [outputs, depth], scales: [0.02], constant: bytesOf(weights) },
        ints(bias),
        int8([1, outputs], OUTPUT),
      ],
      inputs: [0],
      outputs: [3],
      operators: [{ code: 9, inputs: [0, 1, 2], outputs: [3], options: [] }],
    },
    new Map([[0, input]]),
  );
  fullyConnected(bench, operation)();
  const scale = Math.fround(0.02);
  const wanted = bias.map((offset, output) => {
    let sum = offset * INPUT.scale * scale;
    for (let i = 0; i < depth; i++) {
      const w = weights[output * depth + i] ?? Number.NaN;
      sum += INPUT.scale * ((input[i] ?? Number.NaN) - INPUT.zero) * scale * w;
    }
    return clamp(sum / OUTPUT.scale + OUTPUT.zero);
  });
  assertClose(bench.read(3), wanted);
});

test("LOGISTIC and QUANTIZE: all 256 numbers", () => {
  const all = Int8Array.from({ length: 256 }, (_, i) => i - 128);
  const graph = (code: number, output: TinyTensor): TinyGraph => ({
    tensors: [int8([1, 256], INPUT), output],
    inputs: [0],
    outputs: [1],
    operators: [{ code, inputs: [0], outputs: [1] }],
  });
  const logistic = trial(
    graph(14, int8([1, 256], { scale: 1 / 256, zero: -128 })),
    new Map([[0, all]]),
  );
  pointwise(logistic.bench, logistic.operation)();
  const real = (q: number): number => Math.fround(INPUT.scale) * (q - INPUT.zero);
  assertClose(
    logistic.bench.read(1),
    [...all].map((q) => clamp(256 / (1 + Math.exp(-real(q))) - 128)),
  );
  const unsigned = { type: UINT8, shape: [1, 256], scales: [0.06], zero: 3 };
  const quantize = trial(graph(114, unsigned), new Map([[0, all]]));
  pointwise(quantize.bench, quantize.operation)();
  assertClose(
    quantize.bench.read(1),
    [...all].map((q) => Math.max(0, Math.min(255, real(q) / Math.fround(0.06) + 3))),
  );
});
