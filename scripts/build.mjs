// Compiles src and test into dist, and puts beside them the files that are not TypeScript.
// Usage: node scripts/build.mjs [OUTDIR]
// It is built aside and then renamed: a build that fails or is cut short leaves the old one whole.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { helpIfAsked } from "./help.mjs";

helpIfAsked(import.meta.url);

const [wanted = "dist"] = process.argv.slice(2);
const root = fileURLToPath(new URL("..", import.meta.url));
const compiler = join(root, "node_modules/typescript/bin/tsc");
if (!existsSync(compiler) || !existsSync(join(root, "node_modules/esbuild"))) {
  console.error("the compiler is not there: npm ci --include=dev");
  process.exit(1);
}
process.umask(0o022);
const out = join(root, wanted);
const fresh = `${out}-new-${process.pid}`;

/** What builds that were cut short have left. */
function sweep() {
  const mark = new RegExp(`^${basename(out)}-(?:new|old)-(\\d+)$`);
  for (const name of readdirSync(dirname(out))) {
    const pid = Number(mark.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    rmSync(join(dirname(out), name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return error.code === "EPERM";
  }
}

sweep();
process.on("exit", () => rmSync(fresh, { recursive: true, force: true }));
const tsc = spawnSync(process.execPath, [compiler, "-p", ".", "--outDir", fresh], {
  cwd: root,
  stdio: "inherit",
});
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
for (const tree of ["src", "test"]) {
  cpSync(join(root, tree), join(fresh, tree), {
    recursive: true,
    filter: (path) => !/\.[cm]?ts$/.test(path),
  });
}
// Loaded only now, when the bundler is known to be there.
const { bundle } = await import("./bundle.mjs");
await bundle(fresh);
chmodSync(join(fresh, "src/main.js"), 0o755); // It is run by its own name, too.
const old = `${out}-old-${process.pid}`;
if (existsSync(out)) renameSync(out, old);
renameSync(fresh, out);
rmSync(old, { recursive: true, force: true });
