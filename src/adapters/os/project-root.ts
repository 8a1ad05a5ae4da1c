/**
 * Where Pipit is installed: the folder with its package.json, whether it runs from `src` or `dist`.
 *
 * Invariant: found from this file's own place, never from the working directory.
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** src/adapters/os is three folders below the root, dist/src/adapters/os four. */
const LEVELS_MAX = 5;

/** The absolute path of the installed project. Throws when it is not complete. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let level = 0; level < LEVELS_MAX; level++) {
    if (existsSync(join(folder, "package.json"))) return folder;
    folder = dirname(folder);
  }
  throw new Error("Pipit's package.json is missing: the installation is not complete");
}

/** The version in package.json. */
export function projectVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot(), "package.json"), "utf8"));
  if (typeof manifest !== "object" || manifest === null || !("version" in manifest)) {
    throw new Error("Pipit's package.json has no version");
  }
  return String(manifest.version);
}
