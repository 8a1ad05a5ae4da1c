/** `pipit timers` as the owner types it, the built daemon, the plug pulled while it rings. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { ringSound } from "../../src/adapters/speaker/fault-sounds.ts";
import { SAMPLE_BYTES, SAMPLE_RATE_HZ } from "../../src/core/audio/pcm.ts";
import { wavHeader } from "../../src/core/audio/wav.ts";
import { configure, type Daemon, daemonEnv, launch, type Paths } from "../helpers/daemon.ts";
import { eventually } from "../helpers/host.ts";
import { test } from "../helpers/real-time.ts";

/** A microphone that hears nothing, a key that opens nothing, and nobody to talk to. */
function house(t: TestContext): Paths {
  const paths = configure(t, { openai: { base_url: "http://127.0.0.1:9/v1" } });
  const bytes = SAMPLE_RATE_HZ * SAMPLE_BYTES * 60;
  const silence = Buffer.concat([wavHeader(SAMPLE_RATE_HZ, bytes), Buffer.alloc(bytes)]);
  writeFileSync(paths.question, silence);
  return paths;
}

async function started(t: TestContext, paths: Paths): Promise<Daemon> {
  const daemon = launch(t, paths, daemonEnv({ TZ: "Europe/Berlin" }));
  await daemon.says("Ready");
  return daemon;
}

async function rings(daemon: Daemon): Promise<void> {
  await eventually("the bell", () => daemon.played().some((sample) => sample !== 0));
}

async function list(daemon: Daemon) {
  const { stdout } = await daemon.command("timers", "--json");
  return JSON.parse(stdout);
}

test("timers: set, ringing, killed, ringing again, stopped; the other one is still there", async (t) => {
  assert.ok((ringSound()?.length ?? 0) > SAMPLE_RATE_HZ / 2, "there is a recording of the bell");
  const paths = house(t);
  const first = await started(t, paths);
  const set = await first.command("timers", "set", "1h30m", "bread", "rolls");
  assert.match(set.stdout, /^#1 timer "bread rolls": 1 h 30 min left, at \d\d:\d\d\n$/);
  await first.command("timers", "set", "1s", "eggs");
  await rings(first);
  assert.deepEqual((await list(first)).ringing, ['#2 timer "eggs"']);
  await first.stop("SIGKILL");

  const second = await started(t, paths);
  await rings(second);
  assert.equal((await second.command("stop")).code, 0);
  const after = await list(second);
  assert.deepEqual(after.ringing, []);
  assert.deepEqual(
    after.timers.map(({ label }: { label: string }) => label),
    ["bread rolls"],
  );
  assert.equal(after.zone, "Europe/Berlin");
  const alarm = await second.command("timers", "set", "07:00", "--days", "weekdays");
  assert.match(alarm.stdout, /^#\d alarm: 07:00 mon tue wed thu fri, next \d{4}-\d\d-\d\d\n$/);
  assert.equal((await second.command("timers", "cancel", "all")).code, 0);
  assert.equal((await second.command("timers")).stdout, "no timers and no alarms\n");
  const wrong = await second.command("timers", "set", "soon");
  assert.equal(wrong.code, 2);
  const none = await second.command("timers", "cancel", "tea");
  assert.deepEqual([none.code, none.stderr], [1, "pipit timers: There is no timer or alarm\n"]);
  await second.stop();
});
