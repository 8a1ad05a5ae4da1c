// Runs the compiled tests: node scripts/run-tests.mjs [OUTDIR] [PART-OF-A-NAME ...]
// test/appliance and test/bench are apart: they need the rig, or minutes.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
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
const run = spawnSync("node", ["--enable-source-maps", "--test", ...files], {
  cwd: root,
  stdio: "inherit",
});
process.exit(run.status ?? 1);
