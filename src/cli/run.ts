/** `pipit run`: the appliance, until SIGTERM or SIGINT. */

import { compose, composeJournal } from "../compose.ts";
import { readCommandLine } from "./args.ts";
import { loadSettings } from "./load-settings.ts";

/** Runs until it is told to stop; returns the exit code. A second signal ends it at once. */
export async function run(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(
    { name: "run", summary: "Runs the appliance, until SIGTERM or SIGINT.", config: true },
    argv,
  );
  if (typeof line === "number") return line;
  const loaded = loadSettings({ path: line.config, env: process.env });
  if (typeof loaded === "number") return loaded;
  const { settings } = loaded;
  const journal = composeJournal(settings, process.env);
  const appliance = compose(settings, process.env, journal);
  const told = signalled();
  try {
    await appliance.start();
    journal.log("info", `Stopping: ${await told}`);
  } finally {
    await appliance.stop();
  }
  return 0;
}

/** Resolves with the name of the first signal; the second one has its usual, deadly, effect. */
function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, resolve);
  });
}
