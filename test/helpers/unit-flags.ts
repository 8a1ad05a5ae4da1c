/** Node's flags as the service has them: the unit is the one place where they stand. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Compiled, this file is in dist/test/helpers.
const UNIT = fileURLToPath(new URL("../../../systemd/pipit.service", import.meta.url));

export function unitFlags(): readonly string[] {
  const flags = /^ExecStart=\S+ (.*) \S+ run$/m.exec(readFileSync(UNIT, "utf8"))?.[1];
  if (flags === undefined) throw new Error(`${UNIT}: no ExecStart with flags and "run"`);
  return flags.split(" ");
}
