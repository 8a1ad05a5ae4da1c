/** Which recordings are meant: files as they are named, and the WAV files of folders. */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { unreadable } from "../../adapters/os/wav-file.ts";
import { FaultError, fault } from "../../core/fault.ts";

/** More than anybody has of one word. */
const FILES_MAX = 100_000;

/** The paths, in order; folders with all that is below them. Throws a FaultError (config). */
export function recordingsIn(paths: readonly string[]): readonly string[] {
  const found = paths.flatMap((path) => {
    try {
      return statSync(path).isDirectory() ? wavFilesBelow(path) : [path];
    } catch (thrown) {
      throw unreadable(path, thrown, "Give the path of a WAV file, or of a folder of them");
    }
  });
  if (found.length > FILES_MAX) {
    throw new FaultError(fault("config", "report", `More than ${FILES_MAX} recordings`));
  }
  if (found.length > 0) return found;
  throw new FaultError(fault("config", "report", `No WAV file in ${paths.join(", ")}`));
}

function wavFilesBelow(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /\.wav$/i.test(name))
    .sort()
    .map((name) => join(folder, name));
}
