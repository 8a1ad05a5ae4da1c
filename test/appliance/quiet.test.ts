/** What an owner wants to see of a machine that does nothing: nothing. And what it may touch: little. */

import assert from "node:assert/strict";
import { onMachine } from "./promise.ts";

/** Longer than the watchdog's time and every period of the daemon's own, but for the day's. */
const IDLE_S = Number(process.env["PIPIT_IDLE_S"] ?? 180);
const EXPOSURE_MAX = 1.5;

onMachine("at rest", (they) => {
  they.holds(`${IDLE_S} s idle without a line in the journal`, IDLE_S + 900, async (m) => {
    const start = await m.mark();
    await m.runWith({ metrics: { max_files: 900 } });
    // What is said about the start: the last of it is that the rig's microphone is exactly still.
    await m.says(start, "digital silence", 240);
    const mark = await m.mark();
    const pid = await m.property("MainPID");
    await m.run(`sleep ${IDLE_S}`, IDLE_S * 1000 + 60_000);
    assert.deepEqual(await m.saidSince(mark), []);
    assert.equal(await m.property("MainPID"), pid);
  });

  they.holds(`systemd finds an exposure of at most ${EXPOSURE_MAX}`, 300, async (m, note) => {
    const said = await m.run("systemd-analyze security --no-pager pipit.service | tail -1");
    note(said.trim());
    const exposure = Number(/: ([\d.]+) /.exec(said)?.[1] ?? Number.NaN);
    assert.ok(exposure <= EXPOSURE_MAX, said);
    const { code, stdout, stderr } = await m.attempt("systemd-analyze verify pipit.service 2>&1");
    assert.equal(code, 0, stdout + stderr);
    const ours = stdout.split("\n").filter((line) => line.includes("pipit"));
    assert.deepEqual(ours, [], "and nothing is reported");
  });
});
