/**
 * `pipit run`: the appliance, until SIGTERM or SIGINT. A saved configuration is read by itself, on
 * SIGHUP at once.
 */

import { exposedSecrets, hideSecrets, withCredentials } from "../../adapters/config/credentials.ts";
import { type LoadedConfig, loadConfig } from "../../adapters/config/file.ts";
import { SystemClock } from "../../adapters/os/clock.ts";
import { environmentNotes } from "../../adapters/os/environment.ts";
import { localTime } from "../../adapters/os/local-time.ts";
import type { ExitRecord } from "../../adapters/systemd/exit-record.ts";
import type { LineJournal } from "../../adapters/systemd/journal.ts";
import type { Appliance } from "../../app/appliance.ts";
import type { Reloader } from "../../app/reloader.ts";
import { compose, composeExitRecord, composeJournal, composeReloader } from "../../compose.ts";
import { FaultError, faultLine } from "../../core/fault.ts";
import type { Env } from "../../core/settings/expand-env.ts";
import { lossesOf } from "../../core/settings/loss.ts";
import { type Settings, secretValues } from "../../core/settings/table.ts";
import { type CommandSpec, readCommandLine } from "../args.ts";
import { loadSettings } from "../load-settings.ts";
import { learnFrom, secrets } from "../outward.ts";

type Loaded = Extract<LoadedConfig, { ok: true }>;

export const SPEC: CommandSpec = {
  name: "run",
  summary: "Runs the appliance, until SIGTERM or SIGINT.",
  config: true,
};

/** Runs until it is told to stop; returns the exit code. A second signal ends it at once. */
export async function run(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const env = withCredentials(process.env);
  learnFrom(env);
  const record = composeExitRecord(env, secrets);
  const loaded = loadSettings({ path: line.config, env }, ([first = "", ...more]) =>
    record.lastWord("config", more.length === 0 ? first : `${first} (and ${more.length} more)`),
  );
  if (typeof loaded === "number") return loaded;
  hideSecrets(process.env, secretValues(loaded.settings));
  return await rememberingWhy(record, () => runWith(loaded, env, record));
}

/** What ends the run by an error is remembered for the next one. */
async function rememberingWhy(record: ExitRecord, work: () => Promise<number>): Promise<number> {
  const remember = (error: unknown): void => {
    if (!(error instanceof FaultError)) {
      const [first = ""] = String(error).split("\n");
      record.lastWord("bug", first);
    } else {
      const word = error.fault.code === "config" ? "config" : "fault";
      record.lastWord(word, faultLine(error.fault));
    }
  };
  process.on("uncaughtExceptionMonitor", remember);
  try {
    return await work();
  } catch (error) {
    remember(error);
    throw error;
  } finally {
    process.off("uncaughtExceptionMonitor", remember);
  }
}

async function runWith(loaded: Loaded, env: Env, record: ExitRecord): Promise<number> {
  let settings = loaded.settings;
  const journal = composeJournal(settings, env, secrets);
  greet(journal, record, loaded);
  localTime.onChange((zone) => {
    const what = "quiet hours, alarms and the day of the budget follow it";
    journal.log("notice", `The time zone of this machine is now ${zone}: ${what}`);
  });
  localTime.giveHome();
  const endWatch = localTime.watch(new SystemClock());
  const appliance = compose(() => settings, env, journal, { lastExit: record.text, secrets });
  const reloader = composeReloader(loaded.path, {
    journal: journal.answers,
    status: appliance.statusLine,
    read: () => loadConfig({ path: loaded.path, env }),
    settings: () => settings,
    digest: loaded.digest,
    written: loaded.written,
    apply: (plan) => {
      settings = plan.settings;
      inForce(settings, journal, appliance);
    },
  });
  try {
    await runUntilSignal(appliance, reloader, journal, () => record.begin(loaded.written));
  } finally {
    endWatch();
    journal.close();
  }
  return 0;
}

async function runUntilSignal(
  appliance: Appliance,
  reloader: Reloader,
  journal: LineJournal,
  remember: () => Promise<void>,
): Promise<void> {
  const signal = signalled();
  // Under a terminal, the signal says that it was closed.
  const onTerminal = process.stdin.isTTY === true;
  const onHangUp = (): void => {
    if (onTerminal) process.kill(process.pid, "SIGTERM");
    else reloader.now();
  };
  process.on("SIGHUP", onHangUp);
  try {
    void remember(); // it never rejects
    await appliance.start();
    reloader.start();
    journal.log("info", `Stopping: ${await signal}`);
  } finally {
    await reloader.close();
    await appliance.stop();
    process.off("SIGHUP", onHangUp);
  }
}

/** How the last run ended, what the configuration has lost since, what is careless about secrets. */
function greet(journal: LineJournal, record: ExitRecord, { path, written, isBlank }: Loaded): void {
  const { news } = record;
  if (news !== null) journal.log(news.level, news.line);
  const losses = lossesOf(record.written, written);
  const since = "since the last run; everything that is not written is at its default";
  for (const loss of losses) journal.log("error", `${path}: ${loss} (${since})`);
  if (isBlank && losses.length === 0) {
    journal.log("warning", `${path} is empty: every setting is at its default, without a budget`);
  }
  for (const line of environmentNotes()) journal.log("warning", line);
  for (const line of exposedSecrets()) journal.log("warning", line);
}

function inForce(settings: Settings, journal: LineJournal, appliance: Appliance): void {
  journal.setLevel(settings["system.log_level"]);
  secrets.learn(secretValues(settings));
  appliance.reloaded(settings);
}

/** Resolves with the name of the first signal; the second one has its usual, deadly, effect. */
function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) process.once(signal, resolve);
  });
}
