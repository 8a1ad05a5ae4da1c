/** Two built daemons in one network hear the same wake word, one of them louder: one answers. */

import assert from "node:assert/strict";
import { configure, daemonEnv, launch, wallMsOf } from "../helpers/daemon.ts";
import { wired } from "../helpers/namespaces.ts";
import { NO_PULSE, startPulseRig } from "../helpers/pulse-rig.ts";
import { ask, canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";

test("two daemons hear one call: the nearer answers, the other says so in a line", {
  skip: canSpeak() ? false : NO_VOICE,
}, async (t) => {
  const names = wired(t);
  if (typeof names === "string") {
    t.skip(names);
    return;
  }
  // Its socket is a file, which both namespaces see; so both hear one sound at one time.
  const rig = await startPulseRig();
  if (rig === null) return t.skip(NO_PULSE);
  t.after(() => rig.close());
  const daemons = ["vfar", "vmic"].map((microphone, i) => {
    // Nobody is there to connect to: who answers fails, and says so.
    const paths = configure(t, {
      audio: { input_device: microphone },
      openai: { base_url: "http://127.0.0.1:9" },
      system: { log_level: "debug" },
      wake_word: { arbitrate: "lan", arbitrate_secret: "of-this-house" },
    });
    return { paths, namespace: names[i] ?? "" };
  });
  const [far, near] = daemons.map(({ paths, namespace }) =>
    launch(t, paths, daemonEnv(rig.env), namespace),
  );
  const call = daemons[0]?.paths.question;
  assert.ok(far && near && call !== undefined);
  ask(call, 1_000);
  await Promise.all([far.says("Ready"), near.says("Ready")]);
  await rig.playIntoMic(call);
  const gaveWay = await far.says("Another Pipit answers this call");
  const heard = await near.says("Wake word 'computer' heard");
  assert.ok(wallMsOf(heard) - wallMsOf(gaveWay) < 1_000);
  await near.says("Conversation over");
  assert.ok(!far.output.includes("Wake word"), far.output);
  assert.ok(!near.output.includes("Another Pipit"), near.output);
});
