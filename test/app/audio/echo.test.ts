/** The appliance hears itself answer: what of it reaches the wake-word engine, and when nothing is done. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EchoPath, NO_TEACHER } from "../../../src/app/audio/echo-path.ts";
import { statusText } from "../../../src/commands/control/status-text.ts";
import { WORD_NAP_MS } from "../../../src/core/assistant/views.ts";
import { CaptureClock } from "../../../src/core/audio/capture-clock.ts";
import { FRAME_MS, FRAME_SAMPLES, msToSamples, rms } from "../../../src/core/audio/pcm.ts";
import { ECHO_BLOCK_SAMPLES, ECHO_BLOCKS } from "../../../src/core/echo/canceller.ts";
import {
  FIRST_SHIFT_MS,
  type LearnedEcho,
  learnedText,
  learnSwept,
} from "../../../src/core/echo/learned.ts";
import { record } from "../../../src/core/json.ts";
import type { Settings } from "../../../src/core/settings/table.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { noise } from "../../helpers/sound.ts";
import { syllables } from "../../helpers/speech.ts";
import { settled, World } from "../../helpers/world.ts";

const REPLY_MS = 1_800;
/** The server sends it in such pieces. */
const PIECE_MS = 600;
/** From the loudspeaker to the microphone. */
const ECHO_MS = 35;

/**
 * An answer of noise, and the microphone hears it come back at half its loudness; `voice`: and
 * somebody who speaks at the same time; `known`: what earlier runs have learned of the echo.
 */
async function answerHeard(
  changes: Partial<Settings>,
  replyMs = REPLY_MS,
  voice: Int16Array | null = null,
  known: string | null = null,
): Promise<{ world: World; levels: number[]; naps: number[] }> {
  const world = new World(changes);
  world.echoFile.text = known;
  await world.appliance.start();
  world.listen(1000);
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  world.server("response.created", { response: { id: "resp_1" } });
  const levels: number[] = [];
  const naps: number[] = [];
  world.wakeEngine.feed = (frame) => void levels.push(rms(frame));
  const reply = speechLike(replyMs);
  const piece = msToSamples(PIECE_MS);
  for (let at = 0; at < reply.length; at += FRAME_SAMPLES) {
    // As a speaker does, the world tells ahead of the ear what it plays.
    if (at === 0) say(world, reply.subarray(0, piece));
    if (at % piece === 0) say(world, reply.subarray(at + piece, at + 2 * piece));
    world.clock.advance(FRAME_MS);
    const from = at - msToSamples(ECHO_MS);
    const played = world.speaker.queued;
    const frame = Int16Array.from({ length: FRAME_SAMPLES }, (_, n) =>
      Math.round((played[from + n] ?? 0) / 2 + (voice?.[at + n] ?? 0)),
    );
    world.microphone.sink?.frame(frame);
    naps.push(world.microphone.napMs);
  }
  return { world, levels, naps };
}

/** Noise in syllables that do not repeat. */
function speechLike(ms: number): Int16Array {
  let loud = 1;
  return noise(msToSamples(ms)).map((sample, n) => {
    if (n % msToSamples(110) === 0) loud = [1, 0.1, 0.6, 0.05, 1, 0.3, 0.8][(n >> 5) % 7] ?? 1;
    return Math.round(sample * loud);
  });
}

function say(world: World, pcm: Int16Array): void {
  const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  world.server("response.output_audio.delta", {
    response_id: "resp_1",
    item_id: "item_a",
    content_index: 0,
    delta: bytes.toString("base64"),
  });
}

function last(levels: readonly number[]): number {
  const late = levels.slice(-20);
  return late.reduce((sum, level) => sum + level, 0) / late.length;
}

test("audio.echo auto: the engine hears the room, not the answer; off: it hears the answer", async () => {
  const without = last((await answerHeard({ "audio.echo": "off" })).levels);
  assert.ok(without > 500, `${without} steps of the converter`);
  for (const mode of ["auto", "wake"] as const) {
    const left = last((await answerHeard({ "audio.echo": mode })).levels);
    assert.ok(left < without / 5, `${left} of ${without}`);
  }
});

test("a reply teaches the echo path: stored in the state folder, shown by status", async () => {
  const { world } = await answerHeard({}, 6_000);
  world.done("resp_1");
  world.listen(1000);
  await settled();
  const kept = JSON.parse(world.echoFile.text ?? "{}");
  assert.equal(kept.answers, 1);
  assert.ok(Math.abs(kept.delay_ms - ECHO_MS) <= 20, `${kept.delay_ms} ms`);
  const reply = await world.controlServer.answer?.({ command: "status" });
  assert.ok(reply?.ok);
  assert.match(
    statusText(reply.data),
    /Echo of answers +The microphone hears an answer \d0 ms late/,
  );
  const { world: off } = await answerHeard({ "audio.echo": "off" }, 6_000);
  assert.equal(off.echoFile.text, null, "nothing is measured where nothing is to be done");
});

