/** The owner's commands against the running daemon: real processes, a real socket, real sound files. */

import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { describe, type TestContext } from "node:test";
import { SAMPLE_BYTES, samplesToMs } from "../../src/core/audio/pcm.ts";
import { WAV_HEADER_BYTES } from "../../src/core/audio/wav.ts";
import { fields, number, record } from "../../src/core/json.ts";
import { type Daemon, KEY, wallMsOf } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { runPipit } from "../helpers/pipit.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { beginningIn } from "../helpers/recordings.ts";
import { scene } from "../helpers/scene.ts";

/** `flush` promises silence within this, and the file is written in blocks of 20 ms. */
const SILENCE_MAX_MS = 60 + 20;
const LOOK_EVERY_MS = 5;

/** Says which moment of the recording sounded at a time of the wall clock, by watching it grow. */
function watchRecording(t: TestContext, path: string): (wallMs: number) => number {
  let aheadMs = -Infinity;
  const timer = setInterval(() => {
    const bytes = statSync(path).size - WAV_HEADER_BYTES;
    aheadMs = Math.max(aheadMs, samplesToMs(bytes / SAMPLE_BYTES) - Date.now());
  }, LOOK_EVERY_MS);
  t.after(() => clearInterval(timer));
  return (wallMs) => wallMs + aheadMs;
}

async function stateOf(daemon: Daemon): Promise<unknown> {
  return (await daemon.status())["state"];
}

async function assertStatusAtRest(daemon: Daemon): Promise<void> {
  // Just after the start, the first sound is still to come.
  await eventually("it hears", async () => (await daemon.status())["last_sound_ms"] !== null);
  const status = await daemon.status();
  const { uptime_s, last_sound_ms, memory_mb, version, pid, ...rest } = status;
  for (const number of [uptime_s, last_sound_ms, memory_mb, pid]) {
    assert.ok(typeof number === "number" && number >= 0);
  }
  assert.match(String(version), /^\d+\.\d+\.\d+/);
  const { input_device, output_device, microphone_level: level, ...known } = rest;
  assert.ok(level === null || record(level)?.["verdict"] === "ok");
  assert.match(`${input_device} ${output_device}`, /^file:.*\.wav file:.*\.wav$/);
  assert.deepEqual(known, {
    state: "idle",
    led: "idle",
    model: "gpt-realtime",
    model_why: "as configured",
    voice: "alloy",
    nobody_can_answer: null,
    mqtt: null,
    config: "in force",
    config_refused: null,
    config_refused_s: null,
    waiting_for_restart: [],
    conversations_today: 0,
    cost_today_usd: 0,
    budget: null,
    metrics_files_lost: 0,
    metrics_trouble: null,
    microphone: "ok",
    speaker: "ok",
    wake_word: "off",
    wake_word_engine: null,
    wake_word_keyword: [],
    remedies: {},
    echo: null,
    retiring: [],
    last_exit: null,
    last_fault: null,
    last_fault_s: null,
  });
}

/** A second daemon with the same configuration is refused, and leaves the first one's files alone. */
async function assertSecondIsRefused(daemon: Daemon): Promise<void> {
  const before = daemon.played().length;
  const second = await runPipit(["run", "--config", daemon.paths.config], { OPENAI_API_KEY: KEY });
  assert.equal(second.code, 2);
  assert.equal(second.stdout, "", "it did not come so far as to say anything");
  assert.match(second.stderr, /^pipit: Another pipit is running already: .*Stop it first: .*\n$/);
  assert.equal(await stateOf(daemon), "idle");
  const played = daemon.played();
  assert.ok(played.length >= before, "the first one's recording is all there");
  assert.ok(
    played.some((sample) => sample !== 0),
    "and was not begun anew",
  );
}

