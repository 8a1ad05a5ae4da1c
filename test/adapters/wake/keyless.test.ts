/**
 * The keyless engine, through the daemon's own frame path, on people's voices
 * where the shared recordings are present, else on espeak-ng's.
 */

import assert from "node:assert/strict";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { SystemClock, SystemDice } from "../../../src/adapters/os/clock.ts";
import { KeylessWakeEngine } from "../../../src/adapters/wake/keyless.ts";
import { PorcupineWasm } from "../../../src/adapters/wake/porcupine-wasm.ts";
import { msToSamples } from "../../../src/core/audio/pcm.ts";
import { FaultError } from "../../../src/core/fault.ts";
import { KEYLESS_KEYWORDS } from "../../../src/core/wake/keyless-words.ts";
import { SENSITIVITY_DEFAULT, sensitivityOf } from "../../../src/core/wake/sensitivity.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";
import { type Clip, recordings, spoken } from "../../helpers/wake-audio.ts";
import { listen } from "../../helpers/wake-listen.ts";
import { faint, inPinkNoise } from "../../helpers/wake-noise.ts";
import { wordsAt } from "../../helpers/wake-words.ts";

const SENSITIVITY = SENSITIVITY_DEFAULT;
/** Of 24 recordings of people. */
const PEOPLE_MIN = 22;
/** Share of synthetic voices: a smoke test only (9 of 10 are heard). */
const SYNTHETIC_MIN = 0.6;

const FILES = join(
  dirname(createRequire(import.meta.url).resolve("bumblebee-hotword-node/package.json")),
  "lib",
  "porcupine-v1.9",
);

function engine(...keywords: string[]): KeylessWakeEngine {
  return new KeylessWakeEngine({
    words: keywords.map((keyword) => ({
      keyword,
      sensitivity: sensitivityOf("porcupine-keyless", keyword, "auto"),
      manifest: "",
    })),
    clock: new SystemClock(),
    dice: new SystemDice(),
  });
}

interface Material {
  readonly own: readonly Clip[];
  readonly others: readonly Clip[];
  readonly hitsMin: number;
}

/** The clips of a word and those of the other words, or null where nothing can be had. */
function material(word: string, otherWord: string): Material | null {
  const own = recordings(word);
  const others = recordings(otherWord);
  const strangers = recordings("other");
  if (own !== null && others !== null && strangers !== null) {
    return { own, others: [...others, ...strangers], hitsMin: PEOPLE_MIN };
  }
  const said = spoken(word);
  const saidOther = spoken(otherWord);
  const saidMore = spoken("what is the weather like tomorrow");
  if (said === null || saidOther === null || saidMore === null) return null;
  const hitsMin = Math.ceil(said.length * SYNTHETIC_MIN);
  return { own: said, others: [...saidOther, ...saidMore], hitsMin };
}

for (const [word, otherWord] of [
  ["computer", "jarvis"],
  ["jarvis", "computer"],
] as const) {
  test(`${word}: hears its own clips, and none of the others`, async (t) => {
    const clips = material(word, otherWord);
    if (clips === null) {
      t.skip("neither recordings nor espeak-ng");
      return;
    }
    const result = await listen(engine(word), [...clips.own, ...clips.others]);
    const own = result.heard.slice(0, clips.own.length);
    const hits = own.filter((words) => words.length > 0).length;
    const alarms = result.heard.slice(clips.own.length).flat().length;
    t.diagnostic(
      `${word}: ${hits} of ${clips.own.length}, false alarms ${alarms} in ${clips.others.length}`,
    );
    assert.ok(hits >= clips.hitsMin, `${hits} of ${clips.own.length} heard`);
    assert.equal(alarms, 0);
    assert.ok(
      own.every((words) => words.length <= 1),
      "no clip is reported twice",
    );
    assert.equal(result.framesDropped, 0);
  });
}

/** Of 24 in pink noise 10 dB below them: nine in ten. */
const NOISY_MIN = 22;
/** Of 24 whose loudest moment is at -50 dBFS; without the slow gain, 16 to 18. */
const FAINT_MIN = 22;

for (const word of ["computer", "jarvis"]) {
  test(`${word}: in noise, and far below full scale`, async (t) => {
    const clips = recordings(word);
    if (clips === null) {
      t.skip("no recordings");
      return;
    }
    const hitsOf = async (hard: readonly Clip[]): Promise<number> => {
      const { heard } = await listen(engine(word), hard);
      return heard.filter((words) => words.length > 0).length;
    };
    const noisy = await hitsOf(inPinkNoise(clips, 10));
    const quiet = await hitsOf(faint(clips, -50));
    t.diagnostic(`${word}: ${noisy} in pink noise at 10 dB, ${quiet} at -50 dBFS`);
    assert.ok(noisy >= NOISY_MIN, `${noisy} heard in noise`);
    assert.ok(quiet >= FAINT_MIN, `${quiet} of the faint ones heard`);
  });
}

