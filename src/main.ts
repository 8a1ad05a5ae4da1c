#!/usr/bin/env -S node --max-semi-space-size=2
/**
 * Entry: the first argument names the subcommand, which is loaded only then; its result is the exit
 * code (0 fine, 1 failed, 2 bad usage or configuration).
 *
 * Invariants: expected trouble ends in one line; a stack trace means a bug. After the work is done, the
 * process is gone within LINGER_MAX_MS.
 */

import { inspect } from "node:util";
import { keepCompiledCode } from "./adapters/os/compile-cache.ts";
import { endAtOnce } from "./adapters/os/end-at-once.ts";
import { settleEnvironment } from "./adapters/os/environment.ts";
import { errorCode } from "./adapters/os/files.ts";
import { killLeftBehind } from "./adapters/os/left-behind.ts";
import { projectVersion } from "./adapters/os/project-root.ts";
import { keepInspectorShut } from "./adapters/os/quiet-inspector.ts";
import { inSources } from "./adapters/os/source-stack.ts";
import { EXIT_FAILED, EXIT_FINE, EXIT_USAGE, reportError, usageError } from "./commands/args.ts";
import { terminalColumns, wrapped } from "./commands/columns.ts";
import { guard, learnFrom } from "./commands/outward.ts";
import { FaultError, faultLine } from "./core/fault.ts";
import { record } from "./core/json.ts";
import { didYouMean } from "./core/suggest.ts";

interface Command {
  readonly summary: string;
  readonly start: (argv: readonly string[]) => Promise<number>;
}

const control = (command: "status" | "wake" | "stop" | "mute") => async (argv: readonly string[]) =>
  (await import("./commands/control/command.ts")).control(command, argv);

const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    summary: "runs the appliance (what systemd starts)",
    start: async (argv) => (await import("./commands/run/command.ts")).run(argv),
  },
  "check-config": {
    summary: "checks the configuration and lists every problem in it",
    start: async (argv) => (await import("./commands/check-config/command.ts")).checkConfig(argv),
  },
  "migrate-config": {
    summary: "converts an older configuration, or switches to another model",
    start: async (argv) => (await import("./commands/migrate/command.ts")).migrateConfig(argv),
  },
  status: { summary: "shows the state of the running appliance", start: control("status") },
  wake: { summary: "starts a conversation, like the wake word", start: control("wake") },
  stop: { summary: "ends the conversation and stops the answer", start: control("stop") },
  mute: {
    summary: "mute [on|off|toggle]: closes or opens the microphone, or shows which",
    start: control("mute"),
  },
  timers: {
    summary: "lists, sets and cancels timers and alarms",
    start: async (argv) => (await import("./commands/timers/command.ts")).timers(argv),
  },
  volume: {
    summary: "volume N|+|-: shows or sets the volume of the answers",
    start: async (argv) => (await import("./commands/volume/command.ts")).volume(argv),
  },
  say: {
    summary: "says a text aloud, as soon as nobody is talking",
    start: async (argv) => (await import("./commands/say/command.ts")).say(argv),
  },
  tools: {
    summary: "lists the functions that the model may call, and tries one",
    start: async (argv) => (await import("./commands/tools/command.ts")).tools(argv),
  },
  memory: {
    summary: "shows and edits what Pipit was asked to remember",
    start: async (argv) => (await import("./commands/memory/command.ts")).memory(argv),
  },
  doctor: {
    summary: "checks everything that Pipit needs and says how to fix it",
    start: async (argv) => (await import("./commands/doctor/command.ts")).doctor(argv),
  },
  devices: {
    summary: "lists microphones and loudspeakers, by stable names",
    start: async (argv) => (await import("./commands/devices/command.ts")).devices(argv),
  },

  "wake-words": {
    summary: "lists, installs and tries wake words, and scores recordings",
    start: async (argv) => (await import("./commands/wake-words/command.ts")).wakeWords(argv),
  },
  cost: {
    summary: "what a number of tokens a day costs, before and after a change of model",
    start: async (argv) => (await import("./commands/cost/command.ts")).cost(argv),
  },
  metrics: {
    summary: "shows what was recorded: latency, cost, function calls, tokens",
    start: async (argv) => (await import("./commands/metrics/command.ts")).metrics(argv),
  },
  "leds-off": {
    summary: "turns the LEDs off, after a crash",
    start: async (argv) => (await import("./commands/leds-off/command.ts")).ledsOff(argv),
  },
  "post-stop": {
    summary: "turns the LEDs off and records how the run ended (called by systemd)",
    start: async (argv) => (await import("./commands/post-stop/command.ts")).postStop(argv),
  },
  simulate: {
    summary: "runs a simulated Realtime API",
    start: async (argv) => (await import("./commands/simulate/command.ts")).simulate(argv),
  },
  demo: {
    summary: "holds one conversation on this machine and shows it",
    start: async (argv) => (await import("./commands/demo/command.ts")).demo(argv),
  },
};

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const rows = Object.entries(COMMANDS).map(
    ([name, { summary }]) =>
      `  ${name.padEnd(width)}  ${wrapped(summary, terminalColumns(), width + 4)}`,
  );
  return [
    "pipit: a voice appliance for the Raspberry Pi",
    "",
    "Usage: pipit COMMAND [options]",
    "",
    ...rows,
    "",
    "pipit COMMAND --help describes a command; pipit -v prints the version.",
    "",
  ].join("\n");
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    process.stderr.write(help());
    return EXIT_USAGE;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(help());
    return EXIT_FINE;
  }
  if (name === "--version" || name === "-V" || name === "-v") {
    process.stdout.write(`${projectVersion()}\n`);
    return EXIT_FINE;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command.start(rest);
  const kind = name.startsWith("-") ? "option" : "command";
  return usageError("", `unknown ${kind} "${name}"${didYouMean(name, Object.keys(COMMANDS))}`);
}

