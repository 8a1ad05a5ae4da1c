/** `pipit run`: the appliance, until SIGTERM or SIGINT; SIGHUP reads the configuration again. */

import { loadConfig } from "../adapters/config-file.ts";
import type { LineJournal } from "../adapters/journal.ts";
import type { Appliance } from "../app/appliance.ts";
import { compose, composeJournal } from "../compose.ts";
import { planReload, reloadLines } from "../core/reload.ts";
import { type Settings, secretValues } from "../core/settings.ts";
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
  let settings = loaded.settings;
  const journal = composeJournal(settings, process.env);
  const appliance = compose(() => settings, process.env, journal);
  const told = signalled();
  let stopping = false;
  // Under a terminal, the signal says that it was closed.
  const onTerminal = process.stdin.isTTY === true;
  const onHangUp = (): void => {
    if (onTerminal) process.kill(process.pid, "SIGTERM");
    else if (!stopping) settings = reload(loaded.path, settings, journal, appliance);
  };
  process.on("SIGHUP", onHangUp);
  try {
    await appliance.start();
    journal.log("info", `Stopping: ${await told}`);
  } finally {
    stopping = true;
    await appliance.stop();
    process.off("SIGHUP", onHangUp);
  }
  return 0;
}

/** The settings in force from now on. A file with any problem changes nothing. */
function reload(
  path: string,
  before: Settings,
  journal: LineJournal,
  appliance: Appliance,
): Settings {
  const loaded = loadConfig({ path, env: process.env });
  if (!loaded.ok) {
    for (const problem of loaded.problems) journal.log("error", problem);
    journal.log("error", "The configuration was not reloaded; the old one stays in force");
    return before;
  }
  const plan = planReload(before, loaded.settings);
  for (const line of reloadLines(plan)) journal.log("notice", `Configuration reloaded: ${line}`);
  journal.setLevel(plan.settings["system.log_level"]);
  journal.setSecrets([...secretValues(before), ...secretValues(plan.settings)]);
  appliance.reloaded(plan.settings);
  return plan.settings;
}

/** Resolves with the name of the first signal; the second one has its usual, deadly, effect. */
function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, resolve);
  });
}
