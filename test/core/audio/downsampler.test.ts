/** The 3:2 resampler in the frequency domain, and that it has no seams. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Downsampler,
  RESAMPLE_DELAY_SAMPLES,
  RESAMPLE_RATIO,
  resampledMax,
  WAKE_RATE_HZ,
} from "../../../src/core/audio/downsampler.ts";
import { SAMPLE_RATE_HZ } from "../../../src/core/audio/pcm.ts";
import { noise } from "../../helpers/sound.ts";

const AMPLITUDE = 16_000;
const RIPPLE_MAX_DB = 0.5;
const ALIAS_MAX_DB = -60;

function tone(hertz: number, seconds: number): Int16Array {
  return Int16Array.from({ length: SAMPLE_RATE_HZ * seconds }, (_, n) =>
    Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hertz * n) / SAMPLE_RATE_HZ)),
  );
}

/** Resamples in calls of the given lengths, in turn. */
function resample(pcm: Int16Array, cuts: readonly number[], resampler = new Downsampler()) {
  const output = new Int16Array(resampledMax(pcm.length) + cuts.length);
  const part = new Int16Array(resampledMax(Math.max(...cuts)));
  let written = 0;
  let turn = 0;
  for (let at = 0; at < pcm.length; turn++) {
    const next = at + (cuts[turn % cuts.length] ?? 1);
    const count = resampler.process(pcm.subarray(at, next), part);
    output.set(part.subarray(0, count), written);
    written += count;
    at = next;
  }
  return output.slice(0, written);
}

/** Level and phase of one frequency in 16 kHz sound, by its Fourier sum over half a second. */
function component(pcm: Int16Array, hertz: number): { db: number; phase: number } {
  let re = 0;
  let im = 0;
  const from = 4000;
  const count = WAKE_RATE_HZ / 2;
  for (let n = from; n < from + count; n++) {
    const angle = (2 * Math.PI * hertz * n) / WAKE_RATE_HZ;
    re += (pcm[n] ?? 0) * Math.cos(angle);
    im += (pcm[n] ?? 0) * Math.sin(angle);
  }
  const level = (2 * Math.hypot(re, im)) / count / AMPLITUDE;
  return { db: 20 * Math.log10(level + 1e-9), phase: Math.atan2(re, im) };
}

/** The power of all of it, against that of the full tone. */
function levelDb(pcm: Int16Array): number {
  let sum = 0;
  for (const sample of pcm.subarray(4000, 12_000)) sum += sample * sample;
  return 10 * Math.log10((2 * sum) / 8000 / AMPLITUDE ** 2 + 1e-12);
}

test("up to 6.8 kHz it is flat within 0.5 dB", () => {
  for (let hertz = 100; hertz <= 6800; hertz += 100) {
    const { db } = component(resample(tone(hertz, 1), [480]), hertz);
    assert.ok(Math.abs(db) <= RIPPLE_MAX_DB, `${hertz} Hz: ${db.toFixed(2)} dB`);
  }
});

test("what could fold back is below -60 dB", () => {
  for (let hertz = 8020; hertz < 12_000; hertz += 90) {
    const db = levelDb(resample(tone(hertz, 1), [480]));
    assert.ok(db < ALIAS_MAX_DB, `${hertz} Hz: ${db.toFixed(1)} dB`);
  }
});

test("a tone brings no images beside it", () => {
  for (const hertz of [300, 1900, 3700, 6700]) {
    const pcm = resample(tone(hertz, 1), [480]);
    const total = 10 ** (levelDb(pcm) / 10);
    const rest = Math.abs(total - 10 ** (component(pcm, hertz).db / 10));
    assert.ok(10 * Math.log10(rest + 1e-9) < ALIAS_MAX_DB, `${hertz} Hz`);
  }
});

test("any chunking gives the same output, bit for bit", () => {
  const pcm = noise(24_000, 5, 32_000);
  const whole = resample(pcm, [pcm.length]);
  assert.equal(whole.length, 16_000);
  for (const cuts of [[1], [2], [480], [481], [7, 480, 3], [959, 1, 1], [1000], [333, 2048]]) {
    assert.deepEqual(resample(pcm, cuts), whole, `cut into ${cuts}`);
  }
});

test("the delay is the one that is documented, at every frequency", () => {
  for (const hertz of [100, 1000, 2500, 6000]) {
    const { phase } = component(resample(tone(hertz, 1), [480]), hertz);
    const expected = (-2 * Math.PI * hertz * RESAMPLE_DELAY_SAMPLES) / SAMPLE_RATE_HZ;
    const turns = (phase - expected) / (2 * Math.PI);
    assert.ok(Math.abs(turns - Math.round(turns)) < 0.001, `${hertz} Hz is off by ${turns} turns`);
  }
  const click = new Int16Array(4800);
  click[2400] = 30_000;
  const output = resample(click, [480]);
  const peak = output.indexOf(Math.max(...output));
  const lag = peak * RESAMPLE_RATIO - 2400;
  assert.ok(Math.abs(lag - RESAMPLE_DELAY_SAMPLES) <= RESAMPLE_RATIO / 2, `${lag} samples`);
});

test("after a reset it is as new, whatever came before", () => {
  const pcm = noise(1201, 9, 20_000);
  const resampler = new Downsampler();
  const first = resample(pcm, [480], resampler);
  resampler.reset();
  assert.deepEqual(resample(pcm, [480], resampler), first);
});

test("full scale is clipped, not wrapped, and too short an output is refused", () => {
  const square = Int16Array.from({ length: 2400 }, (_, n) => (n % 48 < 24 ? 32_764 : -32_768));
  const output = resample(square, [480]);
  // At a quarter of the level the overshoot fits.
  const small = resample(
    square.map((sample) => sample / 4),
    [480],
  );
  for (const [n, sample] of output.entries()) {
    const expected = Math.max(-32_768, Math.min(32_767, 4 * (small[n] ?? 0)));
    assert.ok(Math.abs(sample - expected) <= 4, `${n}: ${sample} for ${expected}`);
  }
  assert.equal(Math.max(...output), 32_767);
  assert.throws(() => new Downsampler().process(square, new Int16Array(10)), RangeError);
});
