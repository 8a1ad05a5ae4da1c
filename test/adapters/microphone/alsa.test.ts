import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type CaptureDevice,
  type CaptureLibrary,
  loadCapture,
} from "../../../src/adapters/alsa/capture.ts";
import { AlsaMicrophone, STALL_MS } from "../../../src/adapters/microphone/alsa.ts";
import { SystemClock, SystemDice } from "../../../src/adapters/os/clock.ts";
import { REST_NAP_MS } from "../../../src/core/assistant/views.ts";
import { msToSamples } from "../../../src/core/audio/pcm.ts";
import { wavHeader } from "../../../src/core/audio/wav.ts";
import { faultLine } from "../../../src/core/fault.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { eventually } from "../../helpers/host.ts";
import { NO_PULSE, startPulseRig } from "../../helpers/pulse-rig.ts";
import { indexOfSamples, microphoneSink, noise } from "../../helpers/sound.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";
import { settled } from "../../helpers/world.ts";

/** A card that counts: sample n has the value n. What is not fetched waits in it. */
class Card implements CaptureLibrary {
  readonly clock: SimClock;
  /** What opening it says; empty: it opens. */
  trouble = "";
  /** What reading it says. */
  gone = "";
  isSilent: boolean = false;
  hangs: boolean = false;
  opened = 0;
  readings = 0;
  closed = 0;
  #fromMs = 0;
  #given = 0;

  constructor(clock: SimClock) {
    this.clock = clock;
  }

  async open(): Promise<CaptureDevice> {
    this.opened += 1;
    if (this.hangs) await new Promise(() => undefined);
    if (this.trouble !== "") throw new Error(this.trouble);
    this.#fromMs = this.clock.nowMs();
    const start = this.#given;
    return {
      read: (into) => this.#read(into, start),
      close: async () => {
        this.closed += 1;
      },
    };
  }

  #read(into: Int16Array, start: number): number {
    this.readings += 1;
    if (this.gone !== "") throw new Error(this.gone);
    if (this.isSilent) return 0;
    const head = start + msToSamples(this.clock.nowMs() - this.#fromMs);
    const count = Math.min(into.length, head - this.#given);
    for (let i = 0; i < count; i++) into[i] = (this.#given + i) % 32_768;
    this.#given += count;
    return count;
  }
}

/** Ours may stand still, while alarms become due. */
class HeldUpClock extends SimClock {
  heldUpMs = 0;
  override nowMs(): number {
    return super.nowMs() + this.heldUpMs;
  }
}

async function begun() {
  const clock = new HeldUpClock();
  const card = new Card(clock);
  const sink = microphoneSink();
  const options = { library: card, device: "mic", clock, dice: new SimDice(1) };
  const microphone = new AlsaMicrophone(options);
  microphone.start(sink);
  await settled();
  /** Time passes, and what was promised meanwhile is done. */
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 20) {
      clock.advance(20);
      await settled();
    }
  };
  return { card, clock, sink, microphone, pass };
}

test("all of it comes once and in order, whether it naps or not; the end of a nap brings what waits", async () => {
  const { card, sink, microphone, pass } = await begun();
  await pass(1_000);
  const awake = card.readings;
  microphone.nap(REST_NAP_MS);
  await pass(1_000);
  assert.ok(awake >= 20 && card.readings - awake <= 6, `${awake}, then ${card.readings - awake}`);
  await pass(120);
  const before = sink.frames();
  microphone.nap(0);
  assert.ok(sink.frames() > before, "at once");
  await pass(500);
  assert.ok(sink.frames() >= 128, `${sink.frames()}`);
  assert.ok(sink.pcm().every((sample, i) => sample === i % 32_768));
  await microphone.close();
  assert.deepEqual([sink.story, card.opened, card.closed], [["flowing"], 1, 1]);
});

test("who takes a frame may want another nap, or the end, in the middle of it", async () => {
  const { card, sink, microphone, pass } = await begun();
  const { frame } = sink;
  let turns = 0;
  sink.frame = (pcm) => {
    frame(pcm);
    turns += 1;
    microphone.nap(turns % 2 === 0 ? REST_NAP_MS : 0);
    if (turns === 50) void microphone.close();
  };
  await pass(3_000);
  assert.equal(sink.frames(), 50);
  assert.ok(sink.pcm().every((sample, i) => sample === i));
  assert.equal(card.closed, 1);
});

