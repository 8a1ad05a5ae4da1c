/** The path from the ring to the engine: what is fed, when, and with which positions. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LOOK_BACK_MS, WakePath } from "../../../src/app/audio/wake-path.ts";
import {
  Downsampler,
  RESAMPLE_DELAY_SAMPLES,
  resampledMax,
  WAKE_FRAME_SAMPLES,
} from "../../../src/core/audio/downsampler.ts";
import { FRAME_SAMPLES, msToSamples, samplesToMs } from "../../../src/core/audio/pcm.ts";
import { Ring } from "../../../src/core/audio/ring.ts";
import { fault } from "../../../src/core/fault.ts";
import type { WakeSink } from "../../../src/ports.ts";
import { joined, room, syllables } from "../../helpers/speech.ts";

/** Samples of the capture clock in one engine frame. */
const STEP = (WAKE_FRAME_SAMPLES * 3) / 2;
const QUIET_MS = 8000;

interface Fed {
  readonly pcm: Int16Array;
  readonly endSample: number;
}

/** A ring, a path and an engine that remembers. */
class World {
  readonly ring = new Ring(msToSamples(5000));
  readonly fed: Fed[] = [];
  readonly woken: string[] = [];
  readonly log: string[] = [];
  readonly wanted: string[] = [];
  isPlaying: boolean = false;
  isVain: boolean = false;
  /** All that was ever said. */
  readonly source: number[] = [];
  feedsInOneCall = 0;
  engine: WakeSink | null = null;
  readonly path = new WakePath({
    ring: this.ring,
    engine: {
      start: (sink) => {
        this.engine = sink;
      },
      feed: (frame, endSample) => this.fed.push({ pcm: frame.slice(), endSample }),
      listenFor: (keyword, on) => this.wanted.push(`${keyword} ${on}`),
      close: async () => undefined,
    },
    cooldownMs: 2000,
    onWake: (keyword, endSample) => this.woken.push(`${keyword} ${endSample}`),
    isPlaying: () => this.isPlaying,
    isVain: () => this.isVain,
    onStop: () => this.woken.push("stop"),
    onLost: () => this.log.push("lost"),
    onFlowing: () => this.log.push("flowing"),
  });

  begin(): this {
    this.path.start();
    this.engine?.flowing();
    return this;
  }

  hear(pcm: Int16Array): void {
    for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
      const frame = pcm.subarray(at, at + FRAME_SAMPLES);
      const before = this.fed.length;
      this.source.push(...frame);
      this.ring.write(frame);
      this.path.take(frame);
      this.feedsInOneCall = Math.max(this.feedsInOneCall, this.fed.length - before);
    }
  }

  /** The stretches fed without a gap, as capture positions: [begin, end). */
  stretches(): [number, number][] {
    const found: [number, number][] = [];
    for (const { endSample } of this.fed) {
      const last = found.at(-1);
      if (last !== undefined && endSample - STEP === last[1]) last[1] = endSample;
      else found.push([endSample - STEP, endSample]);
    }
    return found;
  }
}

/** A world that has been quiet for long enough to be believed. */
function quietWorld(): World {
  const world = new World().begin();
  world.hear(room(QUIET_MS));
  world.fed.length = 0;
  return world;
}

test("silence: the wake engine is not fed", () => {
  const world = quietWorld();
  const before = world.path.counts;
  world.hear(room(20_000));
  assert.equal(world.fed.length, 0);
  assert.equal(world.path.counts.framesSkipped - before.framesSkipped, 1000);
  assert.equal(world.path.counts.framesFed, before.framesFed);
});

