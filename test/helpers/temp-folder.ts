/** A folder of its own for a test, removed after it. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Makes the folder; returns its path. */
export function tempFolder(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "pipit-test-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes a file in a folder of its own; returns its path. */
export function tempFile(test: TestContext, name: string, content: string | Uint8Array): string {
  const path = join(tempFolder(test), name);
  writeFileSync(path, content);
  return path;
}