test("not there, pulled, silent, busy: told once, tried again with waits, and then it flows", async () => {
  const { card, sink, microphone, pass } = await begun();
  await pass(500);
  card.gone = "read error: No such device";
  await pass(100);
  card.gone = "";
  card.trouble = "audio open error: No such file or directory";
  await pass(30_000);
  assert.deepEqual(sink.story, ["flowing", "lost"]);
  assert.ok(card.opened >= 5 && card.opened <= 12, `${card.opened} attempts in half a minute`);
  card.trouble = "";
  await pass(12_000);
  card.isSilent = true;
  await pass(STALL_MS + 200);
  card.isSilent = false;
  card.trouble = "audio open error: Device or resource busy";
  await pass(2_000);
  card.trouble = "";
  await pass(12_000);
  assert.deepEqual(sink.story, ["flowing", "lost", "flowing", "lost", "flowing"]);
  assert.deepEqual(sink.faults.map(faultLine), [
    'Microphone "mic" has gone away. Plug it in again',
    'Microphone "mic" gave no sound. Unplug it and plug it in again if this repeats',
  ]);
  await microphone.close();
});

test("a pause of the whole process, after which the device has nothing, is no stall of the device", async () => {
  const { card, clock, sink, microphone, pass } = await begun();
  await pass(500);
  clock.heldUpMs += 2 * STALL_MS;
  card.isSilent = true;
  await pass(100);
  card.isSilent = false;
  await pass(500);
  assert.deepEqual(sink.story, ["flowing"]);
  card.isSilent = true;
  await pass(STALL_MS + 200);
  assert.deepEqual(sink.story, ["flowing", "lost"]);
  await microphone.close();
});

test("a device that hangs while it is opened is told, opened no second time, and holds up no end", async () => {
  const clock = new SimClock();
  const card = new Card(clock);
  card.hangs = true;
  const sink = microphoneSink();
  const options = { library: card, device: "mic", clock, dice: new SimDice(1) };
  const microphone = new AlsaMicrophone(options);
  microphone.start(sink);
  clock.advance(60_000);
  await settled();
  assert.deepEqual([sink.story, card.opened], [["lost"], 1]);
  let isOver = false;
  const over = microphone.close().then(() => {
    isOver = true;
  });
  clock.advance(2_000);
  await over;
  assert.ok(isOver);
});

test("real ALSA in this process: a known sound arrives bit for bit, a name that is none is told", {
  timeout: 120_000,
}, async (t) => {
  const library = loadCapture();
  if (library === null) return t.skip("needs koffi and libasound2");
  const rig = await startPulseRig();
  if (rig === null) return t.skip(NO_PULSE);
  t.after(() => rig.close());
  // The library reads it in this process, at the first opening.
  Object.assign(process.env, rig.env);
  const pcm = noise(24_000);
  const wav = join(tempFolder(t), "known.wav");
  writeFileSync(wav, Buffer.concat([wavHeader(24_000, pcm.byteLength), Buffer.from(pcm.buffer)]));
  const parts = { library, clock: new SystemClock(), dice: new SystemDice() };
  const lost = new AlsaMicrophone({ ...parts, device: "nowhere" });
  const none = microphoneSink();
  lost.start(none);
  await eventually("the fault", () => none.faults.length > 0);
  await lost.close();
  assert.match(faultLine(none.faults[0] ?? assert.fail()), /Microphone "nowhere"/);
  const microphone = new AlsaMicrophone({ ...parts, device: "vmic" });
  const sink = microphoneSink();
  microphone.start(sink);
  await eventually("frames", () => sink.frames() > 5);
  await rig.playIntoMic(wav);
  await eventually("the sound", () => indexOfSamples(sink.pcm(), pcm) >= 0);
  microphone.nap(REST_NAP_MS);
  await rig.playIntoMic(wav);
  const first = (): number => indexOfSamples(sink.pcm(), pcm) + pcm.length;
  await eventually(
    "the sound, in a nap",
    () => indexOfSamples(sink.pcm().subarray(first()), pcm) >= 0,
  );
  await microphone.close();
  assert.deepEqual(sink.story, ["flowing"]);
});
