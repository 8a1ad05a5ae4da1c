/**
 * A whole conversation on real ALSA: arecord through node-record-lpcm16, and the reply through the
 * package speaker in its child, or through aplay; a PulseAudio with null sinks is the sound card.
 */

import assert from "node:assert/strict";
import { describe, type TestContext } from "node:test";
import { samplesToMs } from "../../src/core/audio/pcm.ts";
import { type Fields, fields, number } from "../../src/core/json.ts";
import { textAt } from "../../src/sim/peer/json.ts";
import { type Peer, startPeer } from "../../src/sim/peer/peer.ts";
import { configure, type Daemon, daemonEnv, launch } from "../helpers/daemon.ts";
import { NO_PULSE, type PulseRig, sayUntil, startPulseRig } from "../helpers/pulse-rig.ts";
import { ask, canSpeak, NO_VOICE, type Question } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { piecesOf } from "../helpers/recordings.ts";
import { indexOfSamples } from "../helpers/sound.ts";
import { joined } from "../helpers/speech.ts";

const TURNS = [{ items: [{ say: "Seven minutes." }, { say: "Then rinse it under the tap." }] }];
/** Room after the question, so that its last syllable is not the end of the sound. */
const ROOM_MS = 1_000;

interface Played {
  readonly pcm: Int16Array;
  /** When its last sample was recorded, by the peer's clock; some 10 ms early. */
  readonly endedMs: number;
}

/** The reply is in the recording of the sound card: all of it, without a gap, bit for bit. */
function assertHeard(t: TestContext, { pcm, endedMs }: Played, peer: Peer): void {
  assert.equal(peer.replies.length, 2, "two items in one response");
  const reply = joined(...peer.replies.map((item) => item.pcm));
  const from = indexOfSamples(pcm, reply);
  assert.ok(from >= 0, "the whole reply came out of the sound card");
  const rest = pcm.slice();
  rest.fill(0, from, from + reply.length);
  assert.ok(
    rest.every((sample) => sample === 0),
    "and nothing else did",
  );
  const type = "response.output_audio.delta";
  const first = peer.events.find(({ event }) => textAt(event, "type") === type);
  const soundedMs = endedMs - samplesToMs(pcm.length - from);
  const latencyMs = soundedMs - (first?.ms ?? Number.NaN);
  t.diagnostic(`${Math.round(latencyMs)} ms from the first delta to its sound at the sound card`);
}

/** The question reached the peer as it was spoken, from before the wake word's end to after its own. */
function assertUnderstood({ pcm, word }: Question, peer: Peer): void {
  const [said] = piecesOf(pcm, peer.receivedAudio());
  assert.ok(said);
  assert.ok(said.from < word.to, "from before the end of the wake word");
  const lastWord = pcm.findLastIndex((sample) => Math.abs(sample) > 1_000);
  assert.ok(said.to > lastWord, "to its end, without a gap");
}

function assertReported(t: TestContext, daemon: Daemon, file: Fields, peer: Peer): void {
  const repliedMs = samplesToMs(peer.replies.reduce((sum, { pcm }) => sum + pcm.length, 0));
  const audio = fields(file, "audio");
  for (const name of ["received_ms", "played_ms"]) {
    assert.ok(Math.abs((number(audio, name) ?? 0) - repliedMs) < 1, name);
  }
  assert.deepEqual([audio["dropped_ms"], audio["underruns"]], [0, 0]);
  for (const level of ["notice", "warning", "error"]) assert.deepEqual(daemon.said(level), []);
  const { wake_to_listening_ms: woken, average_response_latency: answered } = file;
  t.diagnostic(`wake word to listening ${woken} ms; end of the question to sound ${answered} ms`);
}

async function converse(t: TestContext, rig: PulseRig, backend: string): Promise<void> {
  const peer = await startPeer({ scenario: { turns: TURNS } });
  t.after(() => peer.close());
  const audio = { input_device: "vmic", output_device: "vspk", output_backend: backend };
  const openai = { base_url: peer.url };
  const paths = configure(t, { audio, openai, session: { mode: "single_turn" } });
  const question = ask(paths.question, ROOM_MS);
  const recording = await rig.recordSpeaker();
  t.after(() => recording.stop());
  const daemon = launch(t, paths, daemonEnv(rig.env));
  await daemon.says("Ready");
  await sayUntil(
    t,
    () => daemon.wakes > 0,
    () => rig.playIntoMic(paths.question),
  );
  await daemon.says("Conversation over");
  const file = await daemon.metrics();
  const played = { pcm: recording.samples(), endedMs: performance.now() };
  const exit = await daemon.stop();
  assert.equal(exit.code, 0);
  assert.ok(exit.ms < 3_000, `${exit.ms} ms`);
  assertHeard(t, played, peer);
  assertUnderstood(question, peer);
  assertReported(t, daemon, file, peer);
  assert.deepEqual(peer.violations, []);
}

describe("a conversation on real ALSA", { skip: !canSpeak() && NO_VOICE }, () => {
  for (const backend of ["speaker", "aplay"]) {
    test(`arecord, and ${backend}`, async (t) => {
      const rig = await startPulseRig();
      if (rig === null) return t.skip(NO_PULSE);
      t.after(() => rig.close());
      await converse(t, rig, backend);
    });
  }
});
