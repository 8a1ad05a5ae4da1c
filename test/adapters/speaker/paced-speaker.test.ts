import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ACCEPT_MS,
  PacedSpeaker,
  SUCCESSOR_MS,
  TARGET_MS,
} from "../../../src/adapters/speaker/paced-speaker.ts";
import { SAMPLE_RATE_HZ } from "../../../src/core/audio/pcm.ts";
import { PLAYBACK_QUEUE_MAX_S } from "../../../src/core/audio/playback-queue.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { FakePcmSink } from "../../helpers/fake-pcm-sink.ts";
import { noise, speakerSink } from "../../helpers/sound.ts";

/** A second and a bit, not a whole number of frames. */
const PCM = noise(25_001);

function world(options: { ready?: boolean } = {}) {
  const clock = new SimClock();
  const device = new FakePcmSink(clock);
  const speaker = new PacedSpeaker({ clock, device });
  const sink = speakerSink();
  speaker.start(sink);
  if (options.ready !== false) device.ready();
  return { clock, device, speaker, sink };
}

test("an utterance arrives bit for bit, at the pace of the ear, and ends when it was heard", () => {
  const { clock, device, speaker, sink } = world();
  assert.equal(speaker.play(PCM), PCM.length);
  speaker.finish();
  assert.deepEqual(sink.story, ["flowing", "sounded"]);
  clock.advance(500);
  assert.equal(speaker.heard(), 12_000);
  clock.advance(541);
  assert.deepEqual(sink.story, ["flowing", "sounded"]);
  clock.advance(1);
  assert.deepEqual(sink.story, ["flowing", "sounded", "drained"]);
  assert.deepEqual(Int16Array.from(device.played), PCM);
  assert.ok(device.leadMaxMs <= TARGET_MS, `lead ${device.leadMaxMs} ms`);
  assert.equal(clock.pending(), 0, "no timer runs when nothing sounds");
});

test("the first sound goes at once, the rest ten times a second", () => {
  const { clock, device, speaker } = world();
  speaker.play(PCM.subarray(0, 480));
  assert.equal(device.played.length, 480, "20 ms are enough to begin with");
  // An answer that comes in deltas of 50 ms, twice as fast as it sounds.
  for (let n = 0; n < 100; n++) {
    speaker.play(PCM.subarray(0, 1_200));
    clock.advance(25);
  }
  const before = device.writes;
  clock.advance(2_000);
  assert.ok(device.writes - before <= 21, `${device.writes - before} writes in two seconds`);
  assert.ok(before <= 50, `${before} writes in the first 2.5 seconds`);
});

test("the first sample is told with the time at which it is heard, behind what the device has", () => {
  const { clock, device, speaker, sink } = world();
  clock.advance(10);
  device.bufferMs = 45;
  speaker.play(PCM);
  assert.deepEqual(sink.soundedMs, [55]);
  clock.advance(145);
  assert.equal(speaker.heard(), 100 * 24, "the position agrees");
});

for (const patient of [false, true]) {
  const when = patient ? "with the next feeding" : "at once";
  test(`a device that tells ${when}: each chunk with its time, before it is heard`, async () => {
    await toldAhead(patient);
  });
}

/** And without a gap; what is flushed is taken back. */
async function toldAhead(patient: boolean): Promise<void> {
  const { clock, device, speaker, sink } = world();
  device.patient = patient;
  device.bufferMs = 45;
  speaker.play(PCM);
  await clock.advanceAsync(300);
  const [first] = sink.asReported;
  let nextMs = first?.atMs ?? Number.NaN;
  assert.equal(nextMs, 45);
  for (const { pcm, atMs } of sink.asReported) {
    assert.ok(Math.abs(atMs - nextMs) < 1e-6, `${atMs} for ${nextMs}`);
    nextMs += pcm.length / 24;
  }
  assert.ok(nextMs > clock.nowMs(), "ahead of the ear");
  const told = Int16Array.from(sink.asReported.flatMap(({ pcm }) => [...pcm]));
  assert.deepEqual(told, Int16Array.from(device.played).subarray(0, told.length));
  const flushed = speaker.flush();
  await clock.advanceAsync(5);
  await flushed;
  assert.ok((sink.asReported.at(-1)?.atMs ?? 0) <= clock.nowMs(), "nothing sounds after it");
}