test("several keywords at once, each reported by its own name as it was given", async (t) => {
  const computer = material("computer", "jarvis");
  const jarvis = material("jarvis", "computer");
  if (computer === null || jarvis === null) {
    t.skip("neither recordings nor espeak-ng");
    return;
  }
  const clips = [...computer.own.slice(0, 6), ...jarvis.own.slice(0, 6)];
  const { heard } = await listen(engine("Jarvis", "computer"), clips);
  const words = (from: number): Set<string> => new Set(heard.slice(from, from + 6).flat());
  assert.deepEqual([...words(0)], ["computer"]);
  assert.deepEqual([...words(6)], ["Jarvis"]);
});

/** The clip with everything much quieter than its loudest moment made exactly zero. */
function hollow({ pcm }: Clip): Int16Array {
  const step = msToSamples(20);
  const powers = Array.from({ length: Math.ceil(pcm.length / step) }, (_, n) =>
    pcm.subarray(n * step, (n + 1) * step).reduce((sum, sample) => sum + sample ** 2, 0),
  );
  const least = Math.max(...powers) * 0.01;
  return pcm.map((sample, n) => ((powers[Math.floor(n / step)] ?? 0) > least ? sample : 0));
}

test("digital silence around the words does not make it deaf", async (t) => {
  const clips = recordings("jarvis");
  if (clips === null) {
    t.skip("no recordings");
    return;
  }
  const hollowed = clips.map((clip) => ({ name: clip.name, pcm: hollow(clip) }));
  const { heard } = await listen(engine("jarvis"), hollowed);
  const hits = heard.filter((words) => words.length > 0).length;
  t.diagnostic(`jarvis in digital silence: ${hits} of ${clips.length}`);
  assert.ok(hits >= PEOPLE_MIN, `${hits} heard`);
});

test("the sensitivity reaches the engine", (t) => {
  const clips = recordings("computer");
  if (clips === null) {
    t.skip("no recordings");
    return;
  }
  const hits = (sensitivity: number): number => {
    const detector = new PorcupineWasm(wordsAt(sensitivity, "computer"));
    // Two thirds of the samples: 16 kHz, roughly; and very faint.
    return clips.filter(({ pcm }) => {
      const faint = Int16Array.from({ length: Math.floor(pcm.length / 1.5) }, (_, n) =>
        Math.round((pcm[Math.round(n * 1.5)] ?? 0) / 128),
      );
      let heard = false;
      for (let at = 0; at + 512 <= faint.length; at += 512) {
        if (detector.process(faint.subarray(at, at + 512)) !== null) heard = true;
      }
      return heard;
    }).length;
  };
  const [shy, eager] = [hits(0), hits(1)];
  t.diagnostic(`faint clips: ${shy} at sensitivity 0, ${eager} at 1`);
  assert.ok(eager >= shy + 4, `${shy} at 0, ${eager} at 1`);
});

test("a keyword it does not have is told at start, with the eleven it has", () => {
  const unsolicited = engine("computer", "smart mirror");
  const sink = { detected: () => undefined, lost: () => undefined, flowing: () => undefined };
  assert.throws(
    () => unsolicited.start(sink),
    (thrown) =>
      thrown instanceof FaultError &&
      thrown.fault.code === "config" &&
      /'smart mirror'/.test(thrown.fault.message) &&
      KEYLESS_KEYWORDS.every((word) => thrown.fault.remedy.includes(word)),
  );
});

test("every keyword that check-config allows opens, and nothing of the process is touched", () => {
  const events = ["uncaughtException", "unhandledRejection", "exit"] as const;
  const before = events.map((event) => process.listenerCount(event));
  const detector = new PorcupineWasm(wordsAt(SENSITIVITY, ...KEYLESS_KEYWORDS));
  assert.equal(detector.process(new Int16Array(512)), null);
  assert.deepEqual(
    events.map((event) => process.listenerCount(event)),
    before,
  );
  assert.throws(() => detector.process(new Int16Array(480)), RangeError);
});

test("a file that is missing or not the known one is refused with a remedy", (t) => {
  const copy = join(tempFolder(t), "porcupine");
  cpSync(FILES, copy, { recursive: true });
  new PorcupineWasm(wordsAt(SENSITIVITY, "jarvis"), copy);
  const refuses = (pattern: RegExp): void =>
    assert.throws(
      () => new PorcupineWasm(wordsAt(SENSITIVITY, "jarvis"), copy),
      (thrown) =>
        thrown instanceof FaultError &&
        thrown.fault.recovery === "report" &&
        pattern.test(thrown.fault.message) &&
        /npm ci/.test(thrown.fault.remedy),
    );
  writeFileSync(join(copy, "hotwords", "jarvis.js"), "module.exports = new Uint8Array([0x00]);\n");
  refuses(/jarvis\.js is not the file/);
  rmSync(join(copy, "hotwords", "jarvis.js"));
  refuses(/incomplete: .*jarvis\.js/);
  writeFileSync(join(copy, "pv_porcupine.wasm"), "x");
  refuses(/pv_porcupine\.wasm is not the file/);
});
