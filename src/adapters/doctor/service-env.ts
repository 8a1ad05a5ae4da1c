/**
 * The environment that the service would have, for a command typed into a shell: ours, and what the
 * service's own file adds. This is the one place where a command looks for the service's secrets.
 */

import type { Env } from "../../core/expand.ts";
import { readText } from "./read-files.ts";

/** As in the unit's EnvironmentFile; root alone may read it. */
const SERVICE_FILE = "/etc/pipit/pipit.env";

/** Our own variables win. `path`: another file in tests. */
export function serviceEnv(own: Env, path = SERVICE_FILE): Env {
  const text = readText(path);
  return text === null ? own : { ...parseEnvFile(text), ...own };
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