test("look-back: the word is fed from before the gate opened, in order, at its true position", () => {
  const world = quietWorld();
  // A clap: the room is not a quiet one, and what is heard is not amplified.
  const clap = room(3000);
  clap[100] = 32_767;
  world.hear(clap);
  world.fed.length = 0;
  const wordFrom = world.ring.head;
  world.hear(joined(syllables(3), room(2000)));
  const [stretch, ...others] = world.stretches();
  assert.ok(stretch !== undefined && others.length === 0, "one stretch");
  const [begin, end] = stretch;
  assert.ok(begin <= wordFrom - msToSamples(LOOK_BACK_MS - 200), "the look-back came first");
  assert.ok(end >= wordFrom + msToSamples(660), "the whole word");
  // The same samples, resampled by themselves, are the same frames.
  const from = begin + RESAMPLE_DELAY_SAMPLES;
  const source = Int16Array.from(world.source.slice(from, end + RESAMPLE_DELAY_SAMPLES));
  const expected = new Int16Array(resampledMax(source.length));
  new Downsampler().process(source, expected);
  const fed = joined(...world.fed.map((frame) => frame.pcm));
  assert.deepEqual(fed, expected.subarray(0, fed.length));
  assert.equal(fed.length * 1.5, source.length);
});

test("a click is found at its own place in the frame that its position tells", () => {
  const world = quietWorld();
  const sound = syllables(3);
  const clickAt = world.ring.head + 4321;
  sound[4321] = 32_767;
  world.hear(joined(sound, room(2000)));
  const frame = world.fed.find((fed) => fed.endSample > clickAt);
  assert.ok(frame !== undefined);
  const peak = frame.pcm.indexOf(Math.max(...frame.pcm));
  const foundAt = frame.endSample - STEP + peak * 1.5;
  assert.ok(Math.abs(foundAt - clickAt) <= 1.5, `${foundAt} for ${clickAt}`);
});

test("a second word within the look-back: no gap, no overlap", () => {
  const world = quietWorld();
  world.hear(joined(syllables(2), room(1600), syllables(2), room(5000), syllables(1), room(2000)));
  const stretches = world.stretches();
  assert.equal(stretches.length, 2);
  const [first, second] = stretches;
  assert.ok(first !== undefined && second !== undefined && second[0] >= first[1]);
});

test("the work of one call is bounded, and the look-back is caught up soon", () => {
  const world = quietWorld();
  world.hear(syllables(1));
  assert.ok(world.feedsInOneCall > 1 && world.feedsInOneCall <= 8, `${world.feedsInOneCall}`);
  const lag = world.ring.head - (world.fed.at(-1)?.endSample ?? 0);
  assert.ok(lag <= STEP + RESAMPLE_DELAY_SAMPLES, `${lag} samples behind`);
});

test("muted: the wake engine gets nothing, then or afterwards", () => {
  const world = quietWorld();
  world.path.enabled(false);
  world.hear(syllables(4));
  assert.equal(world.fed.length, 0);
  const unmutedAt = world.ring.head;
  world.path.enabled(true);
  world.hear(joined(syllables(3), room(1000)));
  const [begin] = world.stretches()[0] ?? [0];
  assert.ok(world.fed.length > 0 && begin >= unmutedAt - RESAMPLE_DELAY_SAMPLES);
  world.engine?.detected("computer", unmutedAt);
  assert.deepEqual(world.woken, []);
  world.engine?.detected("computer", unmutedAt + 500);
  assert.equal(world.woken.length, 1);
});

test("the engine rests only when it has forgotten the word: stopped at it, it would report it again", () => {
  const world = quietWorld();
  world.hear(syllables(2));
  const wordAt = world.ring.head;
  world.engine?.detected("computer", wordAt);
  world.isVain = true;
  world.hear(syllables(12));
  assert.ok(world.ring.head - wordAt > msToSamples(2500), "it was long enough");
  const [from = 0, to = 0] = world.stretches().at(-1) ?? [];
  assert.ok(from < wordAt, "without a gap");
  const fedOnMs = samplesToMs(to - wordAt);
  assert.ok(fedOnMs >= 900 && fedOnMs <= 1100, `${fedOnMs} ms`);
});

test("the wake engine rests where a wake would change nothing, and never hears that time", () => {
  const world = quietWorld();
  world.hear(syllables(2));
  world.isVain = true;
  const fedBefore = world.fed.length;
  world.hear(syllables(8));
  assert.equal(world.fed.length, fedBefore);
  assert.ok(world.path.gateOpen, "the gate goes on");
  // The question's last second is within the look-back: it must not interrupt its own answer.
  world.isVain = false;
  const backAt = world.ring.head;
  world.hear(joined(syllables(3), room(1000)));
  const begin = world.stretches().at(-1)?.[0] ?? 0;
  assert.ok(world.fed.length > fedBefore && begin >= backAt - RESAMPLE_DELAY_SAMPLES, `${begin}`);
  world.engine?.detected("computer", backAt);
  assert.deepEqual(world.woken, []);
  world.engine?.detected("computer", backAt + 500);
  assert.equal(world.woken.length, 1);
});

