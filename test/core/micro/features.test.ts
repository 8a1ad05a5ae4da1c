/**
 * The front end, value by value: against what the C original made of the same recording, where the
 * shared test material has both; against what this one made of a made-up sound on the day on which
 * it agreed with the original in every value; and what must hold for any sound.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { FEATURES, Features, STEP_SAMPLES } from "../../../src/core/micro/features.ts";
import { FFT_SAMPLES, SPECTRUM_BINS, Spectrum } from "../../../src/core/micro/spectrum.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { microFile, microSound } from "../../helpers/wake-audio.ts";

const MADE_UP_SLICE_100 = [476, 342, 133, 0, 322, 0, 427, 266];
const MADE_UP_SHA256 = "72ce8226ffba0742e18e3b8777dae3c8bd6c3401ece6981fbf33f2e5ce984475";

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
  for (const [row, slice] of wanted.entries()) {
    assert.deepEqual(found[row], slice, `slice ${row}, ${row * 10} ms from the start`);
  }
  t.diagnostic(`all ${wanted.length * FEATURES} values are equal`);
});

/** Two seconds of noise in bursts: from a whisper to full scale and back. */
function bursts(): Int16Array {
  const dice = new SimDice(16);
  return Int16Array.from({ length: 32_000 }, (_, i) => {
    const sixteenth = Math.floor(i / 2_000);
    return (dice.unit() - 0.5) * 2 ** (sixteenth < 8 ? 9 + sixteenth : 24 - sixteenth);
  });
}

test("the features of a made-up sound stay what they were when they were the original's", () => {
  const slices = slicesOf(bursts());
  assert.equal(slices.length, 198);
  assert.deepEqual(slices[100]?.slice(0, 8), MADE_UP_SLICE_100);
  const bytes = Uint8Array.from(slices.flat().flatMap((value) => [value & 0xff, value >> 8]));
  assert.equal(createHash("sha256").update(bytes).digest("hex"), MADE_UP_SHA256);
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
