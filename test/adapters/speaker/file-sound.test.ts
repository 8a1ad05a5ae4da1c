import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FileMicrophone } from "../../../src/adapters/microphone/file.ts";
import { loadWav } from "../../../src/adapters/os/wav-file.ts";
import { FileSpeaker } from "../../../src/adapters/speaker/file.ts";
import { wavHeader } from "../../../src/core/audio/wav.ts";
import { FaultError, faultLine } from "../../../src/core/fault.ts";
import type { Clock } from "../../../src/ports.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { microphoneSink, noise, speakerSink } from "../../helpers/sound.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const PCM = noise(4_801);

function wavBytes(pcm: Int16Array, rateHz = 24_000): Buffer {
  const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  return Buffer.concat([wavHeader(rateHz, bytes.length), bytes]);
}

test("a WAV at 24 kHz loads bit for bit; at another rate it lasts as long", (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, "a.wav"), wavBytes(PCM));
  assert.deepEqual(loadWav(join(folder, "a.wav")), PCM);
  writeFileSync(join(folder, "b.wav"), wavBytes(PCM, 16_000));
  assert.equal(loadWav(join(folder, "b.wav")).length, Math.round((PCM.length * 3) / 2));
});

test("a file that will not do gives one line, before anything starts", (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, "song.mp3"), "ID3 and so on, for more than 12 bytes");
  mkdirSync(join(folder, "sub"));
  for (const [name, words] of [
    ["none.wav", "does not exist"],
    ["song.mp3", "is not a WAV file"],
    ["sub", "is a folder"],
  ] as const) {
    assert.throws(
      () => loadWav(join(folder, name)),
      (error) => {
        assert.ok(error instanceof FaultError);
        assert.equal(error.fault.code, "config");
        assert.ok(faultLine(error.fault).includes(`${name} ${words}`), faultLine(error.fault));
        return !faultLine(error.fault).includes("\n");
      },
    );
  }
});

test("the file microphone keeps pace, catches up after a pause, skips nothing, then is silent", async () => {
  const clock = new SimClock();
  const microphone = new FileMicrophone({ pcm: PCM, clock });
  const sink = microphoneSink();
  microphone.start(sink);
  clock.advance(79);
  assert.equal(sink.frames(), 2);
  clock.advance(1);
  assert.equal(sink.frames(), 4);
  clock.advance(30 * 60_000);
  assert.equal(sink.frames(), (30 * 60_000 + 80) / 20, "half an hour on, to the frame");
  const heard = sink.pcm();
  assert.deepEqual(heard.subarray(0, PCM.length), PCM);
  assert.ok(heard.subarray(PCM.length).every((sample) => sample === 0));
  assert.deepEqual(sink.story, ["flowing"]);
  await microphone.close();
  assert.equal(clock.pending(), 0);
});

test("the file microphone naps: its frames come late, and all that are due when the nap ends", async () => {
  const clock = new SimClock();
  const microphone = new FileMicrophone({ pcm: PCM, clock });
  const sink = microphoneSink();
  microphone.nap(250);
  microphone.nap(0);
  microphone.start(sink);
  clock.advance(40);
  assert.equal(sink.frames(), 2, "a nap before the start changes nothing");
  microphone.nap(250);
  clock.advance(40);
  assert.equal(sink.frames(), 4, "the alarm for the next frames was set");
  clock.advance(249);
  assert.equal(sink.frames(), 4);
  clock.advance(1);
  assert.equal(sink.frames(), 16);
  clock.advance(70);
  microphone.nap(0);
  assert.equal(sink.frames(), 20, "at once");
  clock.advance(40);
  assert.equal(sink.frames(), 22);
  assert.deepEqual(sink.pcm().subarray(0, PCM.length), PCM);
  await microphone.close();
  microphone.nap(250);
  microphone.nap(0);
  assert.equal(clock.pending(), 0);
});

test("alarms that ring late do not slow the file microphone down", () => {
  const time = new SimClock();
  // Every alarm is 27 ms late, and one in a hundred half a second.
  let alarms = 0;
  const clock: Clock = {
    nowMs: () => time.nowMs(),
    wallMs: () => time.wallMs(),
    after: (delayMs, ring) =>
      time.after(Math.max(0, delayMs) + (alarms++ % 100 === 99 ? 500 : 27), ring),
  };
  const sink = microphoneSink();
  new FileMicrophone({ pcm: noise(24_000 * 30), clock }).start(sink);
  time.advance(20_600);
  assert.ok(sink.frames() >= 1_000 && sink.frames() <= 1_030, `${sink.frames()} frames`);
  const heard = sink.pcm();
  assert.deepEqual(heard, noise(24_000 * 30).subarray(0, heard.length));
});

function fileSpeaker(path: string) {
  const clock = new SimClock();
  const speaker = new FileSpeaker({ path, clock });
  const sink = speakerSink();
  speaker.start(sink);
  return { clock, speaker, sink };
}

