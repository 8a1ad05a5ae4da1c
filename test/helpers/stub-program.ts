/**
 * A stub made into a program that can be named like `aplay`: a script that becomes Node.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface StubProgram {
  readonly path: string;
  /** A folder for what it writes. */
  readonly folder: string;
  remove(): void;
}

/** `name`: a .mjs file of this folder. */
export function stubProgram(name: string): StubProgram {
  const folder = mkdtempSync(join(tmpdir(), "pipit-stub-"));
  const path = join(folder, "stub");
  const script = fileURLToPath(new URL(`./${name}`, import.meta.url));
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`);
  chmodSync(path, 0o755);
  return { path, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
