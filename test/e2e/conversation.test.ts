/**
 * The main job on file devices: the built daemon, a spoken question, a peer on a real socket. What
 * the two sides did is compared sample by sample, and the metrics file with the peer's own log.
 */

import assert from "node:assert/strict";
import { describe, type TestContext } from "node:test";
import { FRAME_SAMPLES, msToSamples, samplesToMs } from "../../src/core/audio/pcm.ts";
import { type Fields, fields, number } from "../../src/core/json.ts";
import { textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { type Daemon, KEY } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { assertMetricsSchema, assertUsageIsTrue } from "../helpers/metrics-file.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import {
  beginningIn,
  latenciesMs,
  piecesOf,
  repliesIn,
  type Stretch,
} from "../helpers/recordings.ts";
import { type Scene, scene } from "../helpers/scene.ts";

/** What systemd and the owner are promised. */
const STOP_MAX_MS = 3_000;
const INFO_LINES_MAX = 12;
/** `audio.settle_ms`, as it is by default. */
const SETTLE_MS = 200;
/** The devices begin within a moment of each other, and the machine may be busy. */
const SLACK_MS = 250;

/** The reply to the first question is over some 9 s after the start; then somebody asks again. */
async function twoTurns(t: TestContext): Promise<Scene> {
  const turns = [{ say: "Seven minutes for a soft one." }, { tone: { hz: 440, ms: 900 } }];
  const held = await scene(t, {
    scenario: { turns, handshake_ms: 60, created_ms: 40 },
    config: { session: { follow_up_s: 8, max_turns: 2, response_by: "client" } },
    again: [{ afterMs: 4_500, word: false }],
  });
  await held.daemon.says("Conversation over");
  return held;
}

/** Nothing that was captured while the reply sounded was sent, and what came after it was. */
function assertGapDuring(reply: Stretch | undefined, pieces: readonly Stretch[]): void {
  const [before, after, ...others] = pieces;
  assert.ok(reply && before && after);
  assert.equal(others.length, 0);
  const slack = msToSamples(SLACK_MS);
  assert.ok(before.to <= reply.from + FRAME_SAMPLES, "closed before the reply sounded");
  assert.ok(reply.from - before.to <= slack, "and not long before");
  const settled = reply.to + msToSamples(SETTLE_MS);
  assert.ok(after.from >= settled - 2 * FRAME_SAMPLES, "opened when the room had rung out");
  assert.ok(after.from <= settled + slack, "and not long after");
}

function assertJournal(daemon: Daemon): void {
  const info = daemon.said("info");
  const promised = [
    /^Connected to OpenAI Realtime API using model: gpt-realtime/,
    /^Audio session config: model=gpt-realtime, voice=alloy/,
  ];
  for (const line of promised) assert.equal(info.filter((said) => line.test(said)).length, 1);
  assert.ok(info.length <= INFO_LINES_MAX, info.join("\n"));
  for (const level of ["debug", "error"]) assert.deepEqual(daemon.said(level), []);
  // The ends of models are told by the calendar, whatever the conversation.
  const others = [...daemon.said("notice"), ...daemon.said("warning")].filter(
    (said) => !/^The model \S+ (was|will be) /.test(said),
  );
  assert.deepEqual(others, []);
}

/** No key, and nothing of what was said by either side. */
function assertDiscreet(daemon: Daemon): void {
  assert.ok(!daemon.output.includes(KEY.slice(3)), daemon.output);
  assert.doesNotMatch(daemon.output, /egg|soft|Bearer/);
}

function assertSoundIsTrue(file: Fields, peer: Peer): void {
  const audio = fields(file, "audio");
  const tenths = (samples: number): number => Math.round(samplesToMs(samples) * 10) / 10;
  const repliedMs = tenths(peer.replies.reduce((sum, { sentSamples }) => sum + sentSamples, 0));
  assert.deepEqual(audio, {
    sent_ms: tenths(peer.receivedAudio().length),
    received_ms: repliedMs,
    played_ms: repliedMs,
    dropped_ms: 0,
    pre_roll_ms: 1000,
    underruns: 0,
  });
}

function assertLatencies(file: Fields, truthMs: readonly number[]): void {
  const { all } = fields(file, "response_latency_ms");
  assert.ok(Array.isArray(all));
  assert.equal(all.length, truthMs.length);
  truthMs.forEach((ms, turn) => {
    assert.ok(Math.abs(Number(all[turn]) - ms) <= SLACK_MS, `${all[turn]} ms, in truth ${ms}`);
  });
  const mean = all.reduce((sum, ms) => sum + Number(ms), 0) / all.length;
  assert.ok(Math.abs((number(file, "average_response_latency") ?? 0) - mean) < 0.2);
}

function count(peer: Peer, from: string, type: string): number {
  return peer.events.filter((said) => said.from === from && textAt(said.event, "type") === type)
    .length;
}

