/**
 * `pipit status`, `wake`, `stop` and `mute`: one question to the running daemon, and its answer.
 *
 * Invariant: it needs nothing but the socket. A configuration that cannot be read costs a note on
 * stderr, never the command: that is when the owner wants to know how the daemon is.
 */

import { withCredentials } from "../../adapters/config/credentials.ts";
import { loadConfig } from "../../adapters/config/file.ts";
import { askDaemon } from "../../adapters/control/client.ts";
import { controlSocketPath } from "../../adapters/control/path.ts";
import type { ControlReply, ControlRequest } from "../../core/control.ts";
import { FaultError, faultLine } from "../../core/fault.ts";
import {
  type CommandLine,
  type CommandSpec,
  EXIT_FAILED,
  EXIT_FINE,
  readCommandLine,
  usageError,
} from "../args.ts";
import { watchStatus } from "./io-watch.ts";
import { statusText } from "./status-text.ts";

/** Above the daemon's own limit for an answer (5 s), so that its complaint gets through. */
const REPLY_MAX_MS = 6_000;

type ControlCommand = ControlRequest["command"];

const SUMMARY: Readonly<Record<ControlCommand, string>> = {
  status: "shows what the running appliance does",
  wake: "begins a conversation, as the wake word would",
  stop: "ends the conversation and silences the answer",
  mute: "closes the microphone (on) or opens it again (off)",
};

/** Runs one command; returns the exit code. */
export async function control(command: ControlCommand, argv: readonly string[]): Promise<number> {
  const line = readCommandLine(specOf(command), argv);
  if (typeof line === "number") return line;
  const request = requestOf(command, line.operands);
  if (request === null) return usageError(command, "expected on or off");
  const socket = socketOf(command, line);
  if (command === "status" && line.flag("watch")) {
    const ask = (): Promise<ControlReply> => askDaemon(socket, request, REPLY_MAX_MS);
    await watchStatus({ json: line.json, ask, out: process.stdout });
    return EXIT_FINE;
  }
  try {
    const reply = await askDaemon(socket, request, REPLY_MAX_MS);
    return print(command, reply, line.json);
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return fail(command, faultLine(error.fault), line.json);
  }
}

function specOf(command: ControlCommand): CommandSpec {
  const options = {
    socket: { value: "PATH", doc: "the daemon's control socket; else it is looked for" },
    ...(command === "status" ? { watch: { doc: "every second anew, until Ctrl-C" } } : {}),
  };
  const spec = { name: command, summary: SUMMARY[command], json: true, config: true, options };
  return command === "mute"
    ? { ...spec, operands: "on|off", operandsMin: 1, operandsMax: 1 }
    : spec;
}

function requestOf(command: ControlCommand, operands: readonly string[]): ControlRequest | null {
  if (command !== "mute") return { command };
  const [operand] = operands;
  return operand === "on" || operand === "off" ? { command, on: operand === "on" } : null;
}

function socketOf(command: ControlCommand, line: CommandLine): string {
  return line.option("socket") ?? controlSocketPath(settingOf(command, line), process.env);
}

function settingOf(command: ControlCommand, line: CommandLine): string {
  // The owner's shell does not have the service's key; the path of the socket needs none.
  const loaded = loadConfig({
    path: line.config,
    env: withCredentials(process.env),
    missingVariables: "default",
  });
  if (loaded.ok) return loaded.settings["system.control_socket"];
  const [first = loaded.path] = loaded.problems;
  const note = "looking for the daemon where it is by default";
  process.stderr.write(`pipit ${command}: note: ${first}; ${note}\n`);
  return "";
}

function print(command: ControlCommand, reply: ControlReply, json: boolean): number {
  if (!reply.ok) return fail(command, reply.error, json);
  if (json) process.stdout.write(`${JSON.stringify(reply.data)}\n`);
  else process.stdout.write(statusText(reply.data));
  return EXIT_FINE;
}

function fail(command: ControlCommand, error: string, json: boolean): number {
  process.stderr.write(`pipit ${command}: ${error}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ error })}\n`);
  return EXIT_FAILED;
}
