/** Small files of the system, for questions whose answer may be "cannot be told". */

import { readdirSync, readFileSync } from "node:fs";

/** The text of a file, or null when it cannot be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** The names in a folder; none when it cannot be read. */
export function readNames(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
