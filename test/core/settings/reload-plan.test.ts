/** What a changed configuration means: every key by its class, and nothing else moves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { planReload, reloadLines } from "../../../src/core/settings/reload-plan.ts";
import { DEFAULTS, ROWS } from "../../../src/core/settings/table.ts";

test("live and session keys are taken over, restart keys keep their old value and are named", () => {
  const after = {
    ...DEFAULTS,
    "audio.volume": 0.5,
    "openai.voice": "marin",
    "audio.input_device": "hw:1",
  } as const;
  const plan = planReload(DEFAULTS, after);
  assert.equal(plan.settings["audio.volume"], 0.5);
  assert.equal(plan.settings["openai.voice"], "marin");
  assert.equal(plan.settings["audio.input_device"], "default");
  assert.deepEqual(reloadLines(plan), [
    "in force now: audio.volume",
    "from the next conversation on: openai.voice",
    "only after a restart: audio.input_device",
  ]);
});

test("the same file changes nothing, lists included", () => {
  const plan = planReload(DEFAULTS, { ...DEFAULTS, "wake_word.keyword": ["computer"] });
  assert.deepEqual(plan.settings, DEFAULTS);
  assert.deepEqual(reloadLines(plan), ["nothing has changed"]);
});

test("no line shows a value: it may be a secret", () => {
  const plan = planReload(DEFAULTS, { ...DEFAULTS, "openai.api_key": "sk-very-secret" });
  assert.ok(!reloadLines(plan).join().includes("secret"));
  assert.ok(ROWS.every(([, row]) => ["live", "session", "restart"].includes(row.reload)));
});
