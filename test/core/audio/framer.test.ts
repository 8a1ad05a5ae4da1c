import assert from "node:assert/strict";
import { test } from "node:test";
import { Framer } from "../../../src/core/audio/framer.ts";
import { FRAME_SAMPLES } from "../../../src/core/audio/pcm.ts";
import { indexOfSamples, noise } from "../../helpers/sound.ts";

const FRAMES = 4;
const PCM = noise(FRAMES * FRAME_SAMPLES);
const BYTES = new Uint8Array(PCM.buffer);

function frame(chunks: readonly Uint8Array[]): Int16Array {
  const framer = new Framer();
  const out: number[] = [];
  for (const chunk of chunks) framer.push(chunk, (pcm) => out.push(...pcm));
  return Int16Array.from(out);
}

test("the same sound, cut at every byte of two frames, gives the same frames", () => {
  for (let cut = 0; cut <= 2 * FRAME_SAMPLES * 2; cut++) {
    assert.deepEqual(frame([BYTES.subarray(0, cut), BYTES.subarray(cut)]), PCM, `cut at ${cut}`);
  }
});

test("any size of chunk gives the same frames, and a part frame is held back", () => {
  for (const size of [1, 2, 3, 7, 639, 640, 959, 960, 961, 1_919, 4_000]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < BYTES.length; at += size) chunks.push(BYTES.subarray(at, at + size));
    assert.deepEqual(frame(chunks), PCM, `chunks of ${size}`);
  }
  assert.equal(frame([BYTES.subarray(0, 959)]).length, 0);
});

test("after a reset nothing of the old sound is left", () => {
  const framer = new Framer();
  framer.push(BYTES.subarray(0, 501), () => assert.fail("no frame yet"));
  framer.reset();
  const got: number[] = [];
  framer.push(BYTES.subarray(0, 960), (pcm) => got.push(...pcm));
  assert.equal(indexOfSamples(PCM, Int16Array.from(got)), 0);
});

test("of several channels one is taken, sample by sample, however the bytes are cut", () => {
  for (const index of [0, 2]) {
    const wanted = PCM.filter((_, at) => at % 4 === index);
    for (const size of [1, 7, 1000, 7680]) {
      const framer = new Framer(4, index);
      const got: number[] = [];
      for (let at = 0; at < BYTES.length; at += size) {
        framer.push(BYTES.subarray(at, at + size), (pcm) => got.push(...pcm));
      }
      assert.deepEqual(Int16Array.from(got), wanted, `channel ${index}, chunks of ${size}`);
    }
  }
});