test("a device that tells with the next feeding, and an answer that halts: it runs dry, and is no hang", () => {
  const { clock, device, speaker, sink } = world();
  device.patient = true;
  speaker.play(PCM.subarray(0, 12_000));
  clock.advance(ACCEPT_MS + 1_000);
  assert.equal(device.kills, 0);
  assert.equal(speaker.heard(), 12_000);
  assert.equal(clock.pending(), 0, "nobody looks any more");
  speaker.play(PCM.subarray(12_000));
  speaker.finish();
  clock.advance(1_000);
  assert.deepEqual(sink.story, ["flowing", "sounded", "underrun", "drained"]);
  assert.deepEqual(Int16Array.from(device.played), PCM);
});

test("any cutting of the same sound plays the same samples, without an underrun", () => {
  const { clock, device, speaker, sink } = world();
  for (let at = 0, n = 0; at < PCM.length; n++) {
    const size = 1 + ((n * 211) % 1_500);
    speaker.play(PCM.subarray(at, at + size));
    at += size;
    clock.advance(3);
  }
  speaker.finish();
  clock.advance(2_000);
  assert.deepEqual(Int16Array.from(device.played), PCM);
  assert.equal(sink.count("underrun"), 0);
  assert.equal(sink.count("drained"), 1);
});

test("a flush tells where the ear was, skips the rest, and the next utterance follows", async () => {
  const { clock, device, speaker, sink } = world();
  speaker.play(PCM);
  speaker.finish();
  clock.advance(300);
  const flushed = speaker.flush();
  await clock.advanceAsync(5);
  assert.equal(await flushed, 305 * 24, "it sounded until the device was silent");
  assert.equal(speaker.heard(), PCM.length, "what was dropped is passed over");
  await clock.advanceAsync(2_000);
  assert.equal(sink.count("drained"), 0);
  const before = device.played.length;
  speaker.play(PCM.subarray(0, 2_400));
  speaker.finish();
  await clock.advanceAsync(200);
  assert.equal(speaker.heard(), PCM.length + 2_400);
  assert.deepEqual(Int16Array.from(device.played.slice(before)), PCM.subarray(0, 2_400));
  assert.deepEqual(sink.story, ["flowing", "sounded", "sounded", "drained"]);
});

test("a flush before anything sounded, or of nothing, is at the old position", async () => {
  const { clock, speaker, device } = world({ ready: false });
  assert.equal(await speaker.flush(), 0);
  speaker.play(PCM);
  assert.equal(await speaker.flush(), 0);
  assert.equal(speaker.heard(), PCM.length);
  device.ready();
  await clock.advanceAsync(500);
  assert.equal(device.played.length, 0);
});

test("what is played during a flush is kept, and sounds after it", async () => {
  const { clock, speaker, sink } = world();
  speaker.play(PCM);
  clock.advance(100);
  const first = speaker.flush();
  assert.equal(speaker.flush(), first, "a second request is the same one");
  speaker.play(PCM.subarray(0, 480));
  speaker.finish();
  await clock.advanceAsync(100);
  assert.equal(await first, 105 * 24);
  assert.equal(speaker.heard(), PCM.length + 480);
  assert.equal(sink.count("drained"), 1);
});

test("finish with nothing to finish is answered at once, and only once each", () => {
  const { clock, speaker, sink } = world();
  speaker.finish();
  assert.equal(sink.count("drained"), 1);
  speaker.play(PCM.subarray(0, 480));
  speaker.finish();
  speaker.finish();
  clock.advance(100);
  assert.equal(sink.count("drained"), 2);
});

test("two utterances in the queue are two: each sounds and drains", () => {
  const { clock, speaker, sink } = world();
  for (let n = 0; n < 2; n++) {
    speaker.play(PCM.subarray(0, 4_800));
    speaker.finish();
  }
  clock.advance(1_000);
  assert.deepEqual(sink.story, ["flowing", "sounded", "drained", "sounded", "drained"]);
  assert.equal(speaker.heard(), 9_600);
});

test("a shortage is counted when the utterance goes on; a late finish is none", () => {
  const { clock, speaker, sink } = world();
  speaker.play(PCM.subarray(0, 4_800));
  clock.advance(1_000);
  assert.equal(speaker.heard(), 4_800);
  speaker.play(PCM.subarray(0, 4_800));
  clock.advance(100);
  assert.equal(speaker.heard(), 4_800 + 2_400);
  assert.equal(sink.count("underrun"), 1);
  clock.advance(900);
  speaker.finish();
  assert.deepEqual(sink.story, ["flowing", "sounded", "underrun", "drained"]);
});

