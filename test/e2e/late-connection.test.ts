/**
 * A connection that comes late, on a real socket: whatever was said meanwhile is caught up on, from
 * before the end of the wake word, every sample once.
 */

import assert from "node:assert/strict";
import { describe, type TestContext } from "node:test";
import { samplesToMs } from "../../src/core/audio/pcm.ts";
import { fields, number } from "../../src/core/json.ts";
import { textAt } from "../../src/sim/peer/json.ts";
import type { PeerOptions } from "../../src/sim/peer/peer.ts";
import type { Config } from "../helpers/daemon.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { piecesOf, repliesIn } from "../helpers/recordings.ts";
import { scene } from "../helpers/scene.ts";

interface Lateness {
  readonly name: string;
  /** From dialling to a session that listens, at least. */
  readonly ms: number;
  readonly scenario: NonNullable<PeerOptions["scenario"]>;
  /** Half duplex, and over with the answer; or full duplex, and open to the end. */
  readonly full?: boolean;
}

const REPLY = [{ tone: { hz: 500, ms: 700 } }];
/** The answer ends the conversation; the microphone closes when it begins. */
const SINGLE: Config = { session: { mode: "single_turn" } };
/** The microphone stays open during the answer and after it. */
const FULL: Config = { audio: { duplex: "full" }, session: { follow_up_s: 1 } };

const LATENESSES: readonly Lateness[] = [
  { name: "at once", ms: 0, scenario: {} },
  { name: "0.3 s late", ms: 300, scenario: { handshake_ms: 300 } },
  { name: "2 s late", ms: 2_000, scenario: { created_ms: 2_000 } },
  {
    name: "4.5 s late",
    ms: 4_500,
    scenario: { handshake_ms: 2_500, created_ms: 1_000, updated_ms: 1_000 },
  },
  { name: "2 s late, full duplex", ms: 2_000, scenario: { handshake_ms: 2_000 }, full: true },
];

async function play(t: TestContext, { ms, scenario, full = false }: Lateness): Promise<void> {
  const config = full ? FULL : SINGLE;
  const held = await scene(t, { scenario: { turns: REPLY, ...scenario }, config });
  const { daemon, peer, question } = held;
  await daemon.says("Conversation over");
  const file = await daemon.metrics();
  assert.equal((await daemon.stop()).code, 0);
  const [piece, ...others] = piecesOf(question.pcm, peer.receivedAudio());
  assert.ok(piece);
  assert.deepEqual(others, [], "one stretch of what was said, without a gap or a repetition");
  const early = samplesToMs(question.word.to - piece.from);
  assert.ok(early > 0, "from before the end of the wake word");
  const replies = repliesIn(daemon.played(), peer);
  assert.equal(replies.length, 1, "one answer to all of it");
  assert.equal(piece.to > (replies[0]?.to ?? Infinity), full, "open during the answer");
  const listeningMs = number(file, "wake_to_listening_ms") ?? -1;
  assert.ok(listeningMs >= ms - 1 && listeningMs < ms + 3_000, `${listeningMs} ms`);
  assert.equal(number(fields(file, "audio"), "dropped_ms"), 0);
  assert.deepEqual(peer.violations, []);
  const heard = peer.events.filter(
    ({ event }) => textAt(event, "type") === "input_audio_buffer.committed",
  );
  assert.equal(heard.length, 1, "one turn");
  const wholeMs = Math.round(samplesToMs(piece.to - piece.from));
  t.diagnostic(`listening ${listeningMs} ms after the wake; ${wholeMs} ms sent as they were said`);
  t.diagnostic(`the first of it ${Math.round(early)} ms before the wake word's end`);
}

describe("a connection that comes", { concurrency: true, skip: !canSpeak() && NO_VOICE }, () => {
  for (const lateness of LATENESSES) test(lateness.name, (t) => play(t, lateness));
});
