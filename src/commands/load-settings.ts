/** Settings for a subcommand, or every problem on stderr and the exit code. */

import type { LoadedConfig, LoadOptions } from "../adapters/config/file.ts";
import { loadConfig } from "../adapters/config/file.ts";
import { EXIT_USAGE } from "./args.ts";
import { complain } from "./complain.ts";

/**
 * Loads the configuration; a number is the exit code, and the problems have been printed, after
 * `onRefused` was told of them.
 */
export function loadSettings(
  options: LoadOptions,
  onRefused: (problems: readonly string[]) => void = () => {},
): Extract<LoadedConfig, { ok: true }> | number {
  const loaded = loadConfig(options);
  if (loaded.ok) return loaded;
  onRefused(loaded.problems);
  for (const problem of loaded.problems) complain(problem);
  return EXIT_USAGE;
}
