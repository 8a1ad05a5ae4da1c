/** Installing and uninstalling, by the real scripts in a throw-away root. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ApplianceRoot } from "../helpers/appliance-root.ts";

const KEY = "sk-geheim-0123456789";
const SCRIPTS = fileURLToPath(new URL("../../../scripts/", import.meta.url));
const noShellcheck = spawnSync("shellcheck", ["--version"]).status !== 0;

/** A machine on which version 1.0.0 was just installed. */
async function installed(t: TestContext): Promise<ApplianceRoot> {
  const machine = new ApplianceRoot(t);
  machine.env["OPENAI_API_KEY"] = KEY;
  const { code, stderr } = await machine.run("install", "--from", machine.tree("1.0.0"));
  assert.equal(code, 0, stderr);
  return machine;
}

const mode = (machine: ApplianceRoot, path: string) =>
  (statSync(machine.path(path)).mode & 0o777).toString(8);

test("everything is in its place, closed to others, and runs", async (t) => {
  const machine = new ApplianceRoot(t);
  machine.env["OPENAI_API_KEY"] = KEY;
  machine.env["SUDO_USER"] = "anna";
  const { code, stdout, stderr } = await machine.run("install", "--from", machine.tree("1.0.0"));
  assert.equal(code, 0, stderr);
  assert.match(stderr, /release 1\.0\.0-\d{8}T\d{6}Z is ready and stays up/);
  assert.equal(machine.release("current"), "1.0.0");
  const links = {
    "usr/local/bin/pipit": "/opt/pipit/current/dist/src/main.js",
    "usr/local/share/man/man1/pipit.1": "/opt/pipit/current/systemd/pipit.1",
    "usr/local/share/bash-completion/completions/pipit": "/opt/pipit/current/systemd/pipit.bash",
  };
  for (const [link, target] of Object.entries(links)) {
    assert.equal(readlinkSync(machine.path(link)), target);
  }
  assert.equal(machine.read("etc/pipit/config.yaml"), "openai:\n");
  assert.equal(machine.read("etc/pipit/credentials/OPENAI_API_KEY"), `${KEY}\n`);
  assert.deepEqual(
    ["config.yaml", "credentials", "credentials/OPENAI_API_KEY"].map((name) =>
      mode(machine, `etc/pipit/${name}`),
    ),
    ["640", "700", "600"],
  );
  assert.match(
    machine.read("etc/systemd/system/pipit.service"),
    /^ExecStart=\S*\/node run # 1\.0\.0$/m,
  );
  // Of no group but its own: the configuration is readable for the group pipit.
  assert.doesNotMatch(machine.log, /usermod .* pipit-tools$/m);
  assert.equal(machine.read("etc/systemd/system/pipit-tools.socket"), "[Socket]\n");
  assert.ok(machine.has("fake/enabled"));
  for (const line of [
    /useradd .*--system.* pipit$/m,
    /useradd .*--system.*--home-dir \/var\/lib\/pipit-tools .* pipit-tools$/m,
    /usermod -aG audio pipit/,
    /usermod -aG gpio pipit/,
    /usermod -aG pipit anna/,
  ]) {
    assert.match(machine.log, line);
  }
  assert.ok(!(stdout + stderr + machine.log).includes(KEY), "the key was shown");
  assert.deepEqual(readdirSync(machine.path("opt/pipit")).sort(), ["current", "releases"]);
  // The distribution's own rule is enough, and nobody asked for the others.
  for (const path of [
    "etc/udev/rules.d/60-pipit-gpio.rules",
    "etc/polkit-1",
    "etc/systemd/journald.conf.d",
  ]) {
    assert.ok(!machine.has(path), path);
  }
});

test("a second run changes nothing and says so", async (t) => {
  const machine = await installed(t);
  delete machine.env["OPENAI_API_KEY"];
  const before = machine.log;
  const { code, stderr } = await machine.run("install", "--from", machine.tree("1.0.0"));
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^nothing to do: release 1\.0\.0-\S+ is installed and runs\n$/);
  const asked = machine.log.slice(before.length).trimEnd().split("\n");
  assert.deepEqual(
    asked.filter((line) => !/ (is-active|is-enabled|show) /.test(line)),
    [],
  );
});

