/** How much sound goes in one event: much while nobody waits for it, little where a word begins or ends. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Uplink } from "../../../src/app/audio/uplink.ts";
import { FRAME_SAMPLES, msToSamples } from "../../../src/core/audio/pcm.ts";
import { Ring } from "../../../src/core/audio/ring.ts";
import { SpeechGate } from "../../../src/core/audio/speech-gate.ts";
import { record, text } from "../../../src/core/json.ts";
import { noise } from "../../helpers/sound.ts";
import { room, syllables } from "../../helpers/speech.ts";

/** Milliseconds in each event, and all of their samples. */
function talker() {
  const ring = new Ring(msToSamples(5_000));
  const sentMs: number[] = [];
  const sent: Buffer[] = [];
  const uplink = new Uplink(ring);
  uplink.connect({
    send: (line) => {
      const event = record(JSON.parse(Buffer.from(line).toString()));
      const bytes = Buffer.from(text(event ?? {}, "audio") ?? "", "base64");
      sent.push(bytes);
      sentMs.push(bytes.length / 48);
    },
    bufferedBytes: () => 0,
  });
  uplink.open(0);
  const hear = (pcm: Int16Array, isPatient: boolean): number[] => {
    sentMs.length = 0;
    for (let at = 0; at < pcm.length; at += FRAME_SAMPLES) {
      ring.write(pcm.subarray(at, at + FRAME_SAMPLES));
      uplink.pump(isPatient);
    }
    return [...sentMs];
  };
  return { hear, all: () => Buffer.concat(sent) };
}

test("in the middle of a word half as many events; when it ends, what waited goes at once", () => {
  const { hear, all } = talker();
  const pcm = noise(msToSamples(1_000));
  const ms = (from: number, to: number) => pcm.subarray(msToSamples(from), msToSamples(to));
  assert.deepEqual(hear(ms(0, 80), false), [40, 40]);
  assert.deepEqual(hear(ms(80, 300), true), [80, 80], "60 ms wait");
  assert.deepEqual(hear(ms(300, 320), false), [40, 40], "no longer than the word goes on");
  assert.deepEqual(hear(ms(320, 1_000), false), Array(17).fill(40));
  assert.deepEqual(all(), Buffer.from(pcm.buffer), "every sample once, in order");
});

test("the gate counts loud frames from the beginning of a word, and none behind its end", () => {
  const gate = new SpeechGate();
  const most = (pcm: Int16Array): number => {
    let found = 0;
    for (let at = 0; at < pcm.length; at += FRAME_SAMPLES) {
      gate.take(pcm.subarray(at, at + FRAME_SAMPLES));
      found = Math.max(found, gate.loudFrames);
    }
    return found;
  };
  most(room(8_000)); // It has heard the room.
  assert.equal(most(room(1_000)), 0);
  assert.ok(most(syllables(1)) >= 5);
  most(room(400));
  assert.equal(gate.loudFrames, 0, "open for a second still, but nothing is loud");
  assert.ok(gate.open);
});
