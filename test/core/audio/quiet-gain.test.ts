/** The slow gain of quiet rooms: how far it goes, how soon, and that it never clips. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_MS, FRAME_SAMPLES } from "../../../src/core/audio/pcm.ts";
import { QuietGain } from "../../../src/core/audio/quiet-gain.ts";
import { SpeechGate } from "../../../src/core/audio/speech-gate.ts";
import { SimDice } from "../../../src/sim/dice.ts";

/** A frame whose loudest sample is so far below full scale. */
function frameAt(peakDbfs: number): Int16Array {
  const frame = new Int16Array(FRAME_SAMPLES);
  frame[7] = -Math.round(32_768 * 10 ** (peakDbfs / 20));
  return frame;
}

function after(gain: QuietGain, frame: Int16Array, ms: number): number {
  for (let at = 0; at < ms; at += FRAME_MS) gain.take(frame);
  return gain.gainDb;
}

test("quiet sound is brought up to -20 dBFS by at most 20 dB; loud sound is left alone", () => {
  for (const [peakDbfs, wantedDb] of [
    [-60, 20],
    [-40, 20],
    [-35, 15],
    [-30, 10],
    [-20, 0],
    [-3, 0],
    [0, 0],
  ] as const) {
    const found = after(new QuietGain(), frameAt(peakDbfs), 100);
    assert.ok(Math.abs(found - wantedDb) < 0.1, `${peakDbfs} dBFS: ${found} dB`);
  }
});

test("it falls with the very frame that is too loud, and rises a decibel a second when it is over", () => {
  const gain = new QuietGain();
  assert.equal(after(gain, frameAt(-60), 1000), 20);
  assert.ok(after(gain, frameAt(-25), FRAME_MS) < 5.1);
  assert.ok(after(gain, frameAt(-60), 9000) < 5.1, "remembered");
  const soon = after(gain, frameAt(-60), 3000);
  assert.ok(soon > 5.5 && soon < 8.1, `${soon} dB`);
  assert.equal(after(gain, frameAt(-60), 20_000), 20);
});

test("whatever comes, nothing that is amplified is clipped", () => {
  const dice = new SimDice(11);
  const gain = new QuietGain();
  const out = new Int16Array(FRAME_SAMPLES);
  for (let nth = 0; nth < 2000; nth++) {
    const frame = frameAt(-60 * dice.unit());
    gain.take(frame);
    gain.apply(frame, out);
    const least = Math.min(...out);
    assert.ok(gain.gainDb === 0 || least > -32_768 * 0.11, `${least} at ${gain.gainDb} dB`);
    assert.ok(Math.abs(least) >= Math.abs(frame[7] ?? 0));
  }
});

test("its rise alone does not open the gate", () => {
  const dice = new SimDice(12);
  const [gain, gate] = [new QuietGain(), new SpeechGate()];
  const hiss = (): Int16Array =>
    Int16Array.from({ length: FRAME_SAMPLES }, () => dice.below(57) - 28);
  gain.take(frameAt(-3));
  const out = new Int16Array(FRAME_SAMPLES);
  let opened = 0;
  for (let nth = 0; nth < 2000; nth++) {
    const frame = hiss();
    gain.take(frame);
    gain.apply(frame, out);
    const isOpen = gate.take(out);
    // The first seconds of any sound open it: it knows no floor yet.
    if (nth > 250 && isOpen) opened += 1;
  }
  assert.equal(gain.gainDb, 20);
  assert.equal(opened, 0);
});
