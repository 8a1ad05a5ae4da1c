import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SystemClock, SystemDice } from "../../../src/adapters/os/clock.ts";
import { AplaySpeaker } from "../../../src/adapters/speaker/aplay.ts";
import { FileSpeaker } from "../../../src/adapters/speaker/file.ts";
import { NodeSpeaker } from "../../../src/adapters/speaker/node.ts";
import { whyNoSpeakerPackage } from "../../../src/adapters/speaker/pick.ts";
import type { Speaker } from "../../../src/ports.ts";
import { eventually } from "../../helpers/host.ts";
import { NO_PULSE, type PulseRig, startPulseRig } from "../../helpers/pulse-rig.ts";
import { indexOfSamples, noise, speakerSink } from "../../helpers/sound.ts";
import { closing, speakerContract } from "../../helpers/speaker-contract.ts";
import { stubProgram } from "../../helpers/stub-program.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const clock = new SystemClock();
const dice = new SystemDice();
const PCM = noise(24_000);

test("the file speaker keeps the contract", async (t) => {
  const path = join(tempFolder(t), "out.wav");
  await speakerContract(t, () => new FileSpeaker({ path, clock }));
});

test("the aplay speaker keeps the contract with a stub player", async (t) => {
  const stub = stubProgram("stub-player.mjs");
  t.after(stub.remove);
  const env = { ...process.env, STUB_OUT: join(stub.folder, "out.raw") };
  const make = () => new AplaySpeaker({ device: "stub", program: stub.path, env, clock, dice });
  await speakerContract(t, make);
  await t.test("what the player got is the sound, bit for bit", async () => {
    const sink = speakerSink();
    const speaker = make();
    speaker.start(sink);
    speaker.play(PCM);
    speaker.finish();
    await eventually("drained", () => sink.count("drained") === 1);
    await speaker.close();
    const bytes = Uint8Array.from(readFileSync(join(stub.folder, "out.raw")));
    assert.ok(indexOfSamples(new Int16Array(bytes.buffer, 0, bytes.length >> 1), PCM) >= 0);
  });
});

/** Plays a second through the rig, and looks for it in what the rig's speaker played. */
async function wholeAndOnce(rig: PulseRig, make: () => Speaker): Promise<void> {
  const sink = speakerSink();
  const speaker = make();
  speaker.start(sink);
  const recording = await rig.recordSpeaker();
  await eventually("the device is open", () => sink.count("flowing") === 1);
  speaker.play(PCM);
  speaker.finish();
  await eventually("drained", () => sink.count("drained") === 1);
  await eventually(
    "the sound in the recording",
    () => indexOfSamples(recording.samples(), PCM) >= 0,
  );
  await speaker.close();
  const heard = recording.samples();
  await recording.stop();
  const at = indexOfSamples(heard, PCM);
  assert.ok(
    heard.subarray(0, at).every((sample) => sample === 0),
    "nothing before it",
  );
  assert.ok(
    heard.subarray(at + PCM.length).every((sample) => sample === 0),
    "nothing after it",
  );
}

/** How many samples were really played of an utterance that was flushed, against what was told. */
async function flushedInTruth(rig: PulseRig, make: () => Speaker): Promise<string> {
  const sink = speakerSink();
  const speaker = make();
  speaker.start(sink);
  const recording = await rig.recordSpeaker();
  await eventually("the device is open", () => sink.count("flowing") === 1);
  speaker.play(PCM);
  await eventually("400 ms were heard", () => speaker.heard() >= 9_600);
  const calledAt = speaker.heard();
  const result = await speaker.flush();
  const silentMs = performance.now();
  await eventually("a while of silence", () => performance.now() > silentMs + 700);
  await speaker.close();
  const heard = recording.samples();
  await recording.stop();
  const at = indexOfSamples(heard, PCM.subarray(0, 480));
  assert.ok(at >= 0, "its beginning was heard");
  let played = 0;
  while (played < PCM.length && heard[at + played] === PCM[played]) played += 1;
  assert.ok(
    heard.subarray(at + played).every((sample) => sample === 0),
    "then silence",
  );
  assert.ok(played < PCM.length, "it was cut");
  const afterMs = (played - calledAt) / 24;
  const errorMs = (result - played) / 24;
  assert.ok(Math.abs(errorMs) < 400, `told ${result}, played ${played}`);
  return `played on for ${afterMs.toFixed(1)} ms after the call; told ${errorMs.toFixed(1)} ms more than played`;
}

test("on real ALSA", { timeout: 180_000 }, async (t) => {
  const rig = await startPulseRig();
  if (rig === null) return t.skip(NO_PULSE);
  t.after(() => rig.close());
  const common = { device: "vspk", env: rig.env, clock, dice };
  const makers: Record<string, () => Speaker> = { aplay: () => new AplaySpeaker(common) };
  if (whyNoSpeakerPackage() === null) makers["speaker"] = () => new NodeSpeaker(common);
  else t.diagnostic("the package speaker cannot be loaded here: not tested");
  for (const [name, make] of Object.entries(makers)) {
    await t.test(`${name} keeps the contract`, (u) => speakerContract(u, make));
    await t.test(`${name} plays all of it, once, bit for bit`, (u) =>
      wholeAndOnce(rig, closing(u, make)),
    );
    await t.test(`${name} is silent after a flush, and tells where`, async (u) => {
      for (let n = 0; n < 3; n++) u.diagnostic(await flushedInTruth(rig, closing(u, make)));
    });
  }
});
