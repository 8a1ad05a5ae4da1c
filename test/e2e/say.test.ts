/**
 * `pipit say` over a real socket: the built daemon, the built command, a simulated server. Whose voice
 * it is, what it costs, when it is heard; and what the command's exit code says to cron.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { msToSamples, rms, SAMPLE_RATE_HZ } from "../../src/core/audio/pcm.ts";
import { number, record, text } from "../../src/core/json.ts";
import { type Peer, type PeerOptions, startPeer } from "../../src/sim/peer/peer.ts";
import { type Config, configure, type Daemon, launch } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { runPipit } from "../helpers/pipit.ts";
import { canSpeak, NO_VOICE, writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { scene } from "../helpers/scene.ts";
import { noise } from "../helpers/sound.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const HEARD = { skip: !canSpeak() && NO_VOICE };
const GONE = { id: "gpt-realtime", gone: "http-404" } as const;

/** A daemon that nobody talks to. */
async function quiet(
  t: TestContext,
  scenario: NonNullable<PeerOptions["scenario"]>,
  config: Config = {},
): Promise<{ readonly peer: Peer; readonly daemon: Daemon }> {
  const peer = await startPeer({ scenario });
  t.after(() => peer.close());
  const openai = { base_url: peer.url, ...config["openai"] };
  const paths = configure(t, { ...config, openai });
  writeWav(paths.question, noise(msToSamples(60_000), 5, 27));
  const daemon = launch(t, paths);
  await daemon.says("Ready");
  return { peer, daemon };
}

/** Seconds in which something was played, by tenths. */
function loudSeconds(pcm: Int16Array): number {
  const tenth = SAMPLE_RATE_HZ / 10;
  let count = 0;
  for (let at = 0; at < pcm.length; at += tenth) {
    if (rms(pcm.subarray(at, at + tenth)) > 50) count += 1;
  }
  return count / 10;
}

async function said(daemon: Daemon, ...args: readonly string[]) {
  const { code, stdout, stderr } = await daemon.command("say", "--json", ...args);
  assert.equal(code, 0, stderr);
  return record(JSON.parse(stdout)) ?? {};
}

test(
  "in budget: read by the model over the socket, heard, billed like an answer",
  HEARD,
  async (t) => {
    const { peer, daemon } = await quiet(t, { turns: [{ say: "Dinner is ready." }] });
    const { code, stdout } = await daemon.command("say", "Dinner is ready.");
    assert.equal(code, 0);
    assert.match(stdout, /^Said by gpt-realtime \(alloy\), \$0\.\d{4}\n$/);
    assert.deepEqual(peer.violations, []);
    const file = await daemon.metrics();
    assert.equal(file["trigger"], "announcement");
    assert.equal(record(file["responses"])?.["completed"], 1);
    const status = record(JSON.parse((await daemon.command("status", "--json")).stdout)) ?? {};
    assert.equal(status["cost_today_usd"], file["estimated_cost"]);
    assert.ok(Number(file["estimated_cost"]) > 0);
    assert.equal(status["conversations_today"], 0);
  },
);

test("over budget, refused, and offline: espeak-ng, and the reason in words", HEARD, async (t) => {
  const { peer, daemon } = await quiet(
    t,
    { turns: [{ say: "One." }] },
    { budget: { daily_usd: 0.0001 } },
  );
  assert.equal((await said(daemon, "One."))["model"], "gpt-realtime");
  const over = await said(daemon, "Two.");
  assert.deepEqual([over["voice"], over["cost_usd"]], ["espeak-ng", 0]);
  assert.match(text(over, "why") ?? "", /^Today's budget of \$0\.0001 is spent/);
  const free = await said(daemon, "--offline", "Three.");
  assert.deepEqual([free["voice"], free["why"]], ["espeak-ng", null]);
  await peer.close();
});

test("a refused model, then nobody: the next of the chain; then espeak-ng", HEARD, async (t) => {
  const { peer, daemon } = await quiet(t, {
    models: [GONE, "gpt-realtime-2.1"],
    unknown_model: "http-404",
    turns: [{ say: "Hello." }],
  });
  const next = await said(daemon, "Hello.");
  assert.equal(next["model"], "gpt-realtime-2.1");
  await peer.close();
  const { code, stdout } = await daemon.command("say", "Is anybody there?");
  assert.equal(code, 0);
  assert.match(stdout, / by espeak-ng\nThe model did not read it: .*cannot be reached/);
});

test(
  "during a conversation it waits; two at once are said one after the other",
  HEARD,
  async (t) => {
    const { daemon, peer } = await scene(t, {
      scenario: { turns: [{ say: "A long answer about the weather of the whole week." }] },
      config: { session: { follow_up_s: 1 } },
    });
    await daemon.says("Audio session config");
    const both = await Promise.all([said(daemon, "First."), said(daemon, "Second.")]);
    assert.deepEqual(
      both.map((one) => one["now"]),
      [false, false],
    );
    await daemon.says("Conversation over");
    const before = loudSeconds(daemon.played());
    // The answer, and then both, each a tone of the peer's of some length.
    await eventually("both", () => loudSeconds(daemon.played()) >= before + 1.5);
    assert.deepEqual(peer.violations, []);
  },
);

test("for cron: standard input, a file, too long, nothing, nobody there", HEARD, async (t) => {
  const { daemon } = await quiet(t, {});
  const folder = tempFolder(t);
  const file = (name: string, words: string): string => {
    writeFileSync(join(folder, name), words);
    return join(folder, name);
  };
  assert.equal(number(await said(daemon, "--file", file("a", "Hello.\n")), "cost_usd") !== 0, true);
  const long = await daemon.command("say", "--file", file("b", "word ".repeat(2_048)));
  assert.deepEqual([long.code, long.stdout], [2, ""]);
  assert.match(long.stderr, /at most 1000 characters/);
  assert.equal((await daemon.command("say", "--file", file("c", " \n"))).code, 2);
  assert.equal((await daemon.command("say", "--file", join(folder, "none"))).code, 2);
  await daemon.stop();
  const nobody = await daemon.command("say", "Hello.");
  assert.equal(nobody.code, 1);
});

test("a text without end is too long, and is not read to its end", async () => {
  const { code, stderr } = await runPipit(["say", "--file", "/dev/zero"]);
  assert.equal(code, 2);
  assert.match(stderr, /at most 1000 characters/);
});
