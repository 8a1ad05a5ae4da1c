import assert from "node:assert/strict";
import { test } from "node:test";
import { convertTo24k } from "../../../src/core/audio/rate.ts";
import { noise, tone } from "../../helpers/sound.ts";

const RATES_HZ = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 44_099];

/** Signal to error in dB, away from the ends. */
function signalToErrorDb(got: Int16Array, want: Int16Array): number {
  let signal = 0;
  let error = 0;
  for (let i = 2_000; i < got.length - 2_000; i++) {
    signal += (want[i] ?? 0) ** 2;
    error += ((got[i] ?? 0) - (want[i] ?? 0)) ** 2;
  }
  return 10 * Math.log10(signal / Math.max(error, 1e-9));
}

test("24 kHz passes bit for bit, as a copy", () => {
  const pcm = noise(1_000);
  const out = convertTo24k(pcm, 24_000);
  assert.deepEqual(out, pcm);
  assert.notEqual(out, pcm);
});

test("a tone at any rate becomes the same tone at 24 kHz, better than 60 dB, in place", () => {
  for (const rateHz of RATES_HZ) {
    for (const share of [0.05, 0.4]) {
      const hertz = Math.round(Math.min(rateHz, 24_000) * share);
      const out = convertTo24k(tone(rateHz, hertz, rateHz, 20_000), rateHz);
      assert.equal(out.length, 24_000, `${rateHz} Hz: one second stays one second`);
      const db = signalToErrorDb(out, tone(24_000, hertz, 24_000, 20_000));
      assert.ok(db > 60, `${rateHz} Hz, tone of ${hertz} Hz: ${db.toFixed(1)} dB`);
    }
  }
});

test("what 24 kHz cannot carry is gone, not folded: under -60 dB", () => {
  for (const [rateHz, hertz] of [
    [44_100, 13_000],
    [48_000, 12_500],
    [48_000, 20_000],
    [96_000, 40_000],
  ] as const) {
    const out = convertTo24k(tone(rateHz, hertz, rateHz, 20_000), rateHz).subarray(2_000, 22_000);
    const peak = out.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    assert.ok(peak < 20_000 / 1_000, `${rateHz} Hz, tone of ${hertz} Hz: peak ${peak}`);
  }
});

test("full scale clips instead of wrapping, and nothing stays nothing", () => {
  const square = Int16Array.from({ length: 4_800 }, (_, i) => (i % 48 < 24 ? 32_767 : -32_768));
  const out = convertTo24k(square, 48_000);
  for (let i = 1; i < out.length; i++) {
    const flipped = Math.abs((out[i] ?? 0) - (out[i - 1] ?? 0));
    assert.ok(flipped < 65_536);
  }
  assert.ok((out[6] ?? 0) > 30_000 && (out[18] ?? 0) < -30_000);
  assert.equal(convertTo24k(new Int16Array(0), 48_000).length, 0);
});