async function silenced(t: TestContext): Promise<Daemon> {
  const { daemon, peer } = await scene(t, {
    scenario: { turns: [{ tone: { ms: 10_000 } }] },
    config: { wake_word: { enabled: false } },
  });
  await daemon.says("Ready");
  await assertStatusAtRest(daemon);
  const wake = await daemon.command("wake", "--json");
  assert.deepEqual([wake.code, wake.stderr], [0, ""]);
  assert.match(wake.stdout, /^\{"state":"(connecting|listening)"\}\n$/);
  const placeOf = watchRecording(t, daemon.paths.out);
  await eventually("the reply sounds", () => daemon.played().some((sample) => sample !== 0));
  assert.equal(await stateOf(daemon), "speaking");
  const askedMs = Date.now();
  const stop = await daemon.command("stop");
  assert.deepEqual(stop, { code: 0, stdout: "Stopped (idle)\n", stderr: "" });
  const stoppedMs = wallMsOf(await daemon.says("Conversation over (stopped)"));
  const [reply] = peer.replies;
  assert.ok(reply);
  await eventually("half a second of silence", () => {
    const { to } = beginningIn(daemon.played(), reply.pcm);
    return samplesToMs(daemon.played().length - to) > 500;
  });
  const { from, to } = beginningIn(daemon.played(), reply.pcm);
  const lateMs = samplesToMs(to) - placeOf(stoppedMs);
  t.diagnostic(`silence ${lateMs.toFixed(1)} ms after the stop took effect, in out.wav`);
  t.diagnostic(`pipit stop: ${stoppedMs - askedMs} ms from its launch to its effect`);
  assert.ok(lateMs < SILENCE_MAX_MS, `${lateMs} ms`);
  const file = await daemon.metrics();
  assert.deepEqual([file["end_reason"], file["trigger"]], ["stopped", "command"]);
  const playedMs = number(fields(file, "audio"), "played_ms") ?? -1;
  assert.ok(Math.abs(playedMs - samplesToMs(to - from)) < 1, `${playedMs} ms`);
  assert.deepEqual(peer.violations, []);
  return daemon;
}

// One after another: a reply has no gaps only where the simulated server gets its turn in time.
describe("the owner's commands", { concurrency: false, skip: !canSpeak() && NO_VOICE }, () => {
  test("wake holds a conversation, stop silences the answer; one daemon at a time", async (t) => {
    const daemon = await silenced(t);
    await assertSecondIsRefused(daemon);
    const { conversations_today: conversations, last_fault } = await daemon.status();
    assert.deepEqual([conversations, last_fault], [1, null]);
    assert.equal((await daemon.stop()).code, 0);
    assert.ok(!existsSync(daemon.paths.socket), "the socket is gone");
    const after = await daemon.command("status");
    assert.equal(after.code, 1);
    assert.match(after.stderr, /^pipit status: pipit is not running .*\n$/);
  });

  test("mute: the wake word is not heard, status says so; unmuted it is", async (t) => {
    const { daemon, peer, question } = await scene(t, {
      scenario: {},
      again: [{ afterMs: 3_500, word: true }],
    });
    await daemon.says("Ready");
    const on = await daemon.command("mute", "on", "--json");
    assert.deepEqual(on, { code: 0, stdout: '{"state":"muted"}\n', stderr: "" });
    const wake = await daemon.command("wake");
    assert.deepEqual([wake.code, wake.stderr], [1, "pipit wake: muted: pipit mute off\n"]);
    // Both sound files run on the same time: the first question is over.
    const overMs = samplesToMs(question.word.to) + 3_000;
    await eventually("the question is over", () => samplesToMs(daemon.played().length) > overMs);
    const { state, led, conversations_today: conversations } = await daemon.status();
    assert.deepEqual([state, led, conversations], ["muted", "muted", 0]);
    assert.equal(peer.attempts(), 0, "nobody was called");
    assert.equal(
      (await daemon.command("mute", "off")).stdout,
      "Not muted: the microphone is open (idle)\n",
    );
    await daemon.says("Wake word 'computer' heard");
    const muted = await daemon.command("mute", "on");
    assert.equal(
      muted.stdout,
      "Muted: the microphone is closed until pipit mute off\n",
      "in mid-conversation, too",
    );
    await daemon.says("Conversation over (muted)");
    assert.equal((await daemon.stop()).code, 0);
    assert.equal((await daemon.metrics())["end_reason"], "muted");
  });

  test("stopped by Ctrl-C it ends as well", async (t) => {
    const { daemon } = await scene(t, { scenario: {} });
    await daemon.says("Ready");
    const exit = await daemon.stop("SIGINT");
    assert.equal(exit.code, 0);
    const [ready = "", ...rest] = daemon.said("info");
    assert.match(
      ready,
      /^Ready: Pipit \d+\.\d+\.\d+, microphone file:.*, speaker file:.*, wake word .*, model gpt-realtime$/,
    );
    assert.deepEqual(rest, ["Stopping: SIGINT"]);
    assert.deepEqual(daemon.metricsFiles(), []);
  });
});
