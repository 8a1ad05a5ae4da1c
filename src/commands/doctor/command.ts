/**
 * `pipit doctor`: looks at everything that Pipit needs, a line for each, with what to do about it.
 *
 * Invariant: every check ends in bounded time and none ends the run; nothing of the daemon's is
 * taken away from it; no secret is shown.
 */

import { loadConfig } from "../../adapters/config/file.ts";
import { askDaemon } from "../../adapters/control/client.ts";
import { controlSocketPath } from "../../adapters/control/path.ts";
import { SystemClock } from "../../adapters/os/clock.ts";
import { FaultError, faultLine } from "../../core/fault.ts";
import {
  type CommandLine,
  type CommandSpec,
  EXIT_FAILED,
  EXIT_FINE,
  readCommandLine,
} from "../args.ts";
import { apiChecks, configChecks } from "./check-api.ts";
import { brokerChecks } from "./check-broker.ts";
import { neighbourChecks } from "./check-neighbours.ts";
import { remoteChecks } from "./check-remote.ts";
import { serverChecks } from "./check-servers.ts";
import { soundChecks } from "./check-sound.ts";
import { machineChecks } from "./check-system.ts";
import type { Context } from "./context.ts";
import { type Finding, finding, hasFailed } from "./finding.ts";
import { cameraCheck } from "./io-camera.ts";
import { serviceEnv } from "./io-read-files.ts";
import { unitFacts } from "./io-read-service.ts";
import { type Check, runCheck } from "./run-check.ts";
import { Screen } from "./screen.ts";
import type { DaemonFacts } from "./service.ts";

const DAEMON_MAX_MS = 3_000;

export const SPEC: CommandSpec = {
  name: "doctor",
  summary: "checks everything that Pipit needs and says how to fix it",
  json: true,
  config: true,
  options: {
    quick: { doc: "no network, no sound recorded or played: a second or two" },
    offline: { doc: "no network" },
    wake: { doc: "say the wake word: shows how clearly it is heard" },
    echo: { doc: "plays noise for ten seconds: shows whether your voice gets through an answer" },
    walk: { doc: "turns on each LED and waits for the button" },
    yes: { doc: "walk even without a terminal" },
  },
};

/** Exit code 0 when nothing has failed, else 1. */
export async function doctor(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const context = await contextOf(line);
  const all: Finding[] = [];
  for (const check of checksOf(context)) {
    context.screen.doing(check.name);
    const findings = await runCheck(check, context.clock);
    context.screen.found(findings);
    all.push(...findings);
  }
  const ok = !hasFailed(all);
  context.screen.end(all, ok);
  return ok ? EXIT_FINE : EXIT_FAILED;
}

async function contextOf(line: CommandLine): Promise<Context> {
  const env = serviceEnv(process.env);
  const loaded = loadConfig({ path: line.config, env, missingVariables: "default" });
  const settings = loaded.ok ? loaded.settings : null;
  const unit = unitFacts();
  const flag = (name: string): boolean => line.flag(name);
  return {
    clock: new SystemClock(),
    env,
    screen: new Screen(line.json, process.env),
    options: {
      quick: flag("quick"),
      offline: flag("offline"),
      wake: flag("wake"),
      echo: flag("echo"),
      walk: flag("walk"),
      yes: flag("yes"),
    },
    configPath: loaded.path,
    loaded,
    settings,
    daemon: await daemonFacts(
      loaded.ok ? loaded.settings["system.control_socket"] : loaded.controlSocket,
    ),
    unit: () => unit,
    api: { facts: { tag: "not-asked", why: "" }, serverMs: null, askedMs: 0 },
  };
}

function checksOf(context: Context): readonly Check[] {
  const { settings } = context;
  const own =
    settings === null
      ? [
          "key",
          "api",
          "models",
          "voice",
          "microphone",
          "speaker",
          "echo",
          "wake word",
          "pins",
          "camera",
        ].map(skipped)
      : [
          ...apiChecks(context, settings),
          ...soundChecks(context, settings),
          ...neighbourChecks(settings),
          cameraCheck(context, settings),
          ...brokerChecks(context, settings),
          ...serverChecks(context, settings),
          ...remoteChecks(context, settings),
        ];
  return [...configChecks(context), ...own, ...machineChecks(context)];
}

function skipped(name: string): Check {
  return { name, run: () => finding(name, "skip", "Needs a valid configuration") };
}

async function daemonFacts(setting: string): Promise<DaemonFacts> {
  try {
    const path = controlSocketPath(setting, process.env);
    const reply = await askDaemon(path, { command: "status" }, DAEMON_MAX_MS);
    if (reply.ok) return { tag: "running", status: reply.data };
    return { tag: "silent", why: reply.error, isThere: true };
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    const isAway = error.fault.message.startsWith("pipit is not running");
    return { tag: "silent", why: faultLine(error.fault), isThere: !isAway };
  }
}