test("a dry run says it all and changes nothing", async (t) => {
  const machine = new ApplianceRoot(t);
  machine.standIn("dpkg-query", "true"); // no package is there
  const before = readdirSync(machine.root, { recursive: true }).length;
  const { code, stderr } = await machine.run(
    "install",
    "--from",
    machine.tree("1.0.0"),
    "--dry-run",
    "--persistent-journal",
  );
  assert.equal(code, 0, stderr);
  for (const what of [
    "Debian packages: alsa-utils",
    "make user pipit",
    "config.yaml",
    "make release 1.0.0",
    "say READY",
    "every boot",
    "60-pipit.conf",
    "bin/pipit",
  ]) {
    assert.match(stderr, new RegExp(`^would: .*${what}`, "m"));
  }
  assert.match(stderr, /dry run: nothing was changed\n$/);
  assert.doesNotMatch(machine.log, /apt-get/);
  const left = readdirSync(machine.root, { recursive: true }).filter(
    (name) => !String(name).startsWith("fake/"),
  );
  assert.equal(left.length, before - 2); // fake/group and fake/status
});

test("what the owner has written is kept, and a key can be replaced", async (t) => {
  const machine = await installed(t);
  machine.write("etc/pipit/config.yaml", "openai:\n  voice: ash\nbutton:\n  hold: shutdown\n");
  machine.write("new-key", "sk-new\n");
  machine.env["OPENAI_API_KEY"] = "sk-not-this-one";
  const { code, stderr } = await machine.run(
    "install",
    "--from",
    machine.tree("1.0.0"),
    "--key-file",
    machine.path("new-key"),
  );
  assert.equal(code, 0, stderr);
  assert.match(machine.read("etc/pipit/config.yaml"), /voice: ash/);
  assert.equal(machine.read("etc/pipit/credentials/OPENAI_API_KEY"), "sk-new\n");
  assert.match(stderr, /is ready and stays up/); // restarted, or the old key would go on
  assert.equal(machine.read("etc/polkit-1/rules.d/50-pipit-poweroff.rules"), "// power off\n");
});

test("without a key everything is prepared, and the next run starts it", async (t) => {
  const machine = new ApplianceRoot(t);
  const first = await machine.run("install", "--from", machine.tree("1.0.0"), "--yes");
  assert.equal(first.code, 2, first.stderr);
  assert.match(
    first.stderr,
    /OPENAI_API_KEY is not set\n[\s\S]*the configuration is not good yet[\s\S]*--key-file/,
  );
  assert.doesNotMatch(machine.log, /systemctl restart pipit/);
  assert.ok(machine.has("fake/enabled"));
  machine.env["OPENAI_API_KEY"] = KEY;
  const second = await machine.run("install", "--from", machine.tree("1.0.0"));
  assert.equal(second.code, 0, second.stderr);
  assert.match(machine.log, /systemctl restart pipit/);
});

test("plain Debian gets the group gpio and a rule, a forgetful journal is mentioned, then kept", async (t) => {
  const machine = new ApplianceRoot(t);
  machine.env["OPENAI_API_KEY"] = KEY;
  machine.write("usr/lib/udev/rules.d/60-vendor.rules", "");
  machine.write("fake/group", "audio\n");
  mkdirSync(machine.path("usr/lib/systemd/journald.conf.d"), { recursive: true });
  machine.write(
    "usr/lib/systemd/journald.conf.d/40-rpi-volatile-storage.conf",
    "[Journal]\nStorage=volatile\n",
  );
  const first = await machine.run("install", "--from", machine.tree("1.0.0"));
  assert.equal(first.code, 0, first.stderr);
  assert.match(machine.log, /groupadd --system gpio\n/);
  assert.match(
    machine.read("etc/udev/rules.d/60-pipit-gpio.rules"),
    /KERNEL=="gpiochip\*", GROUP="gpio"/,
  );
  assert.match(machine.log, /udevadm trigger/);
  assert.match(first.stderr, /--persistent-journal/);
  const second = await machine.run(
    "install",
    "--from",
    machine.tree("1.0.0"),
    "--persistent-journal",
  );
  assert.match(
    machine.read("etc/systemd/journald.conf.d/60-pipit.conf"),
    /^Storage=persistent\nSystemMaxUse=64M$/m,
  );
  assert.match(machine.log, /systemctl restart systemd-journald/);
  assert.doesNotMatch(second.stderr, /forgets/);
});

