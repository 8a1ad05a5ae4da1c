import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import {
  Lpcm16Microphone,
  type Lpcm16MicrophoneOptions,
} from "../../../src/adapters/microphone/lpcm16.ts";
import { SystemClock, SystemDice } from "../../../src/adapters/os/clock.ts";
import { REST_NAP_MS, WORD_NAP_MS } from "../../../src/core/assistant/views.ts";
import { wavHeader } from "../../../src/core/audio/wav.ts";
import { faultLine } from "../../../src/core/fault.ts";
import { eventually } from "../../helpers/host.ts";
import { childrenOf, sendSignal } from "../../helpers/processes.ts";
import { NO_PULSE, startPulseRig } from "../../helpers/pulse-rig.ts";
import {
  type HeardMicrophone,
  indexOfSamples,
  microphoneSink,
  noise,
} from "../../helpers/sound.ts";
import { type StubProgram, stubProgram } from "../../helpers/stub-program.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const clock = new SystemClock();
const dice = new SystemDice();

const running: Lpcm16Microphone[] = [];
// A test that fails must not keep the process alive.
afterEach(() => Promise.all(running.splice(0).map((microphone) => microphone.close())));

function begin(options: Partial<Lpcm16MicrophoneOptions>): {
  microphone: Lpcm16Microphone;
  sink: HeardMicrophone;
} {
  const microphone = new Lpcm16Microphone({ device: "stub", clock, dice, ...options });
  const sink = microphoneSink();
  running.push(microphone);
  microphone.start(sink);
  return { microphone, sink };
}

function mode(stub: StubProgram, name: string): Partial<Lpcm16MicrophoneOptions> {
  return { program: stub.path, env: { ...process.env, STUB_MODE: name } };
}

async function firstFault(options: Partial<Lpcm16MicrophoneOptions>): Promise<string> {
  const { microphone, sink } = begin(options);
  await eventually("a fault", () => sink.faults.length > 0);
  await microphone.close();
  const [found] = sink.faults;
  assert.equal(found?.recovery, "retry");
  return found === undefined ? "" : `${found.code}: ${faultLine(found)}`;
}

const recorders = (): number[] => childrenOf("stub-recorder");

test("a recorder that cuts its sound oddly gives exact frames, none lost", async (t) => {
  const stub = stubProgram("stub-recorder.mjs");
  t.after(stub.remove);
  const { microphone, sink } = begin(mode(stub, "ok"));
  await eventually("a second of sound", () => sink.frames() >= 50);
  await microphone.close();
  await microphone.close();
  assert.deepEqual(sink.story, ["flowing"], "a wanted end is no fault");
  assert.ok(sink.pcm().every((sample, i) => sample === i % 32_768));
  assert.deepEqual(recorders(), []);
});

/** How often sound came within a while, and how much of it. */
async function comings(sink: HeardMicrophone, ms: number): Promise<number> {
  let before = sink.frames();
  let count = 0;
  const endMs = performance.now() + ms;
  await eventually("a while", () => {
    if (sink.frames() !== before) count += 1;
    before = sink.frames();
    return performance.now() > endMs;
  });
  return count;
}

test("in a nap sound comes in gulps; whatever ends it, none is lost and none comes twice", async (t) => {
  const stub = stubProgram("stub-recorder.mjs");
  t.after(stub.remove);
  const { microphone, sink } = begin(mode(stub, "ok"));
  await eventually("sound", () => sink.frames() >= 5);
  const awake = await comings(sink, 1_000);
  microphone.nap(REST_NAP_MS);
  const napping = await comings(sink, 1_000);
  assert.ok(napping <= 6 && awake > 2 * napping, `${awake} times awake, ${napping} in a nap`);
  // What waits is there when the call returns: within 250 ms of sound, whatever the machine does.
  const before = sink.frames();
  await eventually("a gulp", () => sink.frames() > before);
  const gulpMs = performance.now();
  await eventually("some more waits", () => performance.now() > gulpMs + 120);
  const asleep = sink.frames();
  microphone.nap(0);
  assert.ok(sink.frames() - asleep >= 3, `${sink.frames() - asleep} frames at once`);
  // Whoever takes a frame may change his mind in the middle of it.
  const { frame } = sink;
  let turns = 0;
  sink.frame = (pcm) => {
    frame(pcm);
    turns += 1;
    microphone.nap([0, WORD_NAP_MS, REST_NAP_MS][turns % 3] ?? 0);
  };
  await eventually("a second of that", () => turns >= 50);
  await microphone.close();
  assert.ok(sink.pcm().every((sample, i) => sample === i % 32_768));
  assert.deepEqual(sink.story, ["flowing"]);
});

