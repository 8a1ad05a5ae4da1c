/** What scripts and builds depend on, they fix: language, npm's settings, locks, bytes, half builds. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Ended, outputOf } from "../helpers/pipit.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

// Compiled, this file is in dist/test/scripts.
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Runs lines of bash behind setup.sh, with stand-ins in front of the system's programs. */
function sourced(
  t: TestContext,
  lines: string,
  standIns: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const folder = tempFolder(t);
  for (const [name, text] of Object.entries(standIns)) {
    writeFileSync(join(folder, name), `#!/bin/bash\nF=${folder}\n${text}\n`, { mode: 0o755 });
  }
  const command = `. ${ROOT}scripts/setup.sh\n${lines}`;
  const child = spawn("/bin/bash", ["-c", command], {
    env: { PATH: `${folder}:${SYSTEM_PATH}`, HOME: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  return outputOf(child);
}

/** dpkg does not know the package. */
const NOTHING_INSTALLED = { "dpkg-query": "exit 1", id: "echo 0" };
const HELD =
  "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)";

test("apt lock held: waited for, reported once", async (t) => {
  const { code, stderr } = await sourced(
    t,
    "need_packages sox",
    {
      ...NOTHING_INSTALLED,
      "apt-get": `echo "$@" >>$F/calls; [ $(wc -l <$F/calls) -gt 4 ] || { echo "${HELD}" >&2; exit 100; }`,
    },
    { PIPIT_APT_EVERY_S: "0" },
  );
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/waiting for another program/g)?.length, 1);
  assert.match(stderr, /held by process 812 \(unattended-upgr\)/);
});

test("apt lock held for ever: time-out, with the remedy", async (t) => {
  const { code, stderr } = await sourced(
    t,
    "need_packages sox",
    {
      ...NOTHING_INSTALLED,
      "apt-get": 'echo "E: Unable to lock directory /var/lib/apt/lists/" >&2; exit 100',
    },
    { PIPIT_APT_EVERY_S: "0", PIPIT_APT_WAIT_S: "0" },
  );
  assert.equal(code, 1);
  assert.match(stderr, /run this again/);
  assert.match(stderr, /could not install: sox/);
});

test("another failure of apt is reported at once, in apt's words", async (t) => {
  const { code, stderr } = await sourced(t, "need_packages sox", {
    ...NOTHING_INSTALLED,
    "apt-get": '[[ $* != *install* ]] || { echo "E: Unable to locate package sox" >&2; exit 100; }',
  });
  assert.equal(code, 1);
  assert.match(stderr, /Unable to locate package sox/);
  assert.doesNotMatch(stderr, /waiting/);
});

test("npm's settings of the owner decide where packages come from, and nothing else", async (t) => {
  const { stdout, stderr } = await sourced(
    t,
    "npm_ci; env | sort",
    { npm: 'echo "ARGS $*"' },
    {
      NODE_ENV: "production",
      NODE_OPTIONS: "--require /nowhere.js",
      npm_config_omit: "dev optional",
      NPM_CONFIG_PRODUCTION: "true",
      npm_config_ignore_scripts: "true",
      npm_config_registry: "https://packages.example.test/",
      CDPATH: "/tmp",
    },
  );
  assert.match(
    stdout,
    /^ARGS ci .*--include=dev --include=optional .*--ignore-scripts=false/m,
    stderr,
  );
  assert.doesNotMatch(
    stdout,
    /^(NODE_ENV|NODE_OPTIONS|CDPATH|npm_config_omit|NPM_CONFIG_PRODUCTION|npm_config_ignore_scripts)=/m,
  );
  assert.match(stdout, /^npm_config_registry=/m);
});

test("a range of letters is the same in every language; the owner's own comes back at the end", async (t) => {
  const lines = [
    'RELEASES=/nowhere; die() { echo "$@"; exit 1; }',
    ". scripts/service.sh",
    "export_line OPENAI_API_KEY=sk-x; echo key=$OPENAI_API_KEY",
    'in_owners_locale bash -c "echo locale=$LC_ALL/\\$LC_ALL"',
  ].join("\n");
  for (const LC_ALL of ["C", "tr_TR.UTF-8", "de_DE.UTF-8"]) {
    const { stdout, stderr } = await sourced(t, lines, {}, { LC_ALL });
    assert.match(stdout, /^key=sk-x$/m, stderr);
    assert.ok(stdout.includes(`locale=C/${LC_ALL}`), stdout);
  }
});

test("modules without their compiler are not whole", async (t) => {
  const folder = tempFolder(t);
  const lock = {
    packages: {
      "": {},
      "node_modules/typescript": { dev: true },
      "node_modules/speaker": { optional: true },
      "node_modules/ws": {},
    },
  };
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify(lock));
  const put = (name: string): void => {
    mkdirSync(join(folder, "node_modules", name), { recursive: true });
    writeFileSync(join(folder, "node_modules", name, "package.json"), "{}");
  };
  const whole = async (): Promise<number | null> => {
    const { code } = await sourced(t, `cd ${folder}; modules_are_whole`, {
      node: `exec ${process.execPath} "$@"`,
    });
    return code;
  };
  put("ws");
  assert.equal(await whole(), 1);
  put("typescript");
  assert.equal(await whole(), 0);
});