test("an installation by hand is taken over", async (t) => {
  const machine = new ApplianceRoot(t);
  mkdirSync(machine.path("opt/pipit"), { recursive: true });
  mkdirSync(machine.path("etc/pipit"), { recursive: true });
  mkdirSync(machine.path("etc/systemd/system"), { recursive: true });
  spawnSync("cp", ["-a", machine.tree("0.9.0"), machine.path("opt/pipit/current")]);
  machine.write("etc/pipit/pipit.env", `OPENAI_API_KEY="${KEY}"\n`);
  machine.write("etc/systemd/system/pipit.service", "[Service]\nNice=5\n");
  const { code, stderr } = await machine.run("install", "--from", machine.tree("1.0.0"), "--yes");
  assert.equal(code, 0, stderr);
  assert.deepEqual([machine.release("current"), machine.release("previous")], ["1.0.0", "0.9.0"]);
  assert.match(machine.read("etc/pipit/pipit.service.replaced"), /Nice=5/);
  assert.equal(mode(machine, "etc/pipit/pipit.env"), "600");
  assert.ok(!machine.has("etc/pipit/credentials/OPENAI_API_KEY"));
});

test("a machine that cannot run it: the reason, and nothing is changed", async (t) => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ["getconf", "echo 32", /^this system is 32-bit: .*64-bit edition/],
    [
      "node",
      'if [ "$1" = --version ]; then echo v18.20.4; else exit 1; fi',
      /^Node\.js v18\.20\.4 is too old: 20\.19 .*\n[\s\S]*bookworm[\s\S]*trixie[\s\S]*\/usr\/local/,
    ],
    ["node", 'if [ "$1" = -p ]; then echo arm; fi', /^this Node\.js is built for arm:/],
    ["df", 'echo; echo "x 1 1 120 1 /"', /^only 120 MB are free in .*600 MB are needed/],
  ];
  for (const [name, text, expected] of rows) {
    const machine = new ApplianceRoot(t);
    machine.write("etc/os-release", "VERSION_CODENAME=bookworm\n");
    machine.standIn(name, text);
    const { code, stderr } = await machine.run("install", "--from", machine.tree("1.0.0"));
    assert.equal(code, 1, stderr);
    assert.match(stderr, expected);
    assert.ok(!machine.has("opt"));
  }
});

test("a model whose end is announced: --model auto moves a fresh configuration, once", async (t) => {
  const machine = new ApplianceRoot(t);
  machine.env["OPENAI_API_KEY"] = KEY;
  const from = ["--from", machine.tree("1.0.0", { migrates: true }), "--yes"];
  const plain = await machine.run("install", ...from);
  assert.equal(plain.code, 0, plain.stderr);
  assert.match(
    plain.stderr,
    /^note: the end of the configured model gpt-realtime is announced; scripts\/install --model auto moves to gpt-realtime-2\.1$/m,
  );
  const shipped = machine.read("etc/pipit/config.yaml");
  const keep = await machine.run("install", ...from, "--model", "keep");
  assert.doesNotMatch(keep.stderr, /announced/);
  assert.equal(machine.read("etc/pipit/config.yaml"), shipped, "nobody has asked for it");
  const moved = await machine.run("install", ...from, "--model", "auto");
  assert.equal(moved.code, 0, moved.stderr);
  assert.match(moved.stderr, /^ {2}openai\.model: gpt-realtime → gpt-realtime-2\.1$/m);
  assert.match(machine.read("etc/pipit/config.yaml"), /^ {2}model: gpt-realtime-2\.1$/m);
  assert.equal(mode(machine, "etc/pipit/config.yaml"), "640");
  assert.equal(machine.read("etc/pipit/config.yaml.backup"), shipped);
  const again = await machine.run("install", ...from, "--model", "auto");
  assert.match(again.stderr, /^nothing to do: /m, "moved once, and no note any more");
});

