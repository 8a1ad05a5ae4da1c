/**
 * The microphone hears the answer, on real ALSA: a PulseAudio carries what the speaker plays to the
 * microphone. It is taken out of what is heard, and how it comes back is learned.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { parseJson, record } from "../../src/core/json.ts";
import { startPeer } from "../../src/sim/peer/peer.ts";
import { configure, daemonEnv, launch } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { NO_PULSE, type PulseRig, startPulseRig } from "../helpers/pulse-rig.ts";
import { ask, canSpeak, NO_VOICE } from "../helpers/question.ts";

const SENTENCE =
  "A bicycle stays upright because the rider steers it slightly into the fall, and because the front fork is bent so that the wheel follows by itself.";
const TURNS = [{ items: [{ say: `${SENTENCE} ${SENTENCE}` }] }];
async function learns(t: TestContext, rig: PulseRig, backend: string): Promise<void> {
  const peer = await startPeer({ scenario: { turns: TURNS } });
  t.after(() => peer.close());
  const audio = { input_device: "vroom", output_device: "vspk", output_backend: backend };
  const session = { mode: "single_turn" };
  const paths = configure(t, { audio, openai: { base_url: peer.url }, session });
  ask(paths.question, 300);
  const daemon = launch(t, paths, daemonEnv(rig.env));
  await daemon.says("Ready");
  await rig.playIntoRoom(paths.question);
  await daemon.says("Conversation over");
  const path = join(paths.metrics, "echo.json");
  await eventually("the echo has died away, and was learned", () => existsSync(path));
  await daemon.stop();
  const learned = record(parseJson(readFileSync(path, "utf8")));
  t.diagnostic(JSON.stringify(learned));
  const calls = daemon.said("info").filter((line) => line.startsWith("Wake word"));
  assert.equal(calls.length, 1, "the answer called nobody");
  assert.equal(learned?.["answers"], 1);
  assert.ok(Number(learned["cancelled_db"]) > 10, "the echo was taken out");
}

describe("an answer that comes back", { skip: !canSpeak() && NO_VOICE }, () => {
  for (const backend of ["aplay"]) {
    test(`by ${backend}: it is taken out, and how it comes is learned`, async (t) => {
      const rig = await startPulseRig();
      if (rig === null) return t.skip(NO_PULSE);
      t.after(() => rig.close());
      await learns(t, rig, backend);
    });
  }
});