test("cooldown: detections that end too soon after one are dropped and counted", () => {
  const world = quietWorld();
  world.engine?.detected("computer", 100_000);
  world.engine?.detected("jarvis", 100_000 + msToSamples(1999));
  world.engine?.detected("computer", 100_000 + msToSamples(2000));
  world.path.cooldown(0);
  world.engine?.detected("computer", 400_000);
  world.engine?.detected("computer", 400_000 + msToSamples(300));
  assert.deepEqual(world.woken, [
    "computer 100000",
    "computer 148000",
    "computer 400000",
    "computer 407200",
  ]);
  assert.equal(world.path.counts.detectionsDropped, 1);
});

test("a failed wake engine is not fed, and gets the last second after a restart", () => {
  const world = quietWorld();
  world.engine?.lost(fault("wake-word-failed", "retry", "gone"));
  world.hear(syllables(5));
  assert.equal(world.fed.length, 0);
  const backAt = world.ring.head;
  world.engine?.flowing();
  world.hear(syllables(2));
  assert.deepEqual(world.log, ["flowing", "lost", "flowing"]);
  const [begin] = world.stretches()[0] ?? [0];
  const lookedBack = backAt + FRAME_SAMPLES - msToSamples(LOOK_BACK_MS) - RESAMPLE_DELAY_SAMPLES;
  assert.equal(begin, lookedBack);
});

test("before the ring is full the look-back ends at its beginning", () => {
  const world = new World().begin();
  world.hear(syllables(2));
  assert.equal(world.stretches()[0]?.[0], -RESAMPLE_DELAY_SAMPLES);
});

test("the stop word is looked for, and counts, only while something plays; no cooldown holds it", () => {
  const world = new World().begin();
  world.hear(joined(room(QUIET_MS), syllables(1000)));
  const at = world.ring.head;
  assert.deepEqual(world.wanted, ["stop false"]);
  world.engine?.detected("stop", at);
  assert.deepEqual(world.woken, []);
  world.engine?.detected("computer", at + msToSamples(400));
  world.isPlaying = true;
  world.hear(room(1000));
  world.engine?.detected("stop", at + msToSamples(1000));
  world.isPlaying = false;
  world.hear(room(20));
  world.engine?.detected("stop", at + msToSamples(9000));
  assert.deepEqual(world.wanted, ["stop false", "stop true", "stop false"]);
  assert.deepEqual(world.woken, [`computer ${at + msToSamples(400)}`, "stop"]);
  assert.equal(world.path.counts.detectionsDropped, 2);
});

test("arbitration: detections of two engines within 300 ms are one", () => {
  const world = new World().begin();
  world.path.cooldown(0);
  const at = msToSamples(60_000);
  for (const afterMs of [0, 299, -250, 600]) {
    world.engine?.detected("computer", at + msToSamples(afterMs));
  }
  assert.deepEqual(world.woken, [`computer ${at}`, `computer ${at + msToSamples(600)}`]);
});

test("a voice far below full scale is amplified for the engine, and the ring keeps it as it was", () => {
  const world = quietWorld();
  const faint = syllables(5, 200);
  const from = world.ring.head;
  world.hear(joined(faint, room(1000)));
  const peakOf = (pcm: Int16Array): number => pcm.reduce((most, one) => Math.max(most, one), 0);
  const loudest = Math.max(...world.fed.map(({ pcm }) => peakOf(pcm)));
  assert.ok(loudest > 9 * peakOf(faint) && loudest < 11 * peakOf(faint), `${loudest}`);
  assert.equal(world.path.gainDb, 20);
  const kept = new Int16Array(faint.length);
  world.ring.read(from, kept);
  assert.deepEqual(kept, faint);
});