async function everySample(t: TestContext): Promise<void> {
  const { daemon, peer, question } = await twoTurns(t);
  const file = await daemon.metrics();
  const exit = await daemon.stop();
  assert.equal(exit.code, 0);
  assert.ok(exit.ms < STOP_MAX_MS, `${exit.ms} ms`);
  assert.deepEqual(peer.violations, []);
  const replies = repliesIn(daemon.played(), peer);
  assert.equal(replies.length, 2);
  const pieces = piecesOf(question.pcm, peer.receivedAudio());
  assertGapDuring(replies[0], pieces);
  assert.ok((pieces[0]?.from ?? Infinity) < question.word.to, "from before the word's end");
  assertMetricsSchema(file);
  assertSoundIsTrue(file, peer);
  assertUsageIsTrue(file, peer);
  assertLatencies(file, latenciesMs(peer, pieces, replies));
  assert.equal(file["turns"], count(peer, "client", "response.create"));
  assert.equal(count(peer, "client", "session.update"), 1);
  const { end_reason, trigger, model, voice, fallbacks, errors, interruptions } = file;
  assert.deepEqual(
    { end_reason, trigger, model, voice, fallbacks, errors, interruptions },
    {
      end_reason: "max_turns",
      trigger: "wake-word",
      model: "gpt-realtime",
      voice: "alloy",
      fallbacks: [],
      errors: [],
      interruptions: [],
    },
  );
  const connectionMs = number(file, "connection_latency_ms") ?? 0;
  assert.ok(connectionMs >= 99 && connectionMs < 2_000, `${connectionMs} ms of at least 100`);
  assert.ok((number(file, "wake_to_listening_ms") ?? 0) >= connectionMs);
  const lastedMs = Date.parse(String(file["ended_at"])) - Date.parse(String(file["started_at"]));
  const soundMs = samplesToMs((replies[1]?.to ?? 0) - (pieces[0]?.from ?? 0)) - 1000;
  assert.ok(Math.abs(lastedMs - soundMs) < 2 * SLACK_MS, `${lastedMs} ms, in truth ${soundMs}`);
  assertJournal(daemon);
  assertDiscreet(daemon);
}

async function stoppedInTheAnswer(t: TestContext): Promise<void> {
  const { daemon, peer } = await scene(t, { scenario: { turns: [{ tone: { ms: 8_000 } }] } });
  await peer.waitFor(({ event }) => textAt(event, "type") === "response.output_audio.delta");
  await eventually("a second of the reply", () => soundingMs(daemon.played()) > 1_000);
  const exit = await daemon.stop();
  assert.equal(exit.code, 0, daemon.output);
  assert.ok(exit.ms < STOP_MAX_MS, `${exit.ms} ms`);
  const file = await daemon.metrics();
  assertMetricsSchema(file);
  assert.equal(file["end_reason"], "shutdown");
  const [reply] = peer.replies;
  assert.ok(reply);
  const heard = beginningIn(daemon.played(), reply.pcm);
  const heardMs = samplesToMs(heard.to - heard.from);
  assert.ok(heardMs < 8_000);
  const playedMs = number(fields(file, "audio"), "played_ms") ?? -1;
  assert.ok(Math.abs(playedMs - heardMs) < 1, `${playedMs} ms told, ${heardMs} ms heard`);
  assert.deepEqual(peer.violations, []);
}

async function stoppedWhileDialling(t: TestContext): Promise<void> {
  const { daemon, peer } = await scene(t, {
    scenario: { faults: [{ at: "handshake", do: "hang" }] },
  });
  await daemon.says("Ready");
  await daemon.command("wake");
  await peer.waitFor(({ note }) => note?.startsWith("connects") === true);
  const exit = await daemon.stop();
  assert.equal(exit.code, 0, daemon.output);
  assert.ok(exit.ms < STOP_MAX_MS, `${exit.ms} ms`);
  const file = await daemon.metrics();
  assertMetricsSchema(file);
  const { end_reason, trigger, connection_latency_ms, average_response_latency } = file;
  assert.deepEqual([end_reason, trigger], ["shutdown", "command"]);
  assert.deepEqual([connection_latency_ms, average_response_latency], [null, null]);
}

/** How much of the recording is not silence. */
function soundingMs(pcm: Int16Array): number {
  return samplesToMs(pcm.reduce((count, sample) => count + (sample === 0 ? 0 : 1), 0));
}
describe("a conversation on file devices", {
  concurrency: true,
  skip: !canSpeak() && NO_VOICE,
}, () => {
  test("two questions, two answers: every sample, every number, every line", everySample);
  test(
    "SIGTERM in the middle of the answer: silence, a metrics file, exit code 0 in time",
    stoppedInTheAnswer,
  );
  test("SIGTERM while the server does not answer: the same", stoppedWhileDialling);
});
