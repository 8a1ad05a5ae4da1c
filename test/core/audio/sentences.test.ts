/** What Pipit says by itself: a recording of each sentence in each language, and none too many. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../../src/adapters/os/project-root.ts";
import { spokenSound } from "../../../src/adapters/speaker/fault-sounds.ts";
import { rms, samplesToMs } from "../../../src/core/audio/pcm.ts";
import { SENTENCES, SPOKEN_LANGUAGES, spokenLanguage } from "../../../src/core/audio/sentences.ts";

const MAKE = "run npm run sounds";
type Name = keyof (typeof SENTENCES)["en"];
const NAMES = Object.keys(SENTENCES.en) as Name[];

test("each sentence can be heard in each language, and is over soon", () => {
  for (const language of SPOKEN_LANGUAGES) {
    for (const name of NAMES) {
      const pcm = spokenSound(name, language);
      assert.ok(pcm !== null, `${language}/${name}: ${MAKE}`);
      const ms = samplesToMs(pcm.length);
      assert.ok(ms > 300 && ms < 6_000, `${language}/${name} lasts ${ms} ms`);
      assert.ok(rms(pcm) > 500, `${language}/${name} is silent`);
    }
  }
});

test("no recording without its sentence", () => {
  const folder = join(projectRoot(), "src", "adapters", "speaker", "sounds");
  const found = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.includes("/"));
  const wanted = SPOKEN_LANGUAGES.flatMap((language) =>
    NAMES.map((name) => `${language}/${name}.wav`),
  );
  assert.deepEqual(new Set(found), new Set(wanted), MAKE);
});

test("the language is that of the answers; where there is none, English", () => {
  assert.equal(spokenLanguage("de-AT"), "de");
  assert.equal(spokenLanguage("NL"), "nl");
  assert.equal(spokenLanguage("ja"), "en");
});
