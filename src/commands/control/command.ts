/**
 * `pipit status`, `wake`, `stop` and `mute`: one question to the running daemon, and its answer.
 *
 * Invariant: it needs nothing but the socket (see ask-daemon.ts).
 */

import type { ControlReply, ControlRequest } from "../../core/control.ts";
import { type CommandSpec, EXIT_FINE, readCommandLine, usageError } from "../args.ts";
import { askRunning, failed, SOCKET_OPTION, socketOf } from "../ask-daemon.ts";
import { watchStatus } from "./io-watch.ts";
import { statusText } from "./status-text.ts";

type ControlCommand = Exclude<ControlRequest["command"], "timers" | "volume" | "tools" | "memory">;

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
  const ask = (): Promise<ControlReply> => askRunning(socket, request);
  if (command === "status" && line.flag("watch")) {
    await watchStatus({ json: line.json, ask, out: process.stdout });
    return EXIT_FINE;
  }
  return print(command, await ask(), line.json);
}

function specOf(command: ControlCommand): CommandSpec {
  const options = {
    ...SOCKET_OPTION,
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

function print(command: ControlCommand, reply: ControlReply, json: boolean): number {
  if (!reply.ok) return failed(command, reply.error, json);
  if (json) process.stdout.write(`${JSON.stringify(reply.data)}\n`);
  else process.stdout.write(statusText(reply.data));
  return EXIT_FINE;
}