test("a model that cannot be is refused before anything is put in force", async (t) => {
  const machine = new ApplianceRoot(t);
  machine.env["OPENAI_API_KEY"] = KEY;
  const tree = machine.tree("1.0.0", { migrates: true });
  const { code, stderr } = await machine.run("install", "--from", tree, "--model", "gpt-realtme");
  assert.equal(code, 2, stderr);
  assert.match(stderr, /gpt-realtme is not in Pipit's catalogue; did you mean/);
  assert.match(stderr, /^install: --model gpt-realtme is refused/m);
  assert.equal(machine.release("current"), null);
  assert.doesNotMatch(machine.log, /systemctl restart pipit/);
});

test("at a terminal the successor is offered: Enter takes it where the file is new", async (t) => {
  const rows = [
    ["", "\n", "gpt-realtime-2.1"],
    ["", "n\n", undefined],
    ["openai:\n  voice: ash\n", "\n", undefined],
    ["openai:\n  voice: ash\n", "y\n", "gpt-realtime-2.1"],
    ["openai:\n  model: gpt-realtime-2.1\n", "y\n", "gpt-realtime-2.1"],
  ] as const;
  for (const [before, typed, expected] of rows) {
    const machine = new ApplianceRoot(t);
    machine.env["OPENAI_API_KEY"] = KEY;
    if (before !== "") {
      mkdirSync(machine.path("etc/pipit"), { recursive: true });
      machine.write("etc/pipit/config.yaml", before);
    }
    const tree = machine.tree("1.0.0", { migrates: true });
    const { code, stdout } = await machine.type(typed, "install", "--from", tree);
    assert.equal(code, 0, stdout);
    const asked = /Move to its successor, gpt-realtime-2\.1\? \[(Y\/n|y\/N)\]/.exec(stdout)?.[1];
    const own = before.includes("model:") ? undefined : before === "" ? "Y/n" : "y/N";
    assert.equal(asked, own, stdout);
    const now = /^ {2}model: (\S+)$/m.exec(machine.read("etc/pipit/config.yaml"))?.[1];
    assert.equal(now, expected, stdout);
  }
});

test("a build that fails leaves nothing half-installed", async (t) => {
  const machine = await installed(t);
  machine.standIn("npm", "echo npm: no network >&2; exit 1");
  const tree = machine.tree("1.1.0");
  mkdirSync(`${tree}/src`);
  const { code, stderr } = await machine.run("upgrade", tree);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /npm: no network\nbuilding failed .*nothing was changed/);
  assert.equal(machine.release("current"), "1.0.0");
  assert.equal(readdirSync(machine.path("opt/pipit/releases")).length, 1);
});

test("uninstall keeps what is the owner's; --purge asks, then takes it", async (t) => {
  const machine = await installed(t);
  const plain = await machine.run("uninstall");
  assert.equal(plain.code, 0, plain.stderr);
  for (const path of [
    "opt/pipit",
    "usr/local/bin/pipit",
    "usr/local/share/man/man1/pipit.1",
    "usr/local/share/bash-completion/completions/pipit",
    "etc/systemd/system/pipit.service",
    "etc/systemd/system/pipit-tools.service",
    "etc/systemd/system/pipit-tools.socket",
    "fake/enabled",
  ]) {
    assert.ok(!machine.has(path), path);
  }
  assert.match(machine.log, /systemctl stop pipit\.service\n/);
  assert.equal(machine.read("etc/pipit/credentials/OPENAI_API_KEY"), `${KEY}\n`);
  assert.doesNotMatch(machine.log, /userdel/);
  const unasked = await machine.run("uninstall", "--purge");
  assert.equal(unasked.code, 2);
  assert.ok(machine.has("etc/pipit"));
  const purged = await machine.run("uninstall", "--purge", "--yes");
  assert.equal(purged.code, 0, purged.stderr);
  assert.ok(!machine.has("etc/pipit"));
  assert.match(machine.log, /userdel pipit\n/);
  assert.match(machine.log, /userdel pipit-tools\n/);
  const again = await machine.run("uninstall", "--purge", "--yes");
  assert.match(again.stderr, /nothing to do/);
});

