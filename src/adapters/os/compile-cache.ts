/**
 * Node's cache of compiled code, where Node has one (22.1 and later): a Pi starts a second sooner.
 *
 * Invariants: only the service keeps one, in its state folder; of one release only, so that it does
 * not grow with each upgrade; without it everything runs as well.
 */

import { readdirSync, rmSync } from "node:fs";
import * as nodeModule from "node:module";
import { join } from "node:path";
import { makeFoldersNow } from "./files.ts";

const FOLDER = "compile-cache";
const FOLDER_MODE = 0o750;

/** `stateDir`: $STATE_DIRECTORY; nothing is kept without one. `version`: of this release. */
export function keepCompiledCode(
  stateDir: string | undefined,
  version: string,
  from: object = nodeModule,
): void {
  const enable = "enableCompileCache" in from ? from.enableCompileCache : null;
  if (stateDir === undefined || stateDir === "" || typeof enable !== "function") return;
  try {
    const all = join(stateDir, FOLDER);
    makeFoldersNow(join(all, version), FOLDER_MODE);
    for (const name of readdirSync(all)) {
      if (name !== version) rmSync(join(all, name), { recursive: true, force: true });
    }
    enable(join(all, version));
  } catch {
    // A full or read-only disk: it compiles as it did before.
  }
}
