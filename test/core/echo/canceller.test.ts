/** The echo canceller by itself: noise and speech-like sound through a short echo path. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { msToSamples } from "../../../src/core/audio/pcm.ts";
import {
  ECHO_BLOCK_SAMPLES,
  ECHO_BLOCKS,
  EchoCanceller,
} from "../../../src/core/echo/canceller.ts";
import { noise } from "../../helpers/sound.ts";

/** An echo by three ways, the longest 50 ms: half as loud, a quarter, an eighth. */
const WAYS = [
  [300, 0.5],
  [700, -0.25],
  [1_200, 0.125],
] as const;

function echoOf(played: Int16Array, delay = 0): Int16Array {
  return played.map((_, n) =>
    Math.round(WAYS.reduce((sum, [at, gain]) => sum + gain * (played[n - at - delay] ?? 0), 0)),
  );
}

function power(pcm: Int16Array): number {
  return pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length;
}

/** Loudness of `of` over that of `than`, decibels. */
function overDb(of: Int16Array, than: Int16Array): number {
  return 10 * Math.log10(power(of) / power(than));
}

function run(canceller: EchoCanceller, microphone: Int16Array, played: Int16Array): Int16Array {
  const out = new Int16Array(microphone.length);
  for (let at = 0; at < out.length; at += ECHO_BLOCK_SAMPLES) {
    const end = at + ECHO_BLOCK_SAMPLES;
    canceller.process(
      microphone.subarray(at, end),
      played.subarray(at, end),
      out.subarray(at, end),
    );
  }
  return out;
}

/** Noise below 5 kHz: what is above 8 kHz is not taken out. */
function dull(samples: number, seed: number): Int16Array {
  let pcm = Float64Array.from(noise(samples, seed));
  for (let pass = 0; pass < 6; pass++) {
    pcm = pcm.map((sample, n) => (sample + 2 * (pcm[n - 1] ?? 0) + (pcm[n - 2] ?? 0)) / 4);
  }
  return Int16Array.from(pcm, (sample) => Math.round(2 * sample));
}

const SECOND = msToSamples(1000);

test("an echo is 20 dB fainter after a second, and what is left goes on falling", () => {
  const played = dull(4 * SECOND, 1);
  const echo = echoOf(played);
  const left = run(new EchoCanceller(), echo, played);
  const second = (of: Int16Array, nth: number) => of.subarray(nth * SECOND, (nth + 1) * SECOND);
  assert.ok(overDb(second(left, 1), second(echo, 1)) < -20);
  assert.ok(overDb(second(left, 3), second(echo, 3)) < -25);
});

test("somebody who speaks at the same time comes through as loud as before", () => {
  const played = dull(4 * SECOND, 1);
  const echo = echoOf(played);
  const voice = dull(4 * SECOND, 9).map((sample, n) => (n < 2 * SECOND ? 0 : sample >> 2));
  const heard = echo.map((sample, n) => sample + (voice[n] ?? 0));
  const left = run(new EchoCanceller(), heard, played);
  const late = (of: Int16Array) => of.subarray(3 * SECOND);
  assert.ok(Math.abs(overDb(late(left), late(voice))) < 1);
  const wrong = late(left).map((sample, n) => sample - (late(voice)[n] ?? 0));
  assert.ok(overDb(wrong, late(voice)) < -6, "and is not bent");
});

test("nothing played: the microphone is passed on sample by sample", () => {
  const heard = noise(SECOND, 3);
  assert.deepEqual(run(new EchoCanceller(), heard, new Int16Array(SECOND)), heard);
});

test("an answer that lies 5 ms elsewhere than the one before is learned anew, within half a second", () => {
  const canceller = new EchoCanceller();
  const first = dull(3 * SECOND, 1);
  run(canceller, echoOf(first), first);
  canceller.rest();
  canceller.unsettle();
  const second = dull(2 * SECOND, 5);
  const echo = echoOf(second, 120);
  const left = run(canceller, echo, second);
  const late = (of: Int16Array) => of.subarray(SECOND / 2, SECOND);
  assert.ok(overDb(late(left), late(echo)) < -12);
});

test("an echo path that turns round is let go of before it makes the room louder for long", () => {
  const canceller = new EchoCanceller();
  const played = dull(4 * SECOND, 1);
  const echo = echoOf(played).map((sample, n) => (n < 2 * SECOND ? sample : -sample));
  const left = run(canceller, echo, played);
  const after = (of: Int16Array) => of.subarray(2.2 * SECOND, 2.5 * SECOND);
  assert.ok(overDb(after(left), after(echo)) < 0, "no louder than without, 0.2 s later");
});

test("what played while nothing came back is known when something does", () => {
  const played = dull(4 * SECOND, 1);
  const echo = echoOf(played);
  for (const passed of [1, 7, ECHO_BLOCKS, ECHO_BLOCKS + 13]) {
    const canceller = new EchoCanceller();
    run(canceller, echo.subarray(0, 2 * SECOND), played.subarray(0, 2 * SECOND));
    const from = 2 * SECOND + passed * ECHO_BLOCK_SAMPLES;
    const silent = new Int16Array(ECHO_BLOCK_SAMPLES);
    for (let at = 2 * SECOND; at < from; at += ECHO_BLOCK_SAMPLES) {
      canceller.pass(silent, played.subarray(at, at + ECHO_BLOCK_SAMPLES));
    }
    const part = (of: Int16Array): Int16Array => of.subarray(from, from + SECOND / 10);
    const left = run(canceller, part(echo), part(played));
    assert.ok(overDb(left, part(echo)) < -20, `after ${passed} blocks`);
  }
});
