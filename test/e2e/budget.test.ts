/** The budget of a real daemon: over a restart, by its own files; raised by a reload. */

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FRAME_SAMPLES } from "../../src/core/audio/pcm.ts";
import { wavHeader } from "../../src/core/audio/wav.ts";
import { record } from "../../src/core/json.ts";
import { configure, type Daemon, launch, type Paths } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { sendSignal } from "../helpers/processes.ts";
import { test } from "../helpers/real-time.ts";

/** As an earlier run left it behind, a moment ago. */
function spentBefore(paths: Paths, cost: object): void {
  const file = { schema_version: 1, ended_at: new Date().toISOString(), ...cost };
  const path = join(paths.metrics, "session_20260101_000000_abc123.json");
  // Named for its beginning, which is today in every zone that the reader may look from.
  const today = new Date().toISOString().replace(/[-:]/g, "").slice(0, 8);
  writeFileSync(path.replace("20260101", today), JSON.stringify(file));
}

async function budgetOf(daemon: Daemon): Promise<unknown> {
  return (await daemon.status())["budget"];
}

function withBudget(paths: Paths, dailyUsd: number): void {
  const config = record(JSON.parse(readFileSync(paths.config, "utf8")));
  writeFileSync(paths.config, JSON.stringify({ ...config, budget: { daily_usd: dailyUsd } }));
}

test("budget: spending survives a restart; a reload raises the cap", async (t) => {
  // No server is there: nothing is dialled while the money is spent, so nothing fails.
  const paths = configure(t, {
    openai: { base_url: "http://127.0.0.1:9/v1" },
    wake_word: { enabled: false },
  });
  silence(paths);
  withBudget(paths, 1);
  spentBefore(paths, { estimated_cost: 1.25 });
  const daemon = launch(t, paths);
  await daemon.says("Ready");
  assert.deepEqual(await budgetOf(daemon), {
    daily_usd: 1,
    spent_usd: 1.25,
    left_usd: 0,
    action: "refuse",
    state: "spent",
  });
  const refused = await daemon.command("wake");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Today's budget of \$1\.00 is spent \(\$1\.25\)\. It resets/);
  const { stdout } = await daemon.command("status");
  assert.match(stdout, /^Budget +\$1\.2500 of \$1\.00 spent, \$0\.0000 left \(refuse\)$/m);
  withBudget(paths, 5);
  sendSignal((await daemon.status())["pid"], "SIGHUP");
  assert.match(await daemon.says("Configuration reloaded"), /in force now: budget\.daily_usd/);
  assert.equal(record(await budgetOf(daemon))?.["left_usd"], 3.75);
  assert.equal((await daemon.command("wake")).code, 0);
  await eventually("a dial", () => daemon.output.includes("Failed to connect"));
  assert.equal((await daemon.stop()).code, 0);
});

test("a metrics folder that cannot be read: said once, and the appliance works", async (t) => {
  const paths = configure(t, { wake_word: { enabled: false } });
  silence(paths);
  rmSync(paths.metrics, { recursive: true });
  writeFileSync(paths.metrics, "not a folder");
  const daemon = launch(t, paths);
  await daemon.says("Ready");
  const said = daemon.said("warning").filter((line) => line.includes("before this start"));
  assert.equal(said.length, 1, daemon.output);
  assert.match(said[0] ?? "", /count from now/);
  assert.equal((await daemon.stop()).code, 0);
});

/** A room in which nobody speaks. */
function silence(paths: Paths): void {
  const pcm = Buffer.alloc(FRAME_SAMPLES * 2);
  writeFileSync(paths.question, Buffer.concat([wavHeader(24_000, pcm.length), pcm]));
}
