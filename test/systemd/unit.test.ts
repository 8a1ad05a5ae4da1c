/** The unit files: what the daemon counts on is in them, systemd understands them, and they are tight. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { HELPER_SOCKET } from "../../src/adapters/programs/local-programs.ts";
import { tempFolder } from "../helpers/temp-folder.ts";
import { unitFlags } from "../helpers/unit-flags.ts";

// Compiled, this file is in dist/test/systemd.
const FOLDER = fileURLToPath(new URL("../../../systemd", import.meta.url));
const unit = readFileSync(join(FOLDER, "pipit.service"), "utf8");
const tools = readFileSync(join(FOLDER, "pipit-tools.service"), "utf8");
const skip = spawnSync("systemd-analyze", ["--version"]).status !== 0 && "no systemd-analyze";
/** Tenths: what `systemd-analyze security` may say at most. */
const EXPOSURE_MAX = 15;

interface Cleanup {
  after(clean: () => void): void;
}

/** The units in a folder of their own, with the node that there is here. */
function installed(t: Cleanup): readonly string[] {
  const folder = tempFolder(t);
  const services = { "pipit.service": unit, "pipit-tools.service": tools };
  const made = Object.entries(services).map(([name, text]) => {
    writeFileSync(join(folder, name), text.replaceAll("/usr/bin/node", process.execPath));
    return join(folder, name);
  });
  const others = ["pipit-config.path", "pipit-retry.timer", "pipit-tools.socket"].map((name) => {
    copyFileSync(join(FOLDER, name), join(folder, name));
    return join(folder, name);
  });
  return [...made, ...others];
}

test("the demo runs with the flags of the unit", () => {
  const flags = unitFlags().join(" ");
  const setup = readFileSync(join(FOLDER, "../scripts/setup.sh"), "utf8");
  assert.ok(setup.includes(`NODE_FLAGS=(${flags})`), flags);
});

test("what the daemon counts on is in the unit", () => {
  for (const line of [
    "Type=notify",
    "NotifyAccess=main", // the installer widens it where only a child can speak
    "LimitCORE=0", // a core dump has the keys in it
    "RuntimeDirectory=pipit", // where the control socket is looked for
    "StateDirectory=pipit", // where the metrics and the last exit are kept
    "RestartPreventExitStatus=2", // a wrong configuration is not restarted every two seconds,
    "Wants=pipit-config.path", // but when it was saved,
    "OnFailure=pipit-retry.timer", // and now and then
    "Restart=on-failure",
    "StartLimitIntervalSec=0",
    "ExecReload=/bin/kill -HUP $MAINPID",
    "SupplementaryGroups=audio gpio",
    "EnvironmentFile=-/etc/pipit/pipit.env",
    "LoadCredential=OPENAI_API_KEY:/etc/pipit/credentials/OPENAI_API_KEY",
    "SetCredential=OPENAI_API_KEY:\\n", // without a default, a missing file keeps the unit down
    "ExecStopPost=-/usr/bin/node /opt/pipit/current/dist/src/main.js post-stop",
  ]) {
    assert.ok(unit.split("\n").includes(line), line);
  }
  // The gid of the memory that dmix shares must be the system's, and it must outlive us.
  assert.doesNotMatch(unit, /^(PrivateUsers|RemoveIPC)=(yes|true|1)/m);
  assert.match(unit, /^WatchdogSec=\d+$/m);
  assert.doesNotMatch(unit, /^MemoryDenyWriteExecute=yes/m, "V8 writes code and runs it");
});

test("systemd-analyze has nothing to say about the units", { skip }, (t) => {
  const paths = installed(t);
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", ...paths], {
    encoding: "utf8",
  });
  // The page of the manual comes with the installation.
  const about = stderr
    .split("\n")
    .filter((line) => line.includes("pipit") && !line.includes("Command 'man pipit(1)' failed"));
  assert.deepEqual(about, []);
  assert.ok(status === 0 || stderr.includes("man pipit(1)"), stderr);
});

for (const [nth, name] of ["pipit.service", "pipit-tools.service"].entries()) {
  test(`the exposure of ${name} is at most ${EXPOSURE_MAX / 10}`, { skip }, (t) => {
    const service = installed(t)[nth] ?? "";
    const args = ["security", "--offline=true", `--threshold=${EXPOSURE_MAX}`, service];
    const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
    assert.equal(status, 0, `${stderr}\n${stdout}`);
  });
}

/** What the installer's drop-in adds for a camera and for LEDs at SPI. */
function deviceLines(): readonly string[] {
  const script = readFileSync(join(FOLDER, "../scripts/service.sh"), "utf8");
  const lists = [...script.matchAll(/service\+=\(([^)]*)\)/g)].map(([, words = ""]) => words);
  return lists.flatMap((words) =>
    [...words.matchAll(/'([^']+)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ""),
  );
}

test("with a camera and LEDs at SPI the service is exposed no more", { skip }, (t) => {
  const lines = deviceLines();
  for (const name of ["SupplementaryGroups=video", "SupplementaryGroups=spi"]) {
    assert.ok(lines.includes(name), lines.join());
  }
  const service = installed(t)[0] ?? "";
  writeFileSync(service, `${readFileSync(service, "utf8")}\n[Service]\n${lines.join("\n")}\n`);
  const args = ["security", "--offline=true", `--threshold=${EXPOSURE_MAX}`, service];
  const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
  assert.equal(status, 0, `${stderr}\n${stdout}`);
});

test("the owner's programs: another user, without keys, reached by Pipit's user alone", () => {
  const lines = tools.split("\n");
  assert.ok(lines.includes("User=pipit-tools") && lines.includes("Group=pipit-tools"));
  assert.doesNotMatch(
    tools,
    /^(LoadCredential|SetCredential|EnvironmentFile|SupplementaryGroups)=/m,
  );
  const closed = /^InaccessiblePaths=(.*)$/m.exec(tools)?.[1]?.split(" ") ?? [];
  for (const path of ["/etc/pipit", "/var/lib/pipit", "/run/pipit", "/run/credentials"]) {
    assert.ok(closed.includes(`-${path}`), path);
  }
  // What a program does to memory, processes and the card is the program's loss, not Pipit's.
  for (const name of ["MemoryMax", "TasksMax", "LimitFSIZE"]) {
    assert.match(tools, new RegExp(`^${name}=\\d+`, "m"));
  }
  assert.match(tools, /^OOMScoreAdjust=[1-9]/m);
  const socket = readFileSync(join(FOLDER, "pipit-tools.socket"), "utf8").split("\n");
  for (const line of [`ListenStream=${HELPER_SOCKET}`, "SocketUser=pipit", "SocketMode=0600"]) {
    assert.ok(socket.includes(line), line);
  }
  assert.ok(socket.every((line) => !/^(ListenStream=\d|Accept=yes)/.test(line)));
  assert.ok(unit.split("\n").includes("Wants=pipit-tools.socket"));
  const program = /^ExecStart=\S+ .*\/current\/(dist\/\S+)$/m.exec(tools)?.[1] ?? "";
  assert.ok(existsSync(join(FOLDER, "..", program)), "the program is there");
});
