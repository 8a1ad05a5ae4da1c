/** The gate: closed in any steady room, open within the first syllable of any voice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_MS, FRAME_SAMPLES, msToSamples } from "../../../src/core/audio/pcm.ts";
import { GATE_HANG_MS, SpeechGate } from "../../../src/core/audio/speech-gate.ts";
import { noise, tone } from "../../helpers/sound.ts";
import { joined, room, syllables } from "../../helpers/speech.ts";

/** The floor is the least of three seconds: so long a new gate may stay open. */
const SETTLED_MS = 3000 + 2 * GATE_HANG_MS;

/** Open or not after each frame. */
function gated(pcm: Int16Array, gate = new SpeechGate()): boolean[] {
  const states: boolean[] = [];
  for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
    states.push(gate.take(pcm.subarray(at, at + FRAME_SAMPLES)));
  }
  return states;
}

/** Noise that falls 3 or 6 dB an octave, from white noise by leaky sums. */
function coloured(samples: number, leak: number, peak: number): Int16Array {
  let sum = 0;
  return noise(samples, 3, peak).map((white) => {
    sum = leak * sum + white;
    return sum / 4;
  });
}

const ROOMS: readonly (readonly [string, Int16Array])[] = [
  ["digital silence", new Int16Array(msToSamples(30_000))],
  ["the dither of a converter", room(30_000, 1.4)],
  ["a quiet room", room(30_000)],
  ["a loud fan", noise(msToSamples(30_000), 4, 3000)],
  ["a rumble", coloured(msToSamples(30_000), 0.98, 2000)],
  ["mains hum", joined(...Array.from({ length: 30 }, () => tone(24_000, 50, 24_000, 3000)))],
];

for (const [name, pcm] of ROOMS) {
  test(`${name} leaves it closed`, () => {
    const settled = gated(pcm).slice(SETTLED_MS / FRAME_MS);
    assert.deepEqual(settled.filter(Boolean), []);
  });
}

test("digital silence never opens it, not even at first", () => {
  assert.ok(!gated(new Int16Array(msToSamples(3000))).includes(true));
});

test("a voice opens it within 100 ms, a quiet one in noise too", () => {
  const quiet = msToSamples(8000);
  const cases: readonly (readonly [string, Int16Array, number])[] = [
    ["in a quiet room", room(12_000), 6000],
    ["in a quiet room, from afar", room(12_000), 300],
    ["beside a fan", noise(msToSamples(12_000), 4, 1500), 2500],
    ["after digital silence", new Int16Array(msToSamples(12_000)), 300],
  ];
  for (const [name, background, peak] of cases) {
    const pcm = background.slice();
    const voice = syllables(3, peak);
    for (let n = 0; n < voice.length; n++) {
      pcm[quiet + n] = (pcm[quiet + n] ?? 0) + (voice[n] ?? 0);
    }
    const states = gated(pcm).slice(quiet / FRAME_SAMPLES);
    assert.ok(states.indexOf(true) >= 0 && states.indexOf(true) <= 100 / FRAME_MS, name);
  }
});

test("a voice as the very first sound opens it", () => {
  assert.ok(gated(syllables(3, 2000)).indexOf(true) <= 100 / FRAME_MS);
});

test("it stays open through pauses of speech, and closes when the hang time is over", () => {
  const spoken = joined(syllables(2), room(600), syllables(2));
  const pcm = joined(room(8000), spoken, room(8000));
  const states = gated(pcm);
  const begin = states.indexOf(true, SETTLED_MS / FRAME_MS);
  const end = states.indexOf(false, begin);
  const openMs = (end - begin) * FRAME_MS;
  const spokenMs = (spoken.length * 1000) / 24_000;
  assert.ok(openMs >= spokenMs + GATE_HANG_MS - 200, `open for ${openMs} ms`);
  assert.ok(openMs <= spokenMs + GATE_HANG_MS + 200, `open for ${openMs} ms`);
  assert.ok(!states.slice(end).includes(true));
});

test("a fan that starts holds it open for no longer than the floor looks back", () => {
  const pcm = joined(room(8000), noise(msToSamples(10_000), 4, 2000));
  const states = gated(pcm).slice(8000 / FRAME_MS);
  assert.ok(states.slice(0, 10).includes(true));
  assert.ok(!states.slice(SETTLED_MS / FRAME_MS).includes(true));
});

test("it does not close on speech that goes on without a pause for ten seconds", () => {
  const pcm = joined(room(8000), syllables(45));
  const states = gated(pcm).slice(8000 / FRAME_MS + 10);
  assert.ok(!states.includes(false));
});

test("a reset forgets the room, and a wrong frame is refused", () => {
  const gate = new SpeechGate();
  gated(joined(room(8000), syllables(2)), gate);
  assert.ok(gate.open);
  gate.reset();
  assert.ok(!gate.open);
  assert.throws(() => gate.take(new Int16Array(100)), RangeError);
});
