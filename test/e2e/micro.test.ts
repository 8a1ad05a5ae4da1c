/**
 * The real daemon with the engine micro beside the keyless one: it names the words that it listens
 * for, and hears one in a recording of somebody.
 */

import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { configure, launch } from "../helpers/daemon.ts";
import { test } from "../helpers/real-time.ts";
import { microPath } from "../helpers/wake-audio.ts";

test("hey jarvis, by a model of its own, beside computer", async (t) => {
  const [manifest, stop] = [microPath("hey_jarvis.json"), microPath("stop.json")];
  const sound = microPath("hey_jarvis/1.wav");
  if (manifest === null || stop === null || sound === null) {
    t.skip("no test material");
    return;
  }
  const paths = configure(t, {
    openai: { base_url: "http://127.0.0.1:9/v1" },
    wake_word: {
      engine: "micro",
      keyword: ["computer", "hey jarvis"],
      model_path: [manifest, stop],
    },
  });
  copyFileSync(sound, paths.question);
  const daemon = launch(t, paths);
  assert.match(await daemon.says("Ready"), /wake word computer or hey_jarvis,/);
  await daemon.says("Wake word 'hey_jarvis' heard");
  const status = await daemon.status();
  assert.deepEqual(
    [status["wake_word"], status["wake_word_engine"], status["wake_word_keyword"]],
    ["ok", "micro", ["computer", "hey_jarvis"]],
  );
  assert.equal((await daemon.stop()).code, 0);
});