test("a recorder that dies or stands still in a nap is found, and started again", async (t) => {
  const stub = stubProgram("stub-recorder.mjs");
  t.after(stub.remove);
  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    const { microphone, sink } = begin(mode(stub, "ok"));
    microphone.nap(REST_NAP_MS);
    await eventually("frames", () => sink.frames() > 5);
    for (const pid of recorders()) sendSignal(pid, signal);
    await eventually("lost, and back", () => sink.story.length >= 3);
    assert.deepEqual(sink.story, ["flowing", "lost", "flowing"], signal);
    await microphone.close();
  }
});

test("the third channel of a recorder that gives three is its third, and no other", async (t) => {
  const stub = stubProgram("stub-recorder.mjs");
  t.after(stub.remove);
  const { microphone, sink } = begin({ ...mode(stub, "ok"), channel: 3 });
  await eventually("half a second of sound", () => sink.frames() >= 25);
  await microphone.close();
  assert.ok(sink.pcm().every((sample, i) => sample === (3 * i + 2) % 32_768));
});

test("each trouble has its own line and remedy", async (t) => {
  const stub = stubProgram("stub-recorder.mjs");
  t.after(stub.remove);
  const cases: readonly (readonly [Partial<Lpcm16MicrophoneOptions>, RegExp])[] = [
    [
      { program: "/no/arecord" },
      /^microphone-missing: .*\/no\/arecord is not installed.*alsa-utils/,
    ],
    [mode(stub, "busy"), /^microphone-lost: Microphone "stub" is in use by another program/],
    [mode(stub, "removed"), /^microphone-lost: Microphone "stub" has gone away/],
    [mode(stub, "rate"), /^microphone-missing: Microphone "stub" cannot do 24000 Hz.*plughw/],
    [mode(stub, "mute"), /^microphone-lost: Microphone "stub" gave no sound/],
  ];
  for (const [options, expected] of cases) assert.match(await firstFault(options), expected);
});

test("a device that is not there is named, and the way to find one", async () => {
  assert.match(
    await firstFault({ device: "plughw:77" }),
    /^microphone-missing: Microphone "plughw:77" not found\. .*pipit devices.*audio\.input_device/,
  );
});

test("pulled and put back, killed, and stalled: lost once, then frames again", async (t) => {
  const stub = stubProgram("stub-recorder.mjs");
  t.after(stub.remove);
  const pulled = begin(mode(stub, "removed"));
  await eventually("two outages", () => pulled.sink.count("flowing") >= 3);
  await pulled.microphone.close();
  assert.deepEqual(pulled.sink.story.slice(0, 5), [
    "flowing",
    "lost",
    "flowing",
    "lost",
    "flowing",
  ]);
  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    const { microphone, sink } = begin(mode(stub, "ok"));
    await eventually("frames", () => sink.frames() > 5);
    for (const pid of recorders()) sendSignal(pid, signal);
    await eventually("lost, and back", () => sink.story.length >= 3);
    assert.deepEqual(sink.story, ["flowing", "lost", "flowing"], signal);
    const [fault] = sink.faults;
    assert.match(fault?.message ?? "", signal === "SIGKILL" ? /SIGKILL/ : /gave no sound/);
    await microphone.close();
  }
  assert.deepEqual(recorders(), []);
});

test("close ends a recorder that stands still, in bounded time", async (t) => {
  const stub = stubProgram("stub-recorder.mjs");
  t.after(stub.remove);
  const { microphone, sink } = begin(mode(stub, "ok"));
  await eventually("frames", () => sink.frames() > 5);
  for (const pid of recorders()) sendSignal(pid, "SIGSTOP");
  const startedMs = performance.now();
  await microphone.close();
  assert.ok(performance.now() - startedMs < 5_000);
  assert.deepEqual(recorders(), []);
});

test("real arecord on real ALSA: a known sound arrives bit for bit", {
  timeout: 120_000,
}, async (t) => {
  const rig = await startPulseRig();
  if (rig === null) return t.skip(NO_PULSE);
  t.after(() => rig.close());
  const pcm = noise(24_000);
  const wav = join(tempFolder(t), "known.wav");
  writeFileSync(wav, Buffer.concat([wavHeader(24_000, pcm.byteLength), Buffer.from(pcm.buffer)]));
  const { microphone, sink } = begin({ device: "vmic", env: rig.env });
  await eventually("frames", () => sink.frames() > 5);
  await rig.playIntoMic(wav);
  await eventually("the sound", () => indexOfSamples(sink.pcm(), pcm) >= 0);
  const startedMs = performance.now();
  await microphone.close();
  t.diagnostic(`close took ${(performance.now() - startedMs).toFixed(0)} ms`);
  assert.deepEqual(sink.story, ["flowing"]);
});
