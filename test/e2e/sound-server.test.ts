/**
 * The sound server dies and is started again while Pipit waits, as when its package is upgraded: the
 * microphone and the speaker come back by themselves, and both are used.
 */

import assert from "node:assert/strict";
import { describe, type TestContext } from "node:test";
import { startPeer } from "../../src/sim/peer/peer.ts";
import { configure, daemonEnv, launch } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { NO_PULSE, type PulseRig, sayUntil, startPulseRig } from "../helpers/pulse-rig.ts";
import { ask, canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";

/** Room after the question. */
const ROOM_MS = 1_000;

async function survives(t: TestContext, rig: PulseRig, backend: string): Promise<void> {
  const peer = await startPeer({ scenario: { turns: [], otherwise: { say: "Seven minutes." } } });
  t.after(() => peer.close());
  const audio = { input_device: "vmic", output_device: "vspk", output_backend: backend };
  const session = { mode: "single_turn" };
  const paths = configure(t, { audio, openai: { base_url: peer.url }, session });
  ask(paths.question, ROOM_MS);
  const daemon = launch(t, paths, daemonEnv(rig.env));
  await daemon.says("Ready");
  const converse = async (nth: number): Promise<void> => {
    await sayUntil(
      t,
      () => daemon.wakes >= nth,
      () => rig.playIntoMic(paths.question),
    );
    const ends = (): number =>
      daemon.said("info").filter((line) => line.startsWith("Conversation over")).length;
    await eventually("the conversation is over", () => ends() === nth);
  };
  await converse(1);
  await rig.restart();
  await daemon.says("Microphone");
  const recording = await rig.recordSpeaker();
  await converse(2);
  const heard = recording.samples();
  await recording.stop();
  t.diagnostic(daemon.said("warning").concat(daemon.said("notice")).join(" | "));
  assert.ok(
    heard.some((sample) => Math.abs(sample) > 1_000),
    "the second answer is heard",
  );
  assert.equal(peer.replies.length, 2);
  assert.deepEqual(peer.violations, []);
  assert.equal((await daemon.stop()).code, 0);
}

describe("a sound server that is started again", { skip: !canSpeak() && NO_VOICE }, () => {
  for (const backend of ["aplay", "speaker"]) {
    test(`by ${backend}: microphone and speaker come back, and are used`, async (t) => {
      const rig = await startPulseRig();
      if (rig === null) return t.skip(NO_PULSE);
      t.after(() => rig.close());
      await survives(t, rig, backend);
    });
  }
});
