// Runs the compiled tests of test/appliance on the virtual appliance, one file after another, and
// prints a table of the promises: node scripts/run-appliance-tests.mjs [PART-OF-A-FILE'S-NAME ...]
// Exit codes: 0 all hold, 1 some do not, 2 no such test, 3 the rig is not there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { helpIfAsked } from "./help.mjs";

helpIfAsked(import.meta.url);

const root = fileURLToPath(new URL("..", import.meta.url));
const rig = process.env.PIPIT_RIG ?? resolve(root, "../shared/rig");

/** Nothing was tried, so nothing may look tried. */
function refuse(why) {
  console.error(`the tests on the appliance did not run: ${why}`);
  process.exit(3);
}

function needRig() {
  if (!existsSync(join(rig, "boot"))) {
    refuse(`there is no rig in ${rig}; set PIPIT_RIG to the folder that has its verbs`);
  }
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const dir = process.env.RIG_DIR ?? join(cache, "appliance-rig");
  if (!existsSync(join(dir, process.env.RIG_ARCH ?? "amd64", "image/stamp"))) {
    // A sound server without a session, and what compiles the sound card of test/appliance/hdmi-card.
    const sound = "pipewire-alsa,linux-headers-amd64/trixie-backports";
    const command = `RIG_PACKAGES=npm,build-essential,python3,libasound2-dev,polkitd,${sound} ${rig}/build`;
    refuse(`the rig has no image yet; make it once (about five minutes) with\n  ${command}`);
  }
  // Who asks the questions: without it, promises would seem broken.
  if (spawnSync("espeak-ng", ["--version"]).status !== 0) {
    refuse("espeak-ng is missing: sudo apt-get install espeak-ng");
  }
}

function wantedFiles(parts) {
  const base = join(root, "dist/test/appliance");
  const files = existsSync(base) ? readdirSync(base) : [];
  return files
    .filter((name) => name.endsWith(".test.js"))
    .filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)))
    .sort()
    .map((name) => join(base, name));
}

/** A row for each promise, in the order in which they were made; without an outcome if it was never tried. */
function rowsOf(report) {
  if (!existsSync(report)) return [];
  const rows = new Map();
  for (const line of readFileSync(report, "utf8").split("\n")) {
    if (line === "") continue;
    const row = JSON.parse(line);
    rows.set(`${row.title}: ${row.what}`, row);
  }
  return [...rows.values()];
}

function table(rows) {
  const width = Math.max(0, ...rows.map(({ what }) => what.length));
  const lines = rows.map(({ ok, what, seconds = 0, notes = [] }) => {
    const outcome = ok === undefined ? "none" : ok ? "ok  " : "FAIL";
    const row = `${outcome}  ${what.padEnd(width)}  ${String(seconds).padStart(5)} s`;
    return [row, ...notes.map((note) => `        ${note}`)].join("\n");
  });
  const held = rows.filter(({ ok }) => ok === true).length;
  const total = `${held} of ${rows.length} promises hold. Times are the emulated machine's, and no measure.`;
  return ["", ...lines, total].join("\n");
}

needRig();
const parts = process.argv.slice(2);
const files = wantedFiles(parts);
if (files.length === 0) {
  console.error(`no test on the appliance has ${parts.join(" or ")} in its name`);
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), "pipit-appliance-"));
const report = join(scratch, "rows.jsonl");
const env = {
  RIG_NAME: "pipit",
  ...process.env,
  PIPIT_RIG: rig,
  PIPIT_APPLIANCE_REPORT: report,
};
/** PIPIT_APPLIANCE_KEEP=1, for who writes these tests: the machine is left, and taken over, as it is. */
function stop() {
  if (!env.PIPIT_APPLIANCE_KEEP) spawnSync(join(rig, "stop"), ["--now"], { env, stdio: "inherit" });
}
stop();
// One machine, one processor: a file at a time. The reporter is named because Node's default depends on a terminal.
const flags = ["--enable-source-maps", "--test", "--test-concurrency=1", "--test-reporter=spec"];
const run = spawnSync("node", [...flags, ...files], { cwd: root, stdio: "inherit", env });
stop();
console.log(table(rowsOf(report)));
rmSync(scratch, { recursive: true, force: true });
process.exit(run.status ?? 1);
