/** What is left of an overdriven loudspeaker's echo, made fainter; and what that does to a voice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { rushing } from "../../../src/commands/doctor/echo-trial.ts";
import { msToSamples, rms } from "../../../src/core/audio/pcm.ts";
import { ECHO_BLOCK_SAMPLES, EchoCanceller } from "../../../src/core/echo/canceller.ts";
import { NearSpeech } from "../../../src/core/echo/near-speech.ts";
import { ResidualSuppressor } from "../../../src/core/echo/suppressor.ts";
import { atMicrophone, echoTrack, voiceTrack } from "../../helpers/sim-room.ts";
import { noise } from "../../helpers/sound.ts";
import { syllables } from "../../helpers/speech.ts";

const PLAYED = rushing(16_000);
const ECHO = echoTrack(PLAYED, { delayMs: 60, driftPpm: 0, overdriven: true });
const NOBODY = new Float64Array(PLAYED.length);

/** What the canceller leaves, and what the suppressor makes of it, in step with each other. */
function run(microphone: Int16Array, played: Int16Array): { left: Int16Array; out: Int16Array } {
  const canceller = new EchoCanceller();
  const near = new NearSpeech();
  const suppressor = new ResidualSuppressor();
  const left = new Int16Array(microphone.length);
  const late = new Int16Array(microphone.length);
  suppressor.begin(new Int16Array(ECHO_BLOCK_SAMPLES));
  for (let at = 0; at < left.length; at += ECHO_BLOCK_SAMPLES) {
    const end = at + ECHO_BLOCK_SAMPLES;
    const block = left.subarray(at, end);
    canceller.process(microphone.subarray(at, end), played.subarray(at, end), block);
    near.take(canceller.powers);
    const heard = microphone.subarray(at, end);
    suppressor.process(heard, block, near.share, late.subarray(at, end));
  }
  return { left, out: late.subarray(ECHO_BLOCK_SAMPLES) };
}

function overDb(of: Int16Array, than: Int16Array): number {
  return 20 * Math.log10(rms(of) / rms(than));
}

const LATE = msToSamples(5_000);
const END = PLAYED.length - ECHO_BLOCK_SAMPLES;

test("what is left of an echo is at least 6 dB fainter", () => {
  const { left, out } = run(atMicrophone(NOBODY, ECHO, { echoDb: 10 }), PLAYED);
  const by = overDb(out.subarray(LATE, END), left.subarray(LATE, END));
  assert.ok(by < -6, `${by} dB`);
});

test("a voice over an answer as loud as itself loses less than 3 dB", () => {
  const said = [{ pcm: syllables(20), at: msToSamples(5_200) }];
  const voice = voiceTrack(said, PLAYED.length);
  const microphone = atMicrophone(voice, ECHO, { echoDb: 0 });
  const alone = atMicrophone(voice, ECHO, { echoDb: null });
  const { out } = run(microphone, PLAYED);
  const stretch = (of: Int16Array) => of.subarray(msToSamples(5_200), msToSamples(9_000));
  const by = overDb(stretch(out), stretch(alone));
  assert.ok(Math.abs(by) < 3, `${by} dB`);
});

test("where nothing is played, what is below 8 kHz comes out as it went in, a block later", () => {
  const pcm = noise(msToSamples(1_000));
  const soft = pcm.map((_, n) => {
    let sum = 0;
    for (let k = 0; k < 12; k++) sum += pcm[n - k] ?? 0;
    return Math.round(sum / 12);
  });
  const { out } = run(soft, new Int16Array(soft.length));
  const wrong = out.map((sample, n) => sample - (soft[n] ?? 0));
  const by = overDb(wrong.subarray(2_400, 20_000), soft.subarray(2_400, 20_000));
  assert.ok(by < -15, `${by} dB`);
});
