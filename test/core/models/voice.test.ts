/** Ten voices, and which of them speaks. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseVoice } from "../../../src/core/models/voice.ts";
import { ALL_VOICES } from "../../../src/core/voices.ts";

const PREVIEW = "gpt-4o-realtime-preview";
const GA_ONLY = ["marin", "cedar"];

function wanted(voice: string, fallback = "alloy", autoSelect = true) {
  return { voice, fallback, autoSelect };
}

test("there are ten voices, and every GA model speaks with each", () => {
  assert.equal(new Set(ALL_VOICES).size, 10);
  for (const model of ["gpt-realtime", "gpt-realtime-2.1", "gpt-realtime-mini-2025-12-15"]) {
    for (const voice of ALL_VOICES) {
      const choice = chooseVoice(wanted(voice, "echo", false), model);
      assert.deepEqual(choice, { tag: "chosen", voice, notice: null }, `${voice} on ${model}`);
    }
  }
});

for (const voice of ALL_VOICES) {
  test(`${voice} on the preview model`, () => {
    const choice = chooseVoice(wanted(voice, "shimmer"), PREVIEW);
    const why = `Voice '${voice}' not available for model '${PREVIEW}'`;
    const other = { tag: "chosen", voice: "shimmer", notice: `${why}; using 'shimmer'` };
    const itself = { tag: "chosen", voice, notice: null };
    assert.deepEqual(choice, GA_ONLY.includes(voice) ? other : itself);
  });
}

test("auto_select_voice: false has the guide's sentence, word for word, and no voice", () => {
  assert.deepEqual(chooseVoice(wanted("cedar", "alloy", false), PREVIEW), {
    tag: "refused",
    why: "Voice 'cedar' not available for model 'gpt-4o-realtime-preview'",
  });
});

test("a fallback that is not available either: the nearest, as documented", () => {
  for (const [voice, fallback, nearest] of [
    ["cedar", "marin", "echo"],
    ["marin", "cedar", "coral"],
    ["cedar", "cedar", "echo"],
  ] as const) {
    const choice = chooseVoice(wanted(voice, fallback), "gpt-4o-mini-realtime-preview-2024-12-17");
    assert.ok(choice.tag === "chosen");
    assert.equal(choice.voice, nearest);
  }
});

test("a model that is not in the catalogue is taken to have every voice", () => {
  const choice = chooseVoice(wanted("cedar", "alloy", false), "gpt-realtime-9");
  assert.deepEqual(choice, { tag: "chosen", voice: "cedar", notice: null });
});