/** What the machine had too little of, whatever was being done with it. */
const SHORTAGES: Readonly<Record<string, string>> = {
  EMFILE:
    "Too few open files are allowed here. Raise the limit: ulimit -n 1024 (in a unit: LimitNOFILE=1024)",
  ENFILE: "The machine has no open files left. Look for the program that holds them: lsof | wc -l",
  ENOMEM:
    "The machine has no memory left. Look for the program that takes it: ps aux --sort=-rss | head",
};

/** The end of the line for whatever was thrown: a fault is told, a bug is shown. */
function explain(error: unknown): number {
  if (error instanceof FaultError) {
    reportError(`pipit: ${faultLine(error.fault)}`);
    return error.fault.code === "config" ? EXIT_USAGE : EXIT_FAILED;
  }
  if (record(error)?.["syscall"] === "uv_cwd") {
    reportError("pipit: the folder in which this was started is gone. Change into another one: cd");
    return EXIT_FAILED;
  }
  const short = SHORTAGES[errorCode(error)];
  if (short !== undefined) {
    reportError(`pipit: ${short}`);
    return EXIT_FAILED;
  }
  process.stderr.write(`pipit: this is a bug\n${inSources(inspect(error))}\n`);
  return EXIT_FAILED;
}

/** What could not be printed, as its error's code; null while all could. */
let unprinted: string | null = null;

/**
 * The output has found no place. Its reader may leave early (`pipit status | head -1`); that is no
 * failure. Anything else is (`> page.html` on a full disk), and is told once.
 */
function onLost(error: unknown): void {
  const code = errorCode(error);
  if (code === "EPIPE" || unprinted !== null) return;
  unprinted = code === "" ? "unknown" : code;
  // Devices say so only after the command has ended.
  if (process.exitCode === EXIT_FINE) process.exitCode = EXIT_FAILED;
  const remedy = code === "ENOSPC" ? ". Free space on it: df -h" : "";
  reportError(`pipit: the output cannot be written (${unprinted})${remedy}`);
}

/*
 * How the process ends when something in it does not: a handle that stays open, or a thread of Node's
 * pool that never comes back (a card that does not answer, a pipe without a reader). Node's own exit
 * waits for its threads, for ever.
 */

/** With the longest stop of the parts, within the 3 s that the owner waits. */
const LINGER_MAX_MS = 250;

/** A request that Node has handed to its pool of threads. */
const IN_THE_POOL = /Req/;
/** The number of a host's name is asked for there, too. */
const OF_NAMES = /^Get(?:Addr|Name)Info/;

/** How often it is looked whether the pool has come back, ms. */
const LOOK_MS = 10;

/** Ends the process when its work is done and it does not end by itself. */
function endSoon(): void {
  setTimeout(end, LINGER_MAX_MS).unref();
}

/**
 * Ends the process after a bug, with its exit code. A request that is merely under way (a look-up of
 * a name, a file being written) is given its time: it is no device that does not answer.
 */
function endAfterBug(leftMs = LINGER_MAX_MS): void {
  if (leftMs <= 0 || inThePool().length === 0) end();
  else setTimeout(endAfterBug, LOOK_MS, leftMs - LOOK_MS);
}

function inThePool(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => IN_THE_POOL.test(name));
}

/** Ends the process at once, with its exit code. */
function end(): void {
  killLeftBehind();
  const waits = inThePool();
  if (waits.length === 0) process.exit();
  const isOfNames = waits.every((name) => OF_NAMES.test(name));
  const what = isOfNames ? "the name server" : "a disk or a device";
  process.stderr.write(`pipit: ${what} did not answer; ended without waiting for it\n`);
  endAtOnce(Number(process.exitCode ?? 0));
  // Without that: SIGTERM in its deadly meaning, to systemd an end in good order, after which it starts
  // nothing anew. A run that failed has to be one that failed.
  process.removeAllListeners("SIGTERM");
  if ((process.exitCode ?? 0) === 0) process.kill(process.pid, "SIGTERM");
  process.kill(process.pid, "SIGKILL");
}

keepInspectorShut();
settleEnvironment(process.env);
keepCompiledCode(process.env["STATE_DIRECTORY"], projectVersion());
for (const stream of [process.stdout, process.stderr]) guard(stream, onLost);
learnFrom(process.env);
// Node would print it past the guard, keys and all.
process.on("uncaughtException", (error) => {
  process.exitCode = explain(error);
  endAfterBug();
});
const code = await main(process.argv.slice(2)).catch(explain);
process.exitCode = code === EXIT_FINE && unprinted !== null ? EXIT_FAILED : code;
endSoon();
