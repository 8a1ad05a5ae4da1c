// Runs the compiled tests: node scripts/run-tests.mjs [OUTDIR] [PART-OF-A-NAME ...]
// test/appliance and test/bench are apart: they need the rig, or minutes.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { helpIfAsked } from "./help.mjs";

helpIfAsked(import.meta.url);

const root = fileURLToPath(new URL("..", import.meta.url));
const [outDir = "dist", ...wanted] = process.argv.slice(2);
const base = join(root, outDir, "test");
const files = readdirSync(base, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".test.js") && !name.startsWith("appliance"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort()
  .map((name) => join(base, name));
if (files.length === 0) {
  // Without a file, node --test would look for itself, and find the bench.
  console.error(`no test has ${wanted.join(" or ")} in its name`);
  process.exit(2);
}
// Tests say here which traps of the API they have shown to be impossible (test/helpers/traps.ts).
const traps = mkdtempSync(join(tmpdir(), "pipit-traps-"));
/** Ten times what the longest test takes: one that hangs is a failure, not a suite that never ends. */
const TEST_MAX_MS = 1_200_000;
const flags = ["--enable-source-maps", "--test", `--test-timeout=${TEST_MAX_MS}`];
const run = spawnSync("node", [...flags, ...files], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, PIPIT_TRAPS: traps },
});
const shown = new Set(readdirSync(traps));
rmSync(traps, { recursive: true, force: true });
let status = run.status ?? 1;
if (wanted.length === 0) {
  const { TRAPS } = await import(join(base, "helpers/traps.js"));
  const missing = Object.entries(TRAPS).filter(([number]) => !shown.has(number));
  for (const [number, trap] of missing)
    console.error(`trap ${number} (${trap}): no test has shown it`);
  if (missing.length > 0) status = 1;
}
process.exit(status);
