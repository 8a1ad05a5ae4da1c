/** A folder of its own for a test, removed after it. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Cleanup {
  after(clean: () => void | Promise<void>): void;
}

/** Makes the folder; returns its path. */
export function tempFolder(test: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), "pipit-test-"));
  test.after(() => {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    } catch {
      // Something that is still to be ended writes into it, and must not be kept from its end by this.
      process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    }
  });
  return folder;
}

/** Makes a file in a folder of its own; returns its path. */
export function tempFile(test: Cleanup, name: string, content: string | Uint8Array): string {
  const path = join(tempFolder(test), name);
  writeFileSync(path, content);
  return path;
}
