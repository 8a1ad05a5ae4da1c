/** Conversations on the appliance: somebody asks through the sound card, and the reply is recorded. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadWav } from "../../src/adapters/os/wav-file.ts";
import { msToSamples, samplesToMs } from "../../src/core/audio/pcm.ts";
import { fields, number } from "../../src/core/json.ts";
import { type Peer, type PeerOptions, startPeer } from "../../src/sim/peer/peer.ts";
import { assertMetricsSchema } from "../helpers/metrics-file.ts";
import { ask } from "../helpers/question.ts";
import type { Machine } from "./machine.ts";
import type { Clean, Note } from "./promise.ts";
import { verb } from "./rig.ts";

export const LISTENING_PIN = 27;
export const STATUS_PIN = 22;
/** The reply: a tone, so that a gap in it is silence and nothing else. */
export const REPLY_MS = 3_000;
export const SCENARIO = {
  pace: 4,
  turns: [],
  otherwise: { tone: { hz: 440, ms: REPLY_MS } },
};
const ROOM_MS = 4_000;
/** Long enough for a question, a slow guest and the reply. */
const RECORD_S = 60;
/** Above the rounding of a resampler, far below the tone. */
const SILENCE_PEAK = 200;

/** Always the same, so that a running daemon need not be told another. */
const OUTSIDE_PORT = Number(process.env["PIPIT_PEER_PORT"] ?? 47_811);

/** A peer on this machine, for the appliance to reach through its network. */
export async function peerOutside(
  clean: Clean,
  scenario: NonNullable<PeerOptions["scenario"]> = SCENARIO,
): Promise<Peer> {
  const peer = await startPeer({ scenario, port: OUTSIDE_PORT });
  clean.after(() => peer.close());
  return peer;
}

/** A folder of this machine's that is gone afterwards. */
export function scratchFolder(clean: Clean): string {
  const folder = mkdtempSync(join(tmpdir(), "pipit-rig-"));
  clean.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Wakes the appliance, asks, and waits until the conversation is over and written down. */
export async function converseUnrecorded(
  machine: Machine,
  clean: Clean,
  wake: () => Promise<void>,
): Promise<void> {
  const question = join(scratchFolder(clean), "question.wav");
  ask(question, ROOM_MS);
  const mark = await machine.mark();
  const files = (await machine.metricsFiles()).length;
  await wake();
  await verb("mic", ["play", question], { maxMs: 180_000 });
  await machine.says(mark, "Conversation over", 120);
  await machine.untilMetricsFiles(files + 1);
}

/** The same, and listens until the reply must be over; what the speaker played. */
export async function converse(
  machine: Machine,
  clean: Clean,
  wake: () => Promise<void>,
): Promise<Int16Array> {
  const recording = join(scratchFolder(clean), "reply.wav");
  const record = ["record", recording, String(RECORD_S), "24000", "1"];
  const listening = verb("speaker", record, { maxMs: 300_000 });
  listening.catch(() => undefined); // Looked at below; until then it is not left unheard.
  await converseUnrecorded(machine, clean, wake);
  await listening;
  return loadWav(recording);
}

/** Where the recording sounds, cut at silences of 100 ms and more. */
function sounding(pcm: Int16Array): { fromMs: number; toMs: number }[] {
  const apart = msToSamples(100);
  const found: { from: number; to: number }[] = [];
  pcm.forEach((sample, at) => {
    if (Math.abs(sample) < SILENCE_PEAK) return;
    const last = found.at(-1);
    if (last !== undefined && at - last.to < apart) last.to = at;
    else found.push({ from: at, to: at });
  });
  return found.map(({ from, to }) => ({ fromMs: samplesToMs(from), toMs: samplesToMs(to) }));
}

/** The reply was heard: as long as it is, and not in pieces. Underruns are the emulation's. */
export function assertHeard(pcm: Int16Array, note: Note): void {
  const pieces = sounding(pcm);
  const soundMs = pieces.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const [first, last] = [pieces[0], pieces.at(-1)];
  assert.ok(first !== undefined && last !== undefined, "the recording is silent");
  const spanMs = last.toMs - first.fromMs;
  note(`heard ${Math.round(soundMs)} of ${REPLY_MS} ms, in ${pieces.length} piece(s)`);
  // The recorder inside loses some when the emulation is late; a player that is late repeats some.
  assert.ok(soundMs > REPLY_MS / 2 && soundMs < 1.25 * REPLY_MS, `${soundMs} ms of sound`);
  assert.ok(spanMs < 3 * REPLY_MS, `${spanMs} ms from its first sound to its last`);
}

/** Waits for the level of an LED's line. */
export async function untilLed(machine: Machine, pin: number, level: 0 | 1): Promise<void> {
  const condition = `read -r v </run/rig/gpio/sim_gpio${pin}/value && [ "$v" = ${level} ]`;
  await machine.until(`the LED at ${pin} is ${level}`, condition, 120);
}

async function assertDark(machine: Machine): Promise<void> {
  for (const pin of [LISTENING_PIN, STATUS_PIN]) assert.equal(await machine.led(pin), "0");
}

/** The newest metrics file tells of a conversation of one turn in which nothing failed. */
export async function assertReported(machine: Machine, trigger: string, note: Note): Promise<void> {
  const file = await machine.newestMetrics();
  assertMetricsSchema(file);
  assert.equal(file["trigger"], trigger);
  assert.equal(file["turns"], 1);
  assert.deepEqual(file["errors"], []);
  const played = number(fields(file, "audio"), "played_ms") ?? 0;
  assert.ok(Math.abs(played - REPLY_MS) < 1, `${played} ms played, as it believes`);
  const { wake_to_listening_ms: woken, average_response_latency: answered } = file;
  const { underruns } = fields(file, "audio");
  note(`wake to listening ${woken} ms, end of question to sound ${answered} ms`);
  if (underruns !== 0) note(`${underruns} underruns, the emulation's`);
}

/**
 * A press wakes, the LED says so, the question is heard, the reply is played, the LEDs are dark again,
 * and it is written down.
 */
export async function assertConverses(machine: Machine, note: Note, clean: Clean): Promise<void> {
  await assertDark(machine);
  const reply = await converse(machine, clean, () => press(machine));
  assertHeard(reply, note);
  await assertReported(machine, "button", note);
  await assertDark(machine);
}

/** Wakes by a press, and waits for the LED that says so. */
export async function press(machine: Machine): Promise<void> {
  await machine.tap();
  await untilLed(machine, LISTENING_PIN, 1);
}

/** A conversation in which nobody says a word: begun by one press, ended by the next. */
export async function chat(machine: Machine): Promise<void> {
  const mark = await machine.mark();
  await machine.tap();
  await machine.says(mark, "Audio session config", 120);
  await machine.tap();
  await machine.says(mark, "Conversation over", 60);
}
