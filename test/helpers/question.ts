/**
 * What is said to the daemon: the demo's wake word and question, in a room that goes on hissing
 * after it. No two places of the hiss are alike, so each sample the server gets can be placed.
 */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadWav } from "../../src/adapters/os/wav-file.ts";
import { recordQuestion } from "../../src/commands/demo/io-material.ts";
import { msToSamples, SAMPLE_RATE_HZ } from "../../src/core/audio/pcm.ts";
import { wavHeader } from "../../src/core/audio/wav.ts";
import type { Stretch } from "./recordings.ts";
import { noise } from "./sound.ts";
import { joined } from "./speech.ts";

/** Reason for skipping where nobody can speak. */
export const NO_VOICE = "needs espeak-ng (apt-get install espeak-ng)";
/** Peak of the hiss: white, uniform, -66 dBFS RMS. */
const ROOM_PEAK = 27;
/** Above the hiss, below speech. */
const SOUND_PEAK = 300;
/** The pause after the wake word is longer than this, those inside it are shorter. */
const PAUSE_MS = 100;

export function canSpeak(): boolean {
  return spawnSync("espeak-ng", ["--version"], { stdio: "ignore" }).status === 0;
}

export interface Question {
  readonly pcm: Int16Array;
  /** Where the wake word begins and ends, samples. */
  readonly word: Stretch;
}

/** Something that is said in the room after the first question. */
export interface Again {
  readonly afterMs: number;
  /** Whether the wake word is said before the question. */
  readonly word: boolean;
}

/** Writes, at `path`, the demo's question and `roomMs` of the room, perhaps with more said in it. */
export function ask(path: string, roomMs: number, again: readonly Again[] = []): Question {
  recordQuestion({ scratch: dirname(path), question: path, out: "", metrics: "" });
  const first = loadWav(path);
  const word = firstWord(first);
  const pcm = joined(first, noise(msToSamples(roomMs), 99, ROOM_PEAK));
  for (const { afterMs, word: whole } of again) {
    const words = first.subarray(whole ? word.from : word.to);
    mix(pcm.subarray(first.length + msToSamples(afterMs)), words);
  }
  writeWav(path, pcm);
  return { pcm, word };
}

function mix(room: Int16Array, words: Int16Array): void {
  words.forEach((sample, at) => {
    room[at] = Math.min(32_767, Math.max(-32_768, (room[at] ?? 0) + sample));
  });
}

export function writeWav(path: string, pcm: Int16Array): void {
  const sound = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  writeFileSync(path, Buffer.concat([wavHeader(SAMPLE_RATE_HZ, pcm.byteLength), sound]));
}

function firstWord(pcm: Int16Array): Stretch {
  const from = pcm.findIndex((sample) => Math.abs(sample) > SOUND_PEAK);
  let to = from;
  for (let at = from; at - to < msToSamples(PAUSE_MS) && at < pcm.length; at++) {
    if (Math.abs(pcm[at] ?? 0) > SOUND_PEAK) to = at + 1;
  }
  return { from, to };
}
