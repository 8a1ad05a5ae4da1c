/** Two built daemons in one network hear the same recorded wake word, one of them louder: one answers. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { configure, daemonEnv, launch, wallMsOf } from "../helpers/daemon.ts";
import { wired } from "../helpers/namespaces.ts";
import { ask, canSpeak, NO_VOICE } from "../helpers/question.ts";

const WAV_HEADER_BYTES = 44;
/** Each recording begins when its daemon does; so far apart they are still one call. */
const APART_MAX_MS = 400;

/** The same recording, farther away. */
function quieter(path: string, gain: number): void {
  const wav = readFileSync(path);
  for (let at = WAV_HEADER_BYTES; at + 1 < wav.length; at += 2) {
    wav.writeInt16LE(Math.round(wav.readInt16LE(at) * gain), at);
  }
  writeFileSync(path, wav);
}

test("two daemons hear one call: the nearer answers, the other says so in a line", {
  skip: canSpeak() ? false : NO_VOICE,
}, async (t) => {
  const names = wired(t);
  if (typeof names === "string") {
    t.skip(names);
    return;
  }
  const daemons = [0.4, 1].map((gain, i) => {
    // Nobody is there to connect to: who answers fails, and says so.
    const paths = configure(t, {
      openai: { base_url: "http://127.0.0.1:9" },
      system: { log_level: "debug" },
      wake_word: { arbitrate: "lan", arbitrate_secret: "of-this-house" },
    });
    ask(paths.question, 20_000, []);
    quieter(paths.question, gain);
    return { paths, namespace: names[i] ?? "" };
  });
  const [far, near] = daemons.map(({ paths, namespace }) =>
    launch(t, paths, daemonEnv(), namespace),
  );
  assert.ok(far && near);
  const [first, second] = [await far.says("Ready"), await near.says("Ready")].map(wallMsOf);
  if (Math.abs((first ?? 0) - (second ?? 0)) > APART_MAX_MS) {
    t.skip("the machine is too busy: the recordings do not begin together");
    return;
  }
  const gaveWay = await far.says("Another Pipit answers this call");
  const heard = await near.says("Wake word 'computer' heard");
  assert.ok(wallMsOf(heard) - wallMsOf(gaveWay) < 1_000);
  await near.says("Conversation over");
  assert.ok(!far.output.includes("Wake word"), far.output);
  assert.ok(!near.output.includes("Another Pipit"), near.output);
});