test("Node.js of one user's own is named, where sudo does not see it", async (t) => {
  const home = tempFolder(t);
  const bin = join(home, ".nvm/versions/node/v24.1.0/bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "node"), "");
  // No node in this PATH.
  const few = tempFolder(t);
  for (const name of ["cut", "find", "sort", "tail", "id", "grep", "sed", "dirname"]) {
    symlinkSync(spawnSync("which", [name], { encoding: "utf8" }).stdout.trim(), join(few, name));
  }
  writeFileSync(join(few, "getent"), `#!/bin/bash\necho anna:x:1000:1000::${home}:/bin/bash\n`, {
    mode: 0o755,
  });
  const { code, stderr } = await sourced(t, "need_node", {}, { PATH: few, SUDO_USER: "anna" });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /Node\.js is there for anna alone \(.*v24\.1\.0\/bin\/node\): sudo and the service do not see it/,
  );
});

test("a build that is cut short, or fails, leaves the old one whole", (t) => {
  const tree = tempFolder(t);
  mkdirSync(join(tree, "scripts"));
  for (const name of ["build.mjs", "bundle.mjs", "help.mjs"]) {
    writeFileSync(join(tree, "scripts", name), readFileSync(join(ROOT, "scripts", name)));
  }
  for (const name of ["src", "test", "dist"]) mkdirSync(join(tree, name));
  writeFileSync(join(tree, "dist", "whole"), "");
  const build = () =>
    spawnSync(process.execPath, [join(tree, "scripts/build.mjs")], { encoding: "utf8" });
  const without = build();
  assert.equal(without.status, 1);
  assert.equal(without.stderr, "the compiler is not there: npm ci --include=dev\n");
  writeFileSync(join(tree, "package.json"), "{}");
  const bundler = join(tree, "node_modules/esbuild");
  mkdirSync(bundler, { recursive: true });
  writeFileSync(join(bundler, "index.js"), "exports.build = async () => undefined;");
  const compiler = join(tree, "node_modules/typescript/bin/tsc");
  mkdirSync(join(compiler, ".."), { recursive: true });
  writeFileSync(compiler, 'process.kill(process.ppid, "SIGKILL");');
  assert.equal(build().signal, "SIGKILL");
  writeFileSync(compiler, "process.exit(2);");
  assert.equal(build().status, 2);
  assert.deepEqual(readdirSync(join(tree, "dist")), ["whole"]);
  writeFileSync(
    compiler,
    `const { mkdirSync, writeFileSync } = require("node:fs");
     const out = process.argv.at(-1);
     for (const place of ["adapters/programs", "adapters/speaker", "adapters/wake"])
       mkdirSync(out + "/src/" + place, { recursive: true });
     writeFileSync(out + "/src/main.js", "");`,
  );
  assert.equal(build().status, 0);
  assert.ok(existsSync(join(tree, "dist/src/main.js")));
  assert.deepEqual(
    readdirSync(tree).filter((name) => name.startsWith("dist")),
    ["dist"],
  );
  rmSync(tree, { recursive: true });
});

test("every script has --help, and does nothing else then", () => {
  for (const name of readdirSync(join(ROOT, "scripts"))) {
    if (/\.sh$|^(?:help|bundle)\.mjs$/.test(name)) continue; // read by the others
    const path = join(ROOT, "scripts", name);
    const program = name.endsWith(".mjs") ? process.execPath : "bash";
    const { status, stdout, stderr } = spawnSync(program, [path, "--help"], {
      encoding: "utf8",
      timeout: 20_000,
    });
    assert.equal(status, 0, `${name}: ${stderr}`);
    assert.ok(stdout.length > 60, `${name}: ${stdout}`);
  }
});

test("a checkout made on Windows has the same bytes", (t) => {
  const folder = join(tempFolder(t), "clone");
  const git = (...args: readonly string[]) => spawnSync("git", args, { encoding: "utf8" });
  if (git("-C", ROOT, "rev-parse", "--git-dir").status !== 0) {
    t.skip("no git checkout");
    return;
  }
  const cloned = git(
    "clone",
    "-q",
    "--depth=1",
    "-c",
    "core.autocrlf=true",
    `file://${ROOT}`,
    folder,
  );
  assert.equal(cloned.status, 0, cloned.stderr);
  const { stdout } = git("-C", folder, "ls-files", "--eol");
  // What is so in the repository is meant so (RFC 4180).
  const changed = stdout.split("\n").filter((line) => /^i\/lf\s+w\/(crlf|mixed)\b/.test(line));
  assert.deepEqual(changed, []);
});
