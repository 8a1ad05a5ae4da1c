/**
 * The environment that the service would have, for a command typed into a shell: ours, and what the
 * service's own files add. This is the one place where a command looks for the service's secrets.
 */

import { ENVIRONMENT_FILE, withCredentials } from "../../adapters/config/credentials.ts";
import type { Env } from "../../core/settings/expand-env.ts";
import { readText } from "./io-read-files.ts";

/** Credentials win, then our own variables. `path`: another file in tests. */
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
