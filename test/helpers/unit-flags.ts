/** How the service starts Node: the unit is the one place where that stands. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Compiled, this file is in dist/test/helpers.
const UNIT = fileURLToPath(new URL("../../../systemd/pipit.service", import.meta.url));

export function unitFlags(): readonly string[] {
  const flags = /^ExecStart=\S+ (.*) \S+ run$/m.exec(readFileSync(UNIT, "utf8"))?.[1];
  if (flags === undefined) throw new Error(`${UNIT}: no ExecStart with flags and "run"`);
  return flags.split(" ");
}

/** The variables of the C library's allocator. */
export function unitMemory(): NodeJS.ProcessEnv {
  const lines = readFileSync(UNIT, "utf8").matchAll(/^Environment=(MALLOC_\w+)=(\d+)$/gm);
  const variables = [...lines].map(([, name, value]) => [name ?? "", value ?? ""]);
  if (variables.length === 0) throw new Error(`${UNIT}: nothing about memory`);
  return Object.fromEntries(variables);
}