test("a flush from within drained leaves no hole in what was heard", async (t) => {
  const path = join(tempFolder(t), "out.wav");
  const clock = new SimClock();
  const speaker = new FileSpeaker({ path, clock });
  const drained = (): void => {
    clock.advance(1); // Time passes in a callback, as it does in life.
    void speaker.flush();
  };
  speaker.start({ ...speakerSink(), drained });
  speaker.play(PCM);
  speaker.finish();
  clock.advance(2_000);
  await speaker.close();
  const out = loadWav(path);
  const from = out.findIndex((sample) => sample !== 0) - PCM.findIndex((sample) => sample !== 0);
  assert.deepEqual(out.subarray(from, from + PCM.length), PCM);
});

test("the file holds what was heard, to the sample, silence included", async (t) => {
  const path = join(tempFolder(t), "out.wav");
  const { clock, speaker, sink } = fileSpeaker(path);
  clock.advance(1_000);
  assert.equal(speaker.play(PCM), PCM.length);
  speaker.finish();
  clock.advance(100);
  assert.equal(speaker.heard(), 2_400);
  clock.advance(900);
  await speaker.close();
  await speaker.close();
  const out = loadWav(path);
  assert.equal(out.length, 48_000);
  assert.deepEqual(out.subarray(24_000, 24_000 + PCM.length), PCM);
  assert.ok(out.subarray(0, 24_000).every((sample) => sample === 0));
  assert.ok(out.subarray(24_000 + PCM.length).every((sample) => sample === 0));
  assert.deepEqual(sink.story, ["flowing", "sounded", "drained"]);
  // What was reported to sound, laid where it was reported, is the file.
  const expected = new Int16Array(out.length);
  for (const { pcm, atMs } of sink.asReported) expected.set(pcm, Math.round(atMs * 24));
  assert.deepEqual(expected, out);
  assert.equal(clock.pending(), 0);
});

test("the first sample is told to the sample, however late its block is written", async (t) => {
  const { clock, speaker, sink } = fileSpeaker(join(tempFolder(t), "out.wav"));
  clock.advance(1_007);
  speaker.play(PCM);
  clock.advance(50);
  assert.deepEqual(sink.soundedMs, [1_007]);
  await speaker.close();
});

test("a flush cuts the file at the very sample it tells", async (t) => {
  const path = join(tempFolder(t), "out.wav");
  const { clock, speaker, sink } = fileSpeaker(path);
  clock.advance(10);
  speaker.play(PCM);
  speaker.finish();
  clock.advance(77);
  assert.equal(await speaker.flush(), 77 * 24);
  assert.equal(speaker.heard(), PCM.length);
  clock.advance(100);
  await speaker.close();
  const out = loadWav(path);
  assert.deepEqual(out.subarray(240, 240 + 77 * 24), PCM.subarray(0, 77 * 24));
  assert.ok(out.subarray(240 + 77 * 24).every((sample) => sample === 0));
  assert.deepEqual(sink.story, ["flowing", "sounded"]);
});

test("the file is a whole WAV at any moment, also if the process dies now", (t) => {
  const path = join(tempFolder(t), "out.wav");
  const { clock, speaker } = fileSpeaker(path);
  speaker.play(PCM);
  for (let second = 1; second <= 5; second++) {
    clock.advance(1_000);
    const claimed = readFileSync(path).readUInt32LE(40) / 2;
    assert.ok(claimed >= (second - 1) * 24_000, `${claimed} samples after ${second} s`);
    assert.ok(loadWav(path).length >= claimed, "the header never promises too much");
  }
});

test("shortages, late finishes and two utterances are told apart", (t) => {
  const { clock, speaker, sink } = fileSpeaker(join(tempFolder(t), "out.wav"));
  speaker.finish();
  speaker.play(PCM);
  clock.advance(1_000);
  speaker.play(PCM);
  clock.advance(1_000);
  speaker.finish();
  speaker.play(PCM);
  speaker.finish();
  clock.advance(1_000);
  assert.deepEqual(sink.story, [
    "drained",
    "flowing",
    "sounded",
    "underrun",
    "drained",
    "sounded",
    "drained",
  ]);
});

test("a path that cannot be written is a fault, tried again until it can", async (t) => {
  const folder = tempFolder(t);
  const { clock, speaker, sink } = fileSpeaker(join(folder, "later", "out.wav"));
  clock.advance(5_000);
  assert.deepEqual(sink.story, ["lost"]);
  assert.equal(sink.faults[0]?.code, "speaker-missing");
  assert.equal(speaker.play(PCM), 0);
  mkdirSync(join(folder, "later"));
  clock.advance(1_100);
  assert.deepEqual(sink.story, ["lost", "flowing"]);
  assert.equal(speaker.play(PCM), PCM.length);
  clock.advance(1_000);
  await speaker.close();
  assert.equal(loadWav(join(folder, "later", "out.wav")).length, 7.1 * 24_000);
});
