/**
 * The front end, value by value, against what the C original made of the same recording, where the
 * shared test material has both; and what must hold for any sound.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FEATURES, Features, STEP_SAMPLES } from "../../../src/core/micro/features.ts";
import { FFT_SAMPLES, SPECTRUM_BINS, Spectrum } from "../../../src/core/micro/spectrum.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { microFile, microSound } from "../../helpers/wake-audio.ts";

/** Of 7920 values, 13 differ in their last bit before the logarithm. */
const EQUAL_MIN = 0.998;
/** One step of the number under the logarithm where it is smallest: 64 · ln(72 / 64), and rounding. */
const DIFFERENCE_MAX = 12;

function slicesOf(pcm: Int16Array, cut = pcm.length): number[][] {
  const features = new Features();
  const slices: number[][] = [];
  for (let at = 0; at < pcm.length; at += cut) {
    features.push(pcm.subarray(at, at + cut), (slice) => slices.push([...slice]));
  }
  return slices;
}

test("the features of a recording are those of the C original", (t) => {
  const text = microFile("alexa-1.features.txt");
  const pcm = microSound("alexa", "1.wav");
  if (text === null || pcm === null) {
    t.skip("no test material");
    return;
  }
  const lines = text.toString().trim().split("\n");
  const wanted = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const found = slicesOf(pcm);
  assert.equal(found.length, wanted.length);
  let equal = 0;
  let most = 0;
  for (const [row, slice] of wanted.entries()) {
    for (const [column, value] of slice.entries()) {
      const difference = Math.abs((found[row]?.[column] ?? Number.NaN) - value);
      if (difference === 0) equal += 1;
      most = Math.max(most, difference);
    }
  }
  const share = equal / (wanted.length * FEATURES);
  t.diagnostic(`${(100 * share).toFixed(2)} % of the values are equal, the others within ${most}`);
  assert.ok(share >= EQUAL_MIN && most <= DIFFERENCE_MAX, `${share} equal, ${most} at most`);
});

test("however the sound is cut, the slices are the same: one every 10 ms from 30 ms on", () => {
  const dice = new SimDice(3);
  const pcm = Int16Array.from({ length: 16_000 }, () => (dice.unit() - 0.5) * 4000);
  const whole = slicesOf(pcm);
  assert.equal(whole.length, 98);
  for (const cut of [1, STEP_SAMPLES, 512, 4999]) assert.deepEqual(slicesOf(pcm, cut), whole);
});

test("silence is 0, and the loudest sound stays within 16 bits", () => {
  assert.ok(
    slicesOf(new Int16Array(4800))
      .flat()
      .every((value) => value === 0),
  );
  const square = Int16Array.from({ length: 4800 }, (_, i) => (i % 16 < 8 ? 32_767 : -32_768));
  const loud = slicesOf(square).flat();
  assert.ok(loud.every((value) => value >= 0 && value < 1000));
  assert.ok(Math.max(...loud) > 300);
});

test("the spectrum is the discrete Fourier transform, to the last bits of 16", () => {
  const dice = new SimDice(4);
  const samples = Int16Array.from({ length: FFT_SAMPLES }, () => (dice.unit() - 0.5) * 60_000);
  const energies = new Float64Array(SPECTRUM_BINS);
  new Spectrum().energies(samples, energies);
  for (let k = 1; k < SPECTRUM_BINS - 1; k++) {
    let [re, im] = [0, 0];
    for (const [n, sample] of samples.entries()) {
      re += sample * Math.cos((-2 * Math.PI * k * n) / FFT_SAMPLES);
      im += sample * Math.sin((-2 * Math.PI * k * n) / FFT_SAMPLES);
    }
    const wanted = Math.hypot(re, im) / FFT_SAMPLES;
    const found = Math.sqrt(energies[k] ?? Number.NaN);
    assert.ok(Math.abs(found - wanted) < 4, `bin ${k}: ${found}, by definition ${wanted}`);
  }
});
