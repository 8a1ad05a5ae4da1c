/** The peer's voice detector: on the timeline of the sound, whatever the cut and the room. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { msToSamples, samplesToMs } from "../../src/core/audio/pcm.ts";
import { convertTo24k } from "../../src/core/audio/rate.ts";
import { parseWav, wavToMono } from "../../src/core/audio/wav.ts";
import { Vad, type VadEvent } from "../../src/sim/peer/vad.ts";
import { joined, room, syllables } from "../helpers/speech.ts";

const SETTINGS = { threshold: 0.5, silenceMs: 500 };

function heard(pcm: Int16Array, chunk = pcm.length, settings = SETTINGS): VadEvent[] {
  const vad = new Vad();
  const events: VadEvent[] = [];
  for (let at = 0; at < pcm.length; at += chunk) {
    events.push(...vad.feed(pcm.subarray(at, at + chunk), settings));
  }
  return events;
}

const shown = (events: readonly VadEvent[]): string =>
  events.map(({ tag, sample }) => `${tag} ${Math.round(samplesToMs(sample))}`).join(", ");

test("two sentences are two turns, however the sound is cut", () => {
  const pcm = joined(room(1000), syllables(5), room(800), syllables(3), room(800));
  const whole = heard(pcm);
  assert.deepEqual(
    whole.map(({ tag }) => tag),
    ["started", "stopped", "started", "stopped"],
  );
  const [start, stop] = whole;
  assert.ok(Math.abs(samplesToMs(start?.sample ?? 0) - 1000) <= 40, shown(whole));
  assert.ok(Math.abs(samplesToMs(stop?.sample ?? 0) - 2540) <= 100, shown(whole));
  for (const chunk of [1, 479, 480, 481, 12_345]) assert.deepEqual(heard(pcm, chunk), whole);
});

test("speech from the very first sample is heard: a pre-roll begins in a word", () => {
  const events = heard(joined(syllables(4), room(700)));
  assert.deepEqual(
    events.map(({ tag }) => tag),
    ["started", "stopped"],
  );
  assert.ok(samplesToMs(events[0]?.sample ?? 999) <= 60);
});

test("silence, hiss, a click and a slowly growing fan are no speech", () => {
  assert.deepEqual(heard(new Int16Array(msToSamples(3000))), []);
  assert.deepEqual(heard(room(3000, 60)), []);
  const click = room(2000);
  click.fill(20_000, 24_000, 24_480);
  assert.deepEqual(heard(click), []);
  const fan = joined(...Array.from({ length: 40 }, (_, step) => room(500, 16 + step * 4)));
  assert.deepEqual(heard(fan), []);
});

test("a louder room needs louder speech, and the threshold moves the line", () => {
  const loud = joined(room(4000, 400), syllables(5, 9000, 400), room(1500, 400));
  const events = heard(loud);
  assert.deepEqual(events.map(({ tag }) => tag).slice(-2), ["started", "stopped"], shown(events));
  const quiet = joined(room(1000), syllables(5, 250), room(800));
  assert.equal(heard(quiet, 480, { ...SETTINGS, threshold: 1 }).length, 0);
  assert.equal(heard(quiet, 480, { ...SETTINGS, threshold: 0.05 }).length, 2);
});

test("a spoken sentence is one turn", (context) => {
  const said = spawnSync("espeak-ng", ["--stdout", "What is the weather like in Bern tomorrow?"]);
  if (said.error !== undefined) return context.skip("espeak-ng is not installed");
  const info = parseWav(said.stdout);
  assert.ok(info.tag === "wav");
  const speech = convertTo24k(wavToMono(said.stdout, info), info.sampleRateHz);
  const events = heard(joined(room(500), speech, room(1000)), 480);
  assert.deepEqual(
    events.map(({ tag }) => tag),
    ["started", "stopped"],
    shown(events),
  );
});
