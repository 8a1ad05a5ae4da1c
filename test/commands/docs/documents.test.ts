/** Every document that is made from the code's tables is up to date, and fit for its reader. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../../src/adapters/os/project-root.ts";
import { wiringSvg } from "../../../src/commands/docs/wiring.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";
import { MAIN } from "../../helpers/pipit.ts";

const ROOT = projectRoot();
const README_LINES_MAX = 150;

function checkedIn(name: string): string {
  return readFileSync(join(ROOT, name), "utf8");
}

test("no document is older than the table that it is made from", () => {
  const outDir = join(dirname(MAIN), "..").slice(ROOT.length + 1);
  const args = [join(ROOT, "scripts/make-docs.mjs"), outDir, "--check"];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
});

test("the manual has every command of the help, and nothing that troff would take for its own", () => {
  const help = spawnSync(process.execPath, [MAIN, "--help"], { encoding: "utf8" }).stdout;
  const names = [...help.matchAll(/^ {2}([a-z-]+) {2}/gm)].map(([, name = ""]) => name);
  assert.ok(names.length > 10, help);
  const manual = checkedIn("systemd/pipit.1");
  for (const name of names.filter((each) => each !== "post-stop")) {
    assert.ok(manual.includes(`.SS pipit ${name.replaceAll("-", "\\-")}`), name);
  }
  for (const line of manual.split("\n").filter((each) => /^[.']/.test(each))) {
    assert.match(line, /^\.(\\"|TH|SH|SS|TP|B)/, line);
  }
});

/** What bash offers after these words; the last one is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pipit
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ["-c", script, "bash", join(ROOT, "systemd/pipit.bash"), ...words];
  const { stdout, stderr } = spawnSync("bash", args, { encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout.split("\n").filter((word) => word !== "");
}

test("bash completes commands, options, words and paths", () => {
  assert.deepEqual(offered("pipit", "stat"), ["status"]);
  assert.deepEqual(offered("pipit", "status", "--wa"), ["--watch"]);
  assert.deepEqual(offered("pipit", "mute", "o").toSorted(), ["off", "on"]);
  assert.ok(offered("pipit", "metrics", "--dir", join(ROOT, "con")).includes(join(ROOT, "config")));
  assert.ok(offered("pipit", "check-config", join(ROOT, "pack")).length >= 2);
  assert.deepEqual(offered("pipit", "metrics", "--since", ""), []);
});

test("the wiring is drawn for the pins of the settings", () => {
  assert.equal(checkedIn("config/wiring.svg"), wiringSvg(DEFAULTS));
  const other = wiringSvg({ ...DEFAULTS, "button.pin": 5 });
  assert.match(other, /pin 29 · GPIO 5</);
  assert.notEqual(other, wiringSvg(DEFAULTS));
});

test("README is a front door: short, and every link of it leads somewhere", () => {
  const readme = checkedIn("README.md");
  assert.ok(readme.split("\n").length <= README_LINES_MAX);
  const links = [...readme.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, to = ""]) => to);
  assert.ok(links.length > 8);
  for (const to of links.filter((each) => !each.startsWith("http"))) {
    assert.ok(existsSync(join(ROOT, to)), to);
  }
});

test("each of the five walks of CONTRIBUTING leads through five files at the most, and all are there", () => {
  const house = checkedIn("CONTRIBUTING.md");
  const walks = house.slice(house.indexOf("## Five walks"), house.indexOf("## The machines"));
  const steps = walks.split(/^\d\. /m).slice(1);
  assert.equal(steps.length, 5);
  for (const step of steps) {
    const files = [...step.matchAll(/`((?:src|config)\/[\w./-]+)`/g)].map(([, file = ""]) => file);
    assert.ok(files.length > 1 && files.length <= 5, step);
    for (const file of files) assert.doesNotThrow(() => checkedIn(file), file);
  }
});
