/** `pipit doctor --echo`: the rushing through a real paced speaker, heard by a microphone beside it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PacedSpeaker } from "../../../src/adapters/speaker/paced-speaker.ts";
import { type EchoTrial, echoTrial } from "../../../src/commands/doctor/echo-trial.ts";
import { keepEcho } from "../../../src/commands/doctor/io-keep-echo.ts";
import { type EchoFacts, judgeEcho } from "../../../src/commands/doctor/sound.ts";
import { FRAME_MS, FRAME_SAMPLES, msToSamples } from "../../../src/core/audio/pcm.ts";
import { FIRST_SHIFT_MS, learnedIn, learnSwept, shiftFor } from "../../../src/core/echo/learned.ts";
import type { EchoReading } from "../../../src/core/echo/meter.ts";
import { fault } from "../../../src/core/fault.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { SimMicrophone } from "../../../src/sim/parts.ts";
import { FakePcmSink } from "../../helpers/fake-pcm-sink.ts";
import { noise } from "../../helpers/sound.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const TRIAL_MS = 12_000;
/** By wire and by air. */
const ECHO_MS = 70;

/** `gain`: of the way from the loudspeaker to the microphone. */
async function tried(gain: number, echoMs = ECHO_MS, shiftMs = FIRST_SHIFT_MS): Promise<EchoTrial> {
  const clock = new SimClock();
  const device = new FakePcmSink(clock);
  const microphone = new SimMicrophone();
  const speaker = new PacedSpeaker({ clock, device });
  let done: EchoTrial | null = null;
  void echoTrial({ clock, microphone, speaker, volume: 1, shiftMs }).then((trial) => {
    done = trial;
  });
  device.ready();
  microphone.sink?.flowing();
  for (let ms = 0; ms < TRIAL_MS && done === null; ms += FRAME_MS) {
    await clock.advanceAsync(FRAME_MS);
    const from = msToSamples(ms - echoMs);
    const hiss = noise(FRAME_SAMPLES, ms + 1, 20);
    const frame = hiss.map((sample, n) =>
      Math.round(sample + gain * (device.played[from + n] ?? 0)),
    );
    microphone.sink?.frame(frame);
  }
  assert.ok(done !== null, "it ends");
  return done;
}

function now(reading: EchoReading): Extract<EchoFacts, { tag: "measured" }> {
  return { tag: "measured", answers: 0, reading, reach: null, ageS: 0, unkept: null };
}

test("an echo is measured: how late, how loud, and that a voice gets through", async () => {
  const trial = await tried(0.3);
  assert.ok(trial.tag === "measured" && trial.reading !== null);
  assert.ok(Math.abs((trial.reading.delayMs ?? 0) - ECHO_MS) <= 30, `${trial.reading.delayMs} ms`);
  const found = judgeEcho(now(trial.reading));
  assert.equal(found.grade, "ok");
  assert.match(found.says, /late, at -\d\d dBFS, .* your voice will get through an answer$/);
});

test("no echo: reported, and no delay is invented", async () => {
  const trial = await tried(0);
  assert.ok(trial.tag === "measured" && trial.reading !== null);
  assert.equal(trial.reading.delayMs, null);
  const found = judgeEcho(now(trial.reading));
  assert.equal(found.says, "The microphone hears nothing of an answer");
});

test("an echo that comes late is measured again with that known, and kept for the daemon", async (t) => {
  const first = await tried(0.3, 300);
  assert.ok(first.tag === "measured" && first.reading !== null);
  assert.ok(first.reading.cancelledDb < 5, "out of reach");
  const folder = tempFolder(t);
  const clock = new SimClock();
  const at = { devices: "a | b", wallMs: clock.wallMs() };
  const shiftMs = shiftFor(learnSwept(first.reading, at));
  const second = await tried(0.3, 300, shiftMs);
  assert.ok(second.tag === "measured" && second.reading !== null);
  const swept = learnSwept(second.reading, at);
  assert.equal(swept.reach, "full");
  const context = { clock, env: { STATE_DIRECTORY: folder }, configPath: "here.yaml" };
  assert.equal(await keepEcho(context, DEFAULTS, swept), null);
  const kept = readFileSync(join(folder, "echo.json"), "utf8");
  assert.equal(learnedIn(kept, clock.wallMs())?.reach, "full", "what the daemon reads");
  const nowhere = { ...context, env: { STATE_DIRECTORY: "/proc/none" } };
  const unkept = await keepEcho(nowhere, DEFAULTS, swept);
  assert.match(unkept?.message ?? "", /What was learned of the echo could not be stored/);
  const found = judgeEcho({ ...now(second.reading), unkept });
  assert.equal(found.grade, "warn");
  assert.match(found.says, /your voice will get through an answer\. What was learned/);
});

test("a device that is not there ends it with its fault", async () => {
  const clock = new SimClock();
  const device = new FakePcmSink(clock);
  const microphone = new SimMicrophone();
  const speaker = new PacedSpeaker({ clock, device });
  const trial = echoTrial({ clock, microphone, speaker, volume: 1, shiftMs: FIRST_SHIFT_MS });
  microphone.sink?.lost(fault("microphone-missing", "retry", "no such device"));
  const found = await trial;
  assert.ok(found.tag === "lost" && found.part === "microphone");
  assert.equal(judgeEcho(found).grade, "fail");
});
