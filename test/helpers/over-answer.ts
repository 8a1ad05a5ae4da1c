/**
 * Wake words said while the appliance answers: the reply, the words, and what of them the wake-word
 * engine hears through the echo path, at the daemon's own frames and positions.
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { loadWav } from "../../src/adapters/os/wav-file.ts";
import { EchoPath, NO_TEACHER } from "../../src/app/audio/echo-path.ts";
import { WakePath } from "../../src/app/audio/wake-path.ts";
import { CaptureClock } from "../../src/core/audio/capture-clock.ts";
import { FRAME_MS, FRAME_SAMPLES, msToSamples, samplesToMs } from "../../src/core/audio/pcm.ts";
import { eventually } from "./host.ts";
import type { Said } from "./sim-room.ts";
import { tempFolder } from "./temp-folder.ts";
import type { CountingEngine } from "./wake-listen.ts";

const SENTENCES = [
  "The weather tomorrow will be mostly sunny with a light breeze from the west, and in the afternoon the temperature should climb to about eighteen degrees.",
  "To make a good tomato soup, chop one onion and two cloves of garlic, fry them gently in olive oil, add a kilogram of ripe tomatoes and let it simmer.",
  "The history of the lighthouse goes back more than two thousand years, when fires were kept burning on hills to guide the ships safely past the rocks.",
  "Your next appointment is on Thursday at half past nine with the dentist, and after that you have promised to call your sister about the party.",
  "A bicycle stays upright because the rider steers it slightly into the fall, and because the front fork is bent so that the wheel follows by itself.",
  "There are three kinds of penguins that live in warmer regions than you might think, and one of them even crosses the equator to feed on small fish.",
];
const VOICES = ["en-us", "en-gb", "en-us+f2", "en-gb+f3", "en-us+f4", "en-gb+m5"];
/** Below this a synthetic voice is silent before and after its sentence. */
const SILENT_PEAK = 300;
/** The first word comes when an answer has begun, and the others between two breaths. */
const FIRST_WORD_MS = 3000;
const PAUSE_MS = 1300;
/** A word counts as heard until so long after its end. */
const HEARD_WITHIN_MS = 1200;
/** The speaker tells what it plays so far ahead. */
const REPORT_AHEAD_MS = 120;
/** Feeding waits for the engine above this, so that none of its frames is dropped. */
const WAITING_MAX = 40;

export interface Word extends Said {
  readonly word: string;
}

/** The words one after the other, with pauses; and how long all of it lasts, in samples. */
export function wordsOverReply(
  clips: readonly { word: string; pcm: Int16Array }[],
  pauseMs = PAUSE_MS,
): {
  readonly words: readonly Word[];
  readonly samples: number;
} {
  let at = msToSamples(FIRST_WORD_MS);
  const words = clips.map(({ word, pcm }) => {
    const placed = { word, pcm, at };
    at += pcm.length + msToSamples(pauseMs);
    return placed;
  });
  return { words, samples: Math.floor(at / FRAME_SAMPLES) * FRAME_SAMPLES };
}

/** A reply of six voices that never pauses, as long as wanted; null without espeak-ng. */
export function longReply(
  test: { after(clean: () => void): void },
  samples: number,
): Int16Array | null {
  const path = join(tempFolder(test), "said.wav");
  const reply = new Int16Array(samples);
  for (let at = 0, nth = 0; at < samples; nth++) {
    const round = Math.floor(nth / SENTENCES.length);
    const voice = VOICES[(nth + round) % VOICES.length] ?? "en-us";
    const words = SENTENCES[nth % SENTENCES.length] ?? "";
    const run = spawnSync("espeak-ng", ["-v", voice, "-s", "170", "-w", path, words]);
    if (run.status !== 0) return null;
    const pcm = loadWav(path);
    const from = pcm.findIndex((sample) => Math.abs(sample) > SILENT_PEAK);
    const to = pcm.findLastIndex((sample) => Math.abs(sample) > SILENT_PEAK);
    const part = pcm.subarray(from, Math.min(to, from + samples - at));
    reply.set(part, at);
    at += part.length;
  }
  return reply;
}

export interface OverAnswer {
  /** Each detection, and where its word ends as a position of the capture clock. */
  readonly detections: readonly { readonly keyword: string; readonly endSample: number }[];
  /** For each detection, also those that were taken for the answer's own: how like the echo it was. */
  readonly likenesses: readonly number[];
  readonly resets: number;
}

/** Plays the reply and hears `microphone` at the same time; `echo`: through the echo path. */
export async function overAnswer(
  engine: CountingEngine,
  microphone: Int16Array,
  reply: Int16Array,
  echo = true,
): Promise<OverAnswer> {
  const captured = new CaptureClock();
  const path = new EchoPath({ captured, teacher: NO_TEACHER, ringSamples: msToSamples(5000) });
  const detections: { keyword: string; endSample: number }[] = [];
  const likenesses: number[] = [];
  let ready = false;
  const wake = new WakePath({
    ring: path.ring,
    engine,
    cooldownMs: 500,
    isOwn: (endSample) => {
      likenesses.push(path.likeness(endSample));
      return path.isOwn(endSample);
    },
    onWake: (keyword, endSample) => detections.push({ keyword, endSample }),
    isPlaying: () => false,
    onStop: () => undefined,
    onLost: (why) => {
      throw new Error(why.message);
    },
    onFlowing: () => {
      ready = true;
    },
  });
  wake.start();
  await eventually("the engine is ready", () => ready);
  let reports = 0;
  for (let at = 0; at < microphone.length; at += FRAME_SAMPLES) {
    const nowMs = samplesToMs(at) + FRAME_MS;
    captured.took(at + FRAME_SAMPLES, nowMs);
    for (; echo && reports < reply.length && samplesToMs(reports) < nowMs + REPORT_AHEAD_MS; ) {
      path.playing(reply.subarray(reports, reports + FRAME_SAMPLES), samplesToMs(reports));
      reports += FRAME_SAMPLES;
    }
    wake.take(path.take(microphone.subarray(at, at + FRAME_SAMPLES)));
    if (engine.framesWaiting > WAITING_MAX) {
      await eventually("the engine catches up", () => engine.framesWaiting === 0);
    }
  }
  await eventually("the engine has heard all", () => engine.framesWaiting === 0);
  await wake.close();
  return { detections, likenesses, resets: path.counts.resets };
}

/** How many of the words were heard, and what was detected besides. */
export function score(
  words: readonly Word[],
  { detections }: OverAnswer,
): { readonly heard: number; readonly stray: number } {
  const left = [...detections];
  let heard = 0;
  for (const { word, pcm, at } of words) {
    const until = at + pcm.length + msToSamples(HEARD_WITHIN_MS);
    const found = left.findIndex(
      ({ keyword, endSample }) => keyword === word && endSample >= at && endSample <= until,
    );
    if (found < 0) continue;
    left.splice(found, 1);
    heard += 1;
  }
  return { heard, stray: left.length };
}
