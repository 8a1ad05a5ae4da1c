/** Small files of the system, for questions whose answer may be "cannot be told". */

import { existsSync, readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ENVIRONMENT_FILE, withCredentials } from "../../adapters/config/credentials.ts";
import { readOrdinary } from "../../adapters/os/ordinary-file.ts";
import type { Env } from "../../core/settings/expand-env.ts";

/** No file that is asked for here is a tenth of it. */
const TEXT_MAX_BYTES = 1_048_576;

/** The text of a file, or null when it cannot be read. */
export function readText(path: string): string | null {
  try {
    return readOrdinary(path, TEXT_MAX_BYTES).toString("utf8");
  } catch {
    return null;
  }
}

export function exists(path: string): boolean {
  return existsSync(path);
}

/** The folder that `path` is in. */
export function folderOf(path: string): string {
  return dirname(path);
}

/** `path` as seen from the folder `start`; "" is where this program was started. */
export function pathFrom(start: string, path: string): string {
  return resolve(start, path);
}

/** The names in a folder; none when it cannot be read. */
export function readNames(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/**
 * The environment that the service would have, for a command typed into a shell: ours, and what the
 * service's own files add. The one place where a command looks for the service's secrets. Credentials
 * win, then our own variables. `path`: another file in tests.
 */
export function serviceEnv(own: Env, path = ENVIRONMENT_FILE): Env {
  const text = readText(path);
  return withCredentials(text === null ? own : { ...parseEnvFile(text), ...own });
}

/** `NAME=value` a line, the value perhaps in quotes; comments begin with # or ;. */
function parseEnvFile(text: string): Env {
  const pairs = text.split("\n").flatMap((line): readonly (readonly [string, string])[] => {
    const [, name, value = ""] = /^\s*([A-Za-z_]\w*)=(.*?)\s*$/.exec(line) ?? [];
    const bare = /^"(.*)"$|^'(.*)'$/.exec(value);
    return name === undefined ? [] : [[name, bare?.[1] ?? bare?.[2] ?? value]];
  });
  return Object.fromEntries(pairs);
}
