// Compiles src and test into dist, and puts beside them the files that are not TypeScript.
// Usage: node scripts/build.mjs [OUTDIR]
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const outDir = process.argv[2] ?? "dist";
rmSync(`${root}${outDir}`, { recursive: true, force: true });
const tsc = spawnSync("node", ["node_modules/typescript/bin/tsc", "-p", ".", "--outDir", outDir], {
  cwd: root,
  stdio: "inherit",
});
for (const tree of ["src", "test"]) {
  cpSync(`${root}${tree}`, `${root}${outDir}/${tree}`, {
    recursive: true,
    filter: (path) => !/\.[cm]?ts$/.test(path),
  });
}
chmodSync(`${root}${outDir}/src/main.js`, 0o755); // It is run by its own name, too.
process.exit(tsc.status ?? 1);
