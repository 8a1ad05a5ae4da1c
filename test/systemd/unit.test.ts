/** The unit file: what the daemon counts on is in it, and systemd understands it. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "../helpers/host.ts";

// Compiled, this file is in dist/test/systemd.
const UNIT = new URL("../../../systemd/pipit.service", import.meta.url);
const unit = readFileSync(UNIT, "utf8");
const noVerify = spawnSync("systemd-analyze", ["--version"]).status !== 0;

test("what the daemon counts on is in the unit", () => {
  for (const line of [
    "Type=notify",
    "NotifyAccess=all", // or a spawned systemd-notify is not heard
    "RuntimeDirectory=pipit", // where the control socket is looked for
    "RestartPreventExitStatus=2", // a wrong configuration is not restarted
    "Restart=on-failure",
    "SupplementaryGroups=audio gpio",
    "EnvironmentFile=-/etc/pipit/pipit.env",
    "ExecStopPost=-/usr/bin/node /opt/pipit/current/dist/src/main.js leds-off",
  ]) {
    assert.ok(unit.split("\n").includes(line), line);
  }
  assert.match(unit, /^WatchdogSec=\d+$/m);
});

test("systemd-analyze has nothing to say about it", { skip: noVerify }, (t) => {
  const path = join(tempFolder(t), "pipit.service");
  writeFileSync(path, unit.replaceAll("/usr/bin/node", process.execPath));
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", path], { encoding: "utf8" });
  const about = stderr.split("\n").filter((line) => line.includes("pipit"));
  assert.deepEqual([status, about], [0, []]);
});