test("audio.echo full: the API gets silence during a reply, and a barge-in, which ducks the reply", async () => {
  const voice = new Int16Array(msToSamples(6_000));
  const said = syllables(8, 20_000);
  voice.set(said, msToSamples(4_000));
  const { world, naps } = await answerHeard({ "audio.echo": "full" }, 6_000, voice);
  const napsIn = (fromMs: number, toMs: number): number[] => [
    ...new Set(naps.slice(fromMs / FRAME_MS, toMs / FRAME_MS)),
  ];
  assert.deepEqual(napsIn(2_000, 4_000), [WORD_NAP_MS], "nobody waits for silence");
  assert.deepEqual(napsIn(4_200, 5_500), [0], "somebody speaks");
  const sent = world.sentSound.subarray(-msToSamples(6_000));
  const level = (fromMs: number, toMs: number): number =>
    rms(sent.subarray(sent.length - msToSamples(fromMs), sent.length - msToSamples(toMs)));
  assert.equal(level(4_000, 2_400), 0, "silence while only the answer sounds");
  assert.ok(level(1_500, 300) > 1_000, "somebody speaks");
  assert.ok(world.speaker.gains.includes(0.25), "the answer is softer meanwhile");
  const half = (await answerHeard({ "audio.echo": "auto" }, 6_000, voice)).world;
  assert.ok(half.sentMs < world.sentMs - 5_000, "by default the microphone is shut");
});

/** As a run before has learned it, just now. */
function learnedBefore(echoDbfs: number, cancelledDb: number, changes: Partial<LearnedEcho> = {}) {
  const reading = { delayMs: ECHO_MS, echoDbfs, returnLossDb: 8, cancelledDb };
  const at = { devices: "default | default", wallMs: new SimClock().wallMs() };
  return learnedText({ ...learnSwept(reading, at), ...changes });
}

test("auto with full duplex wanted, but too much echo: half duplex, logged once", async () => {
  const world = new World({ "audio.duplex": "full" });
  world.echoFile.text = learnedBefore(-12, 12);
  await world.appliance.start();
  world.listen(1000);
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  world.server("response.created", { response: { id: "resp_1" } });
  say(world, noise(msToSamples(1_500)));
  const before = world.sentMs;
  world.listen(1_400);
  assert.equal(world.sentMs, before, "the microphone is shut");
  const notices = world.lines("notice").filter((line) => line.startsWith("Only the wake word"));
  assert.equal(notices.length, 1);
});

test("auto: half until it is known that a voice gets through; then full, unless half is written", async () => {
  const voice = new Int16Array(msToSamples(6_000));
  voice.set(syllables(8, 20_000), msToSamples(4_000));
  const { world: first } = await answerHeard({}, 6_000, voice);
  const { world: half } = await answerHeard({ "audio.echo": "wake" }, 6_000, voice);
  assert.equal(first.sentMs, half.sentMs, "nothing is known: the microphone is shut");
  const known = learnedBefore(-30, 25);
  for (const wanted of ["auto", "full"] as const) {
    const { world } = await answerHeard({ "audio.duplex": wanted }, 6_000, voice, known);
    assert.ok(world.sentMs > first.sentMs + 5_000, `${wanted}: as was measured before`);
    const told = world.lines("notice").filter((line) => line.startsWith("Speech interrupts"));
    assert.equal(told.length, wanted === "auto" ? 1 : 0);
  }
  const { world: written } = await answerHeard({ "audio.duplex": "half" }, 6_000, voice, known);
  assert.equal(written.sentMs, half.sentMs, "the owner's word counts");
  const one = learnedBefore(-30, 25, { isSwept: false, answers: 1 });
  const { world: unsure } = await answerHeard({}, 6_000, voice, one);
  assert.equal(unsure.sentMs, half.sentMs, "one answer may have been a lucky one");
});

test("another card behind the same name: what was learned does not count until it is back", async () => {
  const world = new World({});
  world.echoFile.text = learnedBefore(-30, 25);
  await world.appliance.start();
  const reach = async (): Promise<unknown> => {
    const reply = await world.controlServer.answer?.({ command: "status" });
    assert.ok(reply?.ok);
    return record(reply.data["echo"])?.["reach"];
  };
  assert.equal(await reach(), "full");
  world.cards = " (another)";
  world.microphone.sink?.flowing();
  assert.equal(await reach(), undefined);
  world.cards = "";
  world.speaker.sink?.flowing();
  assert.equal(await reach(), "full");
});

