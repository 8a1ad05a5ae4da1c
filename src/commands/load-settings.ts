/** Settings for a subcommand, or every problem on stderr and the exit code. */

import { withCredentials } from "../adapters/config/credentials.ts";
import {
  type LoadedConfig,
  type LoadOptions,
  loadConfig,
  otherConfigHere,
} from "../adapters/config/file.ts";
import { DEFAULTS, type Settings, secretValues } from "../core/settings/table.ts";
import { EXIT_USAGE, reportError } from "./args.ts";
import { secrets } from "./outward.ts";

/**
 * Loads the configuration; a number is the exit code, and the problems have been printed, after
 * `onRefused` was told of them.
 */
export function loadSettings(
  options: LoadOptions,
  onRefused: (problems: readonly string[]) => void = () => {},
): Extract<LoadedConfig, { ok: true }> | number {
  const loaded = loadConfig(options);
  secrets.learn(loaded.ok ? secretValues(loaded.settings) : []);
  if (loaded.ok) return loaded;
  onRefused(loaded.problems);
  for (const problem of loaded.problems) reportError(problem);
  return EXIT_USAGE;
}

/** What the file says, or the defaults where it cannot be read: for a command that must not fail. */
export function settingsOrDefaults(path: string | undefined): Settings {
  const env = withCredentials(process.env);
  const loaded = loadConfig({ path, env, missingVariables: "default", rules: false });
  return loaded.ok ? loaded.settings : DEFAULTS;
}

/** Where no file was named: a line on stderr when another one stands where the command was started. */
export function warnOfOtherConfig(
  command: string,
  named: string | undefined,
  chosen: string,
): void {
  if (named !== undefined || (process.env["PIPIT_CONFIG"] ?? "") !== "") return;
  const other = otherConfigHere(chosen);
  if (other === null) return;
  const line = `note: this is about ${chosen}; for ${other}: pipit ${command} ${other}`;
  process.stderr.write(`pipit ${command}: ${line}\n`);
}
