/**
 * Full duplex in the simulated room: who speaks over an answer reaches the API, what is left of the
 * answer does not, and a cough only makes it softer.
 */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { EchoGate } from "../../../src/app/audio/echo-gate.ts";
import { EchoPath, NO_TEACHER } from "../../../src/app/audio/echo-path.ts";
import { CaptureClock } from "../../../src/core/audio/capture-clock.ts";
import { FRAME_SAMPLES, msToSamples, rms, samplesToMs } from "../../../src/core/audio/pcm.ts";
import { longReply, type Word, wordsOverReply } from "../../helpers/over-answer.ts";
import {
  atMicrophone,
  type EchoShape,
  echoTrack,
  type Said,
  voiceTrack,
} from "../../helpers/sim-room.ts";
import { noise } from "../../helpers/sound.ts";
import { recordings, spoken } from "../../helpers/wake-audio.ts";

const ECHO: EchoShape = { delayMs: 60, driftPpm: 0, overdriven: true };
const WORDS = 12;
const AHEAD_MS = 160;
/** The canceller's first seconds are not judged: then an echo may be taken for somebody. */
const LEARNING_MS = 2_000;
/** After it the gate has shut again. */
const BETWEEN_MS = 4_000;

interface Heard {
  /** What the API was given, by position. */
  readonly sent: Int16Array;
  readonly openings: number;
  /** Capture positions at which the answer was made softer, and louder again. */
  readonly ducks: { readonly at: number; readonly on: boolean }[];
  /** Capture positions of the frames after which the answer was taken to be alone. */
  readonly alone: readonly number[];
}

function hear(microphone: Int16Array, reply: Int16Array): Heard {
  const captured = new CaptureClock();
  const gate = new EchoGate(microphone.length);
  const ducks: { at: number; on: boolean }[] = [];
  const alone: number[] = [];
  const listener = {
    gate,
    isWanted: () => true,
    mayInterrupt: () => true,
    somebody: (on: boolean) => void ducks.push({ at: path.ring.head, on }),
  };
  const ringSamples = msToSamples(5000);
  const path = new EchoPath({ captured, teacher: NO_TEACHER, listener, ringSamples });
  for (let at = 0, reports = 0; at < microphone.length; at += FRAME_SAMPLES) {
    captured.took(at + FRAME_SAMPLES, samplesToMs(at + FRAME_SAMPLES));
    for (
      ;
      reports < reply.length && reports < at + msToSamples(AHEAD_MS);
      reports += FRAME_SAMPLES
    ) {
      path.playing(reply.subarray(reports, reports + FRAME_SAMPLES), samplesToMs(reports));
    }
    path.take(microphone.subarray(at, at + FRAME_SAMPLES));
    if (path.isAnswerAlone) alone.push(path.ring.head);
  }
  const sent = new Int16Array(gate.ring.head);
  gate.ring.read(0, sent);
  return { sent, openings: gate.openings, ducks, alone };
}

interface Scene {
  readonly words: readonly Word[];
  readonly reply: Int16Array;
  readonly echo: Float64Array;
}

let made: Scene | null = null;

function scene(t: TestContext): Scene | null {
  if (made !== null) return made;
  const found = recordings("other") ?? spoken("stop it please") ?? [];
  const clips = found.slice(0, WORDS).map(({ pcm }) => ({ word: "", pcm }));
  const { words, samples } = wordsOverReply(clips, BETWEEN_MS);
  const reply = longReply(t, samples);
  if (reply === null || words.length === 0) {
    t.skip("neither recordings nor espeak-ng");
    return null;
  }
  made = { words, reply, echo: echoTrack(reply, ECHO) };
  return made;
}

for (const { echoDb, least } of [
  { echoDb: 0, least: 0.9 },
  { echoDb: 10, least: 0.75 },
]) {
  test(`barge-in with a reply ${echoDb} dB louder than the voice: the API hears the voice`, (t) => {
    const found = scene(t);
    if (found === null) return;
    const { words, reply, echo } = found;
    const microphone = atMicrophone(voiceTrack(words, reply.length), echo, { echoDb });
    const { sent, openings } = hear(microphone, reply);
    const through = words.filter(
      ({ pcm, at }) => rms(sent.subarray(at, at + pcm.length)) > VOICE_RMS / 4,
    );
    t.diagnostic(`${through.length} of ${words.length}, ${openings} openings`);
    assert.ok(through.length >= least * words.length, `${through.length} of ${words.length}`);
    assert.ok(openings <= words.length, "and nobody else");
  });
}

/** -30 dB of full scale. */
const VOICE_RMS = 1036;

test("a reply without barge-in: the API gets silence, and the reply is hardly ever ducked", (t) => {
  const found = scene(t);
  if (found === null) return;
  const { reply, echo } = found;
  const microphone = atMicrophone(new Float64Array(reply.length), echo, { echoDb: 10 });
  const { sent, openings, ducks, alone } = hear(microphone, reply);
  const share = (alone.length * FRAME_SAMPLES) / reply.length;
  t.diagnostic(`alone for ${Math.round(100 * share)} % of it`);
  assert.ok(share > 0.75, "so it is heard in few pieces");
  assert.equal(openings, 0);
  assert.ok(sent.every((sample) => sample === 0));
  const late = ducks.filter(({ at, on }) => on && at > msToSamples(LEARNING_MS));
  assert.ok(
    late.length <= 1,
    `${late.length} times in ${Math.round(samplesToMs(reply.length) / 1000)} s`,
  );
});

test("a cough ducks the reply for a moment and does not reach the API", (t) => {
  const found = scene(t);
  if (found === null) return;
  const { reply, echo } = found;
  const coughs: Said[] = [6_000, 12_000, 18_000].map((ms) => ({
    pcm: noise(msToSamples(180), ms),
    at: msToSamples(ms),
  }));
  const microphone = atMicrophone(voiceTrack(coughs, reply.length), echo, { echoDb: 0 });
  const { openings, ducks, alone } = hear(microphone, reply);
  assert.equal(openings, 0);
  for (const { at } of coughs) {
    const on = ducks.find((duck) => duck.on && duck.at >= at);
    const off = ducks.find((duck) => !duck.on && duck.at >= at);
    assert.ok(on !== undefined && on.at - at < msToSamples(200), "softer within 0.2 s");
    assert.ok(off !== undefined && off.at - at < msToSamples(800), "and loud again");
    const isMeanwhile = (position: number): boolean => position > on.at && position < off.at;
    assert.ok(!alone.some(isMeanwhile), "what may be speech is heard soon");
  }
});

test("after the reply the microphone is passed through unchanged", (t) => {
  const found = scene(t);
  if (found === null) return;
  const samples = msToSamples(6_000);
  const reply = found.reply.subarray(0, msToSamples(3_000));
  const echo = new Float64Array(samples);
  const microphone = atMicrophone(new Float64Array(samples), echo, { echoDb: null });
  const { sent } = hear(microphone, reply);
  const over = msToSamples(3_300);
  assert.deepEqual(sent.subarray(over), microphone.subarray(over));
});
