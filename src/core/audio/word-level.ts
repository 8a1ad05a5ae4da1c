/** How loud a word was: its loudest part, so that it does not matter how much silence came with it. */

import { dbfs } from "./level-meter.ts";
import { FRAME_SAMPLES, rms } from "./pcm.ts";

/** The word, its end, and what an engine needs to be sure of it. */
export const WORD_MS = 1_200;
/** 300 ms: the stressed syllable of a word and what belongs to it. */
const LOUD_FRAMES = 15;
/** What a microphone does not get below: digital silence. */
const SILENCE_DBFS = -120;

/** dBFS, in tenths, of the loudest 300 ms of this sound (24 kHz). */
export function wordLevelDbfs(pcm: Int16Array): number {
  const step = FRAME_SAMPLES;
  const length = Math.min(pcm.length, LOUD_FRAMES * step);
  let loudest = 0;
  for (let from = 0; length > 0 && from + length <= pcm.length; from += step) {
    loudest = Math.max(loudest, rms(pcm.subarray(from, from + length)));
  }
  return Math.min(0, Math.max(SILENCE_DBFS, dbfs(loudest) ?? SILENCE_DBFS));
}