test("flush: what was not played is not cancelled as echo", async () => {
  const { world, levels } = await answerHeard({});
  world.wake();
  await world.clock.advanceAsync(FRAME_MS);
  levels.length = 0;
  for (let nth = 0; nth < 40; nth++) {
    world.clock.advance(FRAME_MS);
    world.microphone.sink?.frame(noise(FRAME_SAMPLES, nth + 100, 2_000));
  }
  assert.ok(last(levels) > 800, "somebody who speaks after it is heard as he is");
});

test("the echo canceller is bypassed 200 ms after the last sound", () => {
  const captured = new CaptureClock();
  const path = new EchoPath({ captured, teacher: NO_TEACHER, ringSamples: msToSamples(1000) });
  const hear = (frames: number): void => {
    for (let nth = 0; nth < frames; nth++) {
      const frame = noise(FRAME_SAMPLES, nth + 1);
      captured.took(path.ring.head + FRAME_SAMPLES, (path.ring.head + FRAME_SAMPLES) / 24);
      path.take(frame);
    }
  };
  hear(50);
  assert.equal(path.counts.framesCancelled, 0);
  path.playing(noise(FRAME_SAMPLES * 5), path.ring.head / 24);
  hear(50);
  const samples =
    5 * FRAME_SAMPLES + msToSamples(FIRST_SHIFT_MS) + ECHO_BLOCKS * ECHO_BLOCK_SAMPLES;
  assert.equal(path.counts.framesCancelled, Math.ceil(samples / FRAME_SAMPLES));
  const frame = noise(FRAME_SAMPLES, 77);
  assert.equal(path.take(frame), frame, "the very same array");
  const kept = new Int16Array(FRAME_SAMPLES);
  path.ring.read(path.ring.head - FRAME_SAMPLES, kept);
  assert.deepEqual(kept, frame);
});

/** The speaker tells so far ahead of the ear what it plays. */
const AHEAD_FRAMES = 10;

/** Hears 4 s of a hiss, then 8 s of an answer, which comes back as loud as `comesBack` says. */
function hearAnswer(
  path: EchoPath,
  captured: CaptureClock,
  comesBack: (nth: number) => number,
): boolean[] {
  const same: boolean[] = [];
  const played = speechLike(8_000);
  for (let nth = -200; nth < 400; nth++) {
    const from = path.ring.head;
    const tell = (ahead: number): void => {
      const at = (nth + ahead) * FRAME_SAMPLES;
      path.playing(played.subarray(at, at + FRAME_SAMPLES), (from + ahead * FRAME_SAMPLES) / 24);
    };
    if (nth === 0) for (let ahead = 0; ahead < AHEAD_FRAMES; ahead++) tell(ahead);
    if (nth >= 0) tell(AHEAD_FRAMES);
    const late = nth * FRAME_SAMPLES - msToSamples(ECHO_MS);
    const frame = noise(FRAME_SAMPLES, nth + 300, 28).map(
      (hiss, n) => hiss + (played[late + n] ?? 0) * comesBack(nth),
    );
    captured.took(from + FRAME_SAMPLES, (from + FRAME_SAMPLES) / 24);
    same.push(path.take(frame) === frame);
  }
  return same.slice(200);
}

test("an answer that does not come back: the hiss stays as it is, and it is told how faint it is", () => {
  const captured = new CaptureClock();
  const ringSamples = msToSamples(5_000);
  const path = new EchoPath({ captured, teacher: NO_TEACHER, ringSamples });
  const same = hearAnswer(path, captured, () => 0);
  assert.ok(same.every(Boolean), "each frame is the very same array");
  assert.equal(path.counts.framesCancelled, 0);
  const { echoDbfs = 0, cancelledDb } = path.reading ?? {};
  assert.ok(echoDbfs < -60, `${echoDbfs} dBFS`);
  assert.equal(cancelledDb, 0);
});

test("an answer that comes back from its middle on, as when somebody turns it up: it is taken out", () => {
  const captured = new CaptureClock();
  const ringSamples = msToSamples(5_000);
  const path = new EchoPath({ captured, teacher: NO_TEACHER, ringSamples });
  const same = hearAnswer(path, captured, (nth) => (nth < 100 ? 0 : 0.25));
  assert.ok(same.slice(0, 100).every(Boolean), "nothing is done in silence");
  assert.ok(
    same.slice(105).every((one) => !one),
    "within 100 ms it is at work",
  );
  const left = new Int16Array(msToSamples(1_000));
  path.ring.read(path.ring.head - left.length, left);
  const end = speechLike(8_000).length - msToSamples(ECHO_MS);
  const heard = rms(speechLike(8_000).subarray(end - left.length, end)) / 4;
  // A third of the noise lies above 8 kHz, where nothing is taken out: 0.58 of its loudness.
  assert.ok(rms(left) < 0.65 * heard, `${rms(left)} of ${heard}`);
});
