/** The real Fourier transform against its definition, for all the radices. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { RealFft } from "../../../src/core/echo/fft.ts";
import { noise } from "../../helpers/sound.ts";

/** The sum itself, as it stands in every book. */
function slow(time: Float64Array, bin: number): readonly [number, number] {
  let [re, im] = [0, 0];
  time.forEach((sample, n) => {
    re += sample * Math.cos((2 * Math.PI * bin * n) / time.length);
    im -= sample * Math.sin((2 * Math.PI * bin * n) / time.length);
  });
  return [re, im];
}

for (const size of [2, 4, 6, 10, 24, 240, 256, 320, 480, 600]) {
  test(`${size} points: every frequency as defined, and back again`, () => {
    const fft = new RealFft(size);
    const time = Float64Array.from(noise(size, size));
    const [re, im] = [new Float64Array(fft.bins), new Float64Array(fft.bins)];
    fft.forward(time, re, im);
    for (let bin = 0; bin < fft.bins; bin++) {
      const [wantedRe, wantedIm] = slow(time, bin);
      assert.ok(Math.abs((re[bin] ?? 0) - wantedRe) < 1e-5 * size, `re ${bin}`);
      assert.ok(Math.abs((im[bin] ?? 0) - wantedIm) < 1e-5 * size, `im ${bin}`);
    }
    const back = new Float64Array(size);
    fft.inverse(re, im, back);
    back.forEach((sample, n) => {
      assert.ok(Math.abs(sample - (time[n] ?? 0)) < 1e-8, `sample ${n}`);
    });
  });
}

test("a length that it cannot do is refused", () => {
  assert.throws(() => new RealFft(14), /factors 2, 3 and 5/);
  assert.throws(() => new RealFft(15), /even/);
});
