/**
 * The microphone hears the answer, on real ALSA: a PulseAudio carries what the speaker plays to the
 * microphone. It is taken out of what is heard, and how it comes back is learned.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext } from "node:test";
import { msToSamples } from "../../src/core/audio/pcm.ts";
import { parseJson, record } from "../../src/core/json.ts";
import { startPeer } from "../../src/sim/peer/peer.ts";
import type { LogEntry } from "../../src/sim/peer/records.ts";
import { configure, daemonEnv, launch } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { NO_PULSE, type PulseRig, sayUntil, startPulseRig } from "../helpers/pulse-rig.ts";
import { ask, canSpeak, NO_VOICE, writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { noise } from "../helpers/sound.ts";
import { joined } from "../helpers/speech.ts";

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
  await sayUntil(
    t,
    () => daemon.wakes > 0,
    () => rig.playIntoRoom(paths.question),
  );
  await daemon.says("Conversation over");
  const path = join(paths.metrics, "echo.json");
  await eventually("the echo has died away, and was learned", () => existsSync(path));
  await daemon.stop();
  const learned = record(parseJson(readFileSync(path, "utf8")));
  t.diagnostic(JSON.stringify(learned));
  assert.equal(daemon.wakes, 1, "the answer called nobody");
  assert.equal(learned?.["answers"], 1);
  assert.ok(Number(learned["cancelled_db"]) > 10, "the echo was taken out");
}

/** How much of the answer is heard before somebody calls: the canceller has learned it. */
const BEFORE_CALL_MS = 4_000;

/** As soon as the daemon says that it is ready, and again over its answer. */
async function calledTwice(t: TestContext, rig: PulseRig): Promise<void> {
  const long = Array.from({ length: 6 }, () => SENTENCE).join(" ");
  const answers = [{ items: [{ say: long }] }, { items: [{ say: "Yes." }] }];
  const peer = await startPeer({ scenario: { turns: answers } });
  t.after(() => peer.close());
  const audio = { input_device: "vroom", output_device: "vspk", output_backend: "aplay" };
  const paths = configure(t, {
    audio,
    openai: { base_url: peer.url },
    session: { follow_up_s: 1 },
  });
  const { pcm } = ask(paths.question, 0);
  const call = join(paths.folder, "call.wav");
  writeWav(call, joined(noise(msToSamples(BEFORE_CALL_MS), 5, 1), pcm));
  const daemon = launch(t, paths, daemonEnv(rig.env));
  await daemon.says("Ready");
  await sayUntil(
    t,
    () => daemon.wakes > 0,
    () => rig.playIntoRoom(paths.question),
  );
  await peer.waitFor(({ event }) => event?.["type"] === "response.output_audio.delta");
  const isCut = ({ event }: LogEntry): boolean => event?.["type"] === "conversation.item.truncate";
  await sayUntil(
    t,
    () => peer.events.some(isCut),
    () => rig.playIntoRoom(call),
  );
  const cut = await peer.waitFor(isCut);
  const heardMs = Number(cut.event?.["audio_end_ms"]);
  t.diagnostic(`cut after ${heardMs} ms`);
  assert.ok(heardMs > BEFORE_CALL_MS / 2 && heardMs < 40_000, `${heardMs} ms were heard`);
  await daemon.says("Conversation over");
  assert.equal(daemon.wakes, 1, "the answer itself called nobody: one conversation");
  await daemon.stop();
}

describe("an answer that comes back", { skip: !canSpeak() && NO_VOICE }, () => {
  test("the wake word is heard at once after Ready, and over the answer, which it cuts", async (t) => {
    const rig = await startPulseRig();
    if (rig === null) return t.skip(NO_PULSE);
    t.after(() => rig.close());
    await calledTwice(t, rig);
  });

  for (const backend of ["aplay"]) {
    test(`by ${backend}: it is taken out, and how it comes is learned`, async (t) => {
      const rig = await startPulseRig();
      if (rig === null) return t.skip(NO_PULSE);
      t.after(() => rig.close());
      await learns(t, rig, backend);
    });
  }
});
