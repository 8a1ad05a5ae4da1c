/** When a sample was captured, whatever our own loop does. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CaptureClock, GAP_MS } from "../../../src/core/audio/capture-clock.ts";
import { FRAME_MS, FRAME_SAMPLES } from "../../../src/core/audio/pcm.ts";

/** Frames of a device that began at 1000 ms, each handed over so much late. */
function captured(lateMs: (nth: number) => number, frames = 200): CaptureClock {
  const clock = new CaptureClock();
  for (let nth = 1; nth <= frames; nth++) {
    clock.took(nth * FRAME_SAMPLES, 1000 + nth * FRAME_MS + lateMs(nth));
  }
  return clock;
}

test("nothing was captured: nothing is known", () => {
  assert.equal(new CaptureClock().atMs(0), null);
});

test("frames that were handed over late do not count", () => {
  const clock = captured((nth) => (nth % 7 === 0 ? 0 : (nth * 13) % 40));
  assert.equal(clock.atMs(0), 1000);
  assert.equal(clock.atMs(24_000), 2000);
});

test("a device that runs slower than our clock is followed", () => {
  const clock = captured((nth) => nth * FRAME_MS * 0.001, 50_000); // 0.1 %: far beyond any crystal.
  const driftMs = 50_000 * FRAME_MS * 0.001;
  const at = clock.atMs(50_000 * FRAME_SAMPLES) ?? 0;
  assert.ok(Math.abs(at - (1000 + 50_000 * FRAME_MS + driftMs)) <= 1.1, `${at}`);
});

test("after a gap in the capture, positions are timed anew at once", () => {
  const clock = captured((nth) => (nth > 100 ? GAP_MS + 3000 : 0), 101);
  assert.equal(clock.atMs(101 * FRAME_SAMPLES), 1000 + 101 * FRAME_MS + GAP_MS + 3000);
});
