/** `pipit doctor --echo`: the rushing through a real paced speaker, heard by a microphone beside it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PacedSpeaker } from "../../../src/adapters/speaker/paced-speaker.ts";
import { type EchoTrial, echoTrial } from "../../../src/commands/doctor/echo-trial.ts";
import { judgeEcho } from "../../../src/commands/doctor/sound.ts";
import { FRAME_MS, FRAME_SAMPLES, msToSamples } from "../../../src/core/audio/pcm.ts";
import { fault } from "../../../src/core/fault.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { SimMicrophone } from "../../../src/sim/parts.ts";
import { FakePcmSink } from "../../helpers/fake-pcm-sink.ts";
import { noise } from "../../helpers/sound.ts";

const TRIAL_MS = 12_000;
/** By wire and by air. */
const ECHO_MS = 70;

/** `gain`: of the way from the loudspeaker to the microphone. */
async function tried(gain: number): Promise<EchoTrial> {
  const clock = new SimClock();
  const device = new FakePcmSink(clock);
  const microphone = new SimMicrophone();
  const speaker = new PacedSpeaker({ clock, device });
  let done: EchoTrial | null = null;
  void echoTrial({ clock, microphone, speaker, volume: 1 }).then((trial) => {
    done = trial;
  });
  device.ready();
  microphone.sink?.flowing();
  for (let ms = 0; ms < TRIAL_MS && done === null; ms += FRAME_MS) {
    await clock.advanceAsync(FRAME_MS);
    const from = msToSamples(ms - ECHO_MS);
    const hiss = noise(FRAME_SAMPLES, ms + 1, 20);
    const frame = hiss.map((sample, n) =>
      Math.round(sample + gain * (device.played[from + n] ?? 0)),
    );
    microphone.sink?.frame(frame);
  }
  assert.ok(done !== null, "it ends");
  return done;
}

test("an echo is measured: how late, how loud, and that a voice gets through", async () => {
  const trial = await tried(0.3);
  assert.ok(trial.tag === "measured" && trial.reading !== null);
  assert.ok(Math.abs((trial.reading.delayMs ?? 0) - ECHO_MS) <= 30, `${trial.reading.delayMs} ms`);
  const found = judgeEcho({ tag: "measured", answers: 0, reading: trial.reading });
  assert.equal(found.grade, "ok");
  assert.match(found.says, /late, at -\d\d dBFS, .* your voice will get through an answer$/);
});

test("no echo: reported, and no delay is invented", async () => {
  const trial = await tried(0);
  assert.ok(trial.tag === "measured" && trial.reading !== null);
  assert.equal(trial.reading.delayMs, null);
  const found = judgeEcho({ tag: "measured", answers: 0, reading: trial.reading });
  assert.equal(found.says, "The microphone hears nothing of an answer");
});

test("a device that is not there ends it with its fault", async () => {
  const clock = new SimClock();
  const device = new FakePcmSink(clock);
  const microphone = new SimMicrophone();
  const speaker = new PacedSpeaker({ clock, device });
  const trial = echoTrial({ clock, microphone, speaker, volume: 1 });
  microphone.sink?.lost(fault("microphone-missing", "retry", "no such device"));
  const found = await trial;
  assert.ok(found.tag === "lost" && found.part === "microphone");
  assert.equal(judgeEcho(found).grade, "fail");
});
