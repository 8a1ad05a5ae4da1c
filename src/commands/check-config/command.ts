/**
 * `pipit check-config`: reads the configuration as the daemon would, and says what is wrong.
 *
 * Invariant: no secret is shown; at most one line for each problem.
 */

import { withCredentials } from "../../adapters/config/credentials.ts";
import { loadConfig } from "../../adapters/config/file.ts";
import { publicSettings } from "../../core/settings/table.ts";
import type { CommandSpec } from "../args.ts";
import { EXIT_FINE, EXIT_USAGE, readCommandLine } from "../args.ts";

const SPEC: CommandSpec = {
  name: "check-config",
  summary: "checks the configuration and lists every problem in it",
  json: true,
  config: true,
};

/** Exit code 0 when the configuration is good, else 2. */
export async function checkConfig(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const loaded = loadConfig({ path: line.config, env: withCredentials(process.env) });
  if (line.json) {
    const { ok, path: file } = loaded;
    const rest = loaded.ok
      ? { settings: publicSettings(loaded.settings) }
      : { problems: loaded.problems, details: loaded.details };
    process.stdout.write(`${JSON.stringify({ ok, file, ...rest }, null, 2)}\n`);
  } else if (loaded.ok) {
    process.stdout.write(`${loaded.path}: ok\n`);
  } else {
    process.stderr.write(`${loaded.problems.join("\n")}\n`);
  }
  return loaded.ok ? EXIT_FINE : EXIT_USAGE;
}