test("the queue is bounded: the newest samples are refused", () => {
  const { speaker } = world({ ready: false });
  const minute = new Int16Array(60 * SAMPLE_RATE_HZ);
  let taken = 0;
  for (let n = 0; n < 5; n++) taken += speaker.play(minute);
  assert.equal(taken, PLAYBACK_QUEUE_MAX_S * SAMPLE_RATE_HZ);
});

test("a lost device drops what was queued; what comes meanwhile is not taken", () => {
  const { clock, device, speaker, sink } = world();
  speaker.play(PCM);
  speaker.finish();
  clock.advance(200);
  device.lose();
  assert.equal(speaker.heard(), PCM.length);
  assert.equal(speaker.play(PCM), 0);
  speaker.finish();
  device.ready();
  clock.advance(3_000);
  assert.deepEqual(sink.story, ["flowing", "sounded", "lost", "drained", "flowing"]);
  assert.equal(speaker.play(PCM), PCM.length);
  clock.advance(100);
  assert.equal(sink.count("sounded"), 2);
});

test("what the device has not accepted is not heard", () => {
  const { clock, device, speaker } = world();
  speaker.play(PCM);
  device.stuck = true;
  clock.advance(1_000);
  assert.equal(speaker.heard(), TARGET_MS * 24);
});

test("a device that takes nothing is kicked, and so is its successor; then it is lost", () => {
  const { clock, device, speaker, sink } = world();
  device.stuck = true;
  speaker.play(PCM);
  clock.advance(ACCEPT_MS + 100);
  assert.equal(device.kills, 1);
  assert.deepEqual(sink.story, ["flowing"]);
  device.ready();
  clock.advance(ACCEPT_MS + 100);
  assert.equal(device.kills, 2);
  assert.deepEqual(sink.story, ["flowing", "lost"]);
  assert.equal(clock.pending(), 0);
});

test("a device that died in silence: its successor plays the utterance, all of it", () => {
  const { clock, device, speaker, sink } = world();
  clock.advance(3_600_000);
  device.stuck = true;
  speaker.play(PCM);
  speaker.finish();
  device.played.length = 0;
  device.lose();
  assert.equal(speaker.heard(), 0);
  clock.advance(SUCCESSOR_MS / 2);
  device.stuck = false;
  device.ready();
  clock.advance(2_000);
  assert.deepEqual(sink.story, ["flowing", "sounded", "drained"]);
  assert.deepEqual(Int16Array.from(device.played), PCM);
  assert.equal(clock.pending(), 0);
});

test("it is not waited for longer than that, nor by a speaker that is closed", async () => {
  for (const end of ["late", "closed"] as const) {
    const { clock, device, speaker, sink } = world();
    device.stuck = true;
    speaker.play(PCM);
    device.lose();
    if (end === "closed") await speaker.close();
    clock.advance(SUCCESSOR_MS);
    assert.deepEqual(sink.story, end === "late" ? ["flowing", "lost"] : ["flowing"]);
    assert.equal(clock.pending(), 0);
    if (end === "late") assert.equal(speaker.heard(), PCM.length, "and what was queued is dropped");
  }
});

test("flushed while it is waited for, it plays nothing old", async () => {
  const { clock, device, speaker } = world();
  device.stuck = true;
  speaker.play(PCM);
  device.lose();
  const flushed = speaker.flush();
  await clock.advanceAsync(300);
  assert.equal(await flushed, 0);
  device.stuck = false;
  device.played.length = 0;
  device.ready();
  clock.advance(1_000);
  assert.equal(device.played.length, 0);
  assert.equal(clock.pending(), 0);
});

test("positions only grow, whatever happens", async () => {
  const { clock, device, speaker } = world();
  let last = 0;
  const look = (): void => {
    assert.ok(speaker.heard() >= last, `${speaker.heard()} after ${last}`);
    last = speaker.heard();
  };
  for (let n = 0; n < 400; n++) {
    const dice = (n * 2_654_435_761) % 13;
    if (dice < 6) speaker.play(PCM.subarray(0, dice * 400));
    if (dice === 7) speaker.finish();
    if (dice === 8) void speaker.flush();
    if (dice === 9) device.lose();
    if (dice === 10) device.ready();
    look();
    await clock.advanceAsync(dice * 3);
    look();
  }
});