test("a tree that is no built checkout is refused before anything is touched", async (t) => {
  const machine = new ApplianceRoot(t);
  const tree = machine.tree("1.0.0");
  rmSync(join(tree, "config/config.yaml"));
  const { code, stderr } = await machine.run("install", "--from", tree);
  assert.equal(code, 2);
  assert.match(stderr, /^install: \S+ is no built checkout: config\/config\.yaml is missing .*\n$/);
  assert.equal(machine.log, "");
  assert.ok(!machine.has("etc/pipit"));
});

test("bad usage is one line and exit code 2; help is at hand", async (t) => {
  const machine = new ApplianceRoot(t);
  for (const script of ["install", "upgrade", "rollback", "uninstall"]) {
    const wrong = await machine.run(script, "--frm");
    assert.equal(wrong.code, 2);
    assert.equal(wrong.stderr, `${script}: unknown option --frm (see --help)\n`);
    const help = await machine.run(script, "--help");
    assert.equal(help.code, 0);
    assert.match(help.stdout, new RegExp(`^Usage: scripts/${script} `, "m"));
  }
  assert.equal((await machine.run("upgrade")).code, 2); // nothing is installed
});

test("shellcheck has nothing to say", { skip: noShellcheck }, () => {
  const names = ["install", "upgrade", "rollback", "uninstall", "demo"]; // and what they source
  assert.ok(names.every((name) => existsSync(SCRIPTS + name)));
  const { status, stdout } = spawnSync(
    "shellcheck",
    ["-x", ...names.map((name) => SCRIPTS + name)],
    { encoding: "utf8" },
  );
  assert.deepEqual([status, stdout], [0, ""]);
});

test("children may speak for the daemon only where it cannot speak for itself", async (t) => {
  const machine = await installed(t);
  const dropIn = "etc/systemd/system/pipit.service.d/10-notify.conf";
  assert.match(machine.read(dropIn), /^NotifyAccess=all$/m, "there is no koffi in this tree");
  const able = machine.tree("1.1.0");
  const koffi = join(able, "node_modules/koffi");
  mkdirSync(koffi, { recursive: true });
  writeFileSync(join(koffi, "index.js"), "exports.load = () => ({});");
  const { code, stderr } = await machine.run("install", "--from", able);
  assert.equal(code, 0, stderr);
  assert.equal(machine.has(dropIn), false);
});

const DEVICES = "etc/systemd/system/pipit.service.d/20-devices.conf";

test("a camera and the LEDs of a HAT get their rights where they are configured, and lose them", async (t) => {
  const machine = await installed(t);
  assert.equal(machine.has(DEVICES), false);
  const tree = machine.tree("1.0.0");
  const again = async (config: string): Promise<string> => {
    machine.write("etc/pipit/config.yaml", config);
    const { code, stderr } = await machine.run("install", "--from", tree);
    assert.equal(code, 0, stderr);
    return machine.has(DEVICES) ? machine.read(DEVICES) : "";
  };
  const camera = await again("camera:\n  source: auto   # the kitchen\n");
  assert.match(camera, /^\[Unit\]\nWants=modprobe@videodev\.service\nAfter=.*\n\[Service\]\n/m);
  for (const line of ["SupplementaryGroups=video", "DeviceAllow=char-video4linux rw"]) {
    assert.ok(camera.split("\n").includes(line), line);
  }
  assert.ok(!camera.includes("spi"));
  const both = await again('leds:\n  count: 3\n  backend: "apa102"\ncamera:\n  source: usb\n');
  assert.match(both, /for camera\.source, leds\.backend\.\n/);
  assert.match(both, /^SupplementaryGroups=spi\nDeviceAllow=char-spi rw$/m);
  assert.match(
    machine.read("etc/udev/rules.d/60-pipit-spi.rules"),
    /^SUBSYSTEM=="spidev", GROUP="spi"/m,
  );
  const leds = await again("leds:\n  backend: apa102\ncamera:\n  source: file:/tmp/x.jpg\n");
  assert.ok(leds.includes("char-spi") && !leds.includes("video"));
  assert.equal(await again("leds:\n  backend: auto\ncamera:\n  # source: auto\n"), "");
});
