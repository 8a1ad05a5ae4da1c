/**
 * `pipit status`, `wake`, `stop` and `mute`: one question to the running daemon, and its answer.
 *
 * Invariant: it needs nothing but the socket (see ask-daemon.ts).
 */

import type { ControlReply, ControlRequest } from "../../core/control.ts";
import { oneLine } from "../../core/fault.ts";
import { type CommandSpec, EXIT_FINE, readCommandLine, usageError } from "../args.ts";
import { askRunning, failed, SOCKET_OPTION, socketOf } from "../ask-daemon.ts";
import { terminalColumns } from "../columns.ts";
import { watchStatus } from "./io-watch.ts";
import { statusText } from "./status-text.ts";

type ControlCommand = Exclude<
  ControlRequest["command"],
  "timers" | "volume" | "tools" | "memory" | "say"
>;

const SUMMARY: Readonly<Record<ControlCommand, string>> = {
  status: "shows the state of the running appliance",
  wake: "starts a conversation, like the wake word",
  stop: "ends the conversation and stops the answer",
  mute: "closes the microphone (on), opens it (off), or shows which it is",
};

/** Runs one command; returns the exit code. */
export async function control(command: ControlCommand, argv: readonly string[]): Promise<number> {
  const line = readCommandLine(specOf(command), argv);
  if (typeof line === "number") return line;
  const [operand] = line.operands;
  if (command === "mute" && operand !== undefined && !MUTE_WORDS.includes(operand)) {
    return usageError(command, `expected ${MUTE_WORDS.join(", ")}, or nothing to show the state`);
  }
  if (command === "status" && line.flag("debug") && !line.json) {
    return usageError(command, "--debug goes with --json");
  }
  const socket = socketOf(command, line);
  const ask = (request: ControlRequest): Promise<ControlReply> => askRunning(socket, request);
  if (command === "status" && line.flag("watch")) {
    const once = (): Promise<ControlReply> => ask({ command: "status" });
    await watchStatus({ json: line.json, ask: once, out: process.stdout });
    return EXIT_FINE;
  }
  if (command === "status") {
    const debug = line.flag("debug") ? { debug: true } : {};
    return print(command, await ask({ command, ...debug }), line.json);
  }
  if (command !== "mute") return print(command, await ask({ command }), line.json);
  return await mute(operand, ask, line.json);
}

const STATUS_OPTIONS = {
  watch: { doc: "repeat every second, until Ctrl-C" },
  debug: { doc: "with --json: the whole state, for a bug report; it holds no secret" },
} as const;

const MUTE_WORDS = ["on", "off", "toggle"];

/** `toggle` and nothing ask how it is first. */
async function mute(
  operand: string | undefined,
  ask: (request: ControlRequest) => Promise<ControlReply>,
  json: boolean,
): Promise<number> {
  if (operand === "on" || operand === "off") {
    return print("mute", await ask({ command: "mute", on: operand === "on" }), json);
  }
  const now = await ask({ command: "status" });
  if (!now.ok) return print("mute", now, json);
  const { state } = now.data;
  if (operand === undefined) return print("mute", { ok: true, data: { state } }, json);
  return print("mute", await ask({ command: "mute", on: state !== "muted" }), json);
}

/** The specs of all four, for the manual. */
export const SPECS: readonly CommandSpec[] = (["status", "wake", "stop", "mute"] as const).map(
  specOf,
);

function specOf(command: ControlCommand): CommandSpec {
  const options = {
    ...SOCKET_OPTION,
    ...(command === "status" ? STATUS_OPTIONS : {}),
  };
  const spec = { name: command, summary: SUMMARY[command], json: true, config: true, options };
  return command === "mute" ? { ...spec, operands: "[on|off|toggle]", operandsMax: 1 } : spec;
}

function print(command: ControlCommand, reply: ControlReply, json: boolean): number {
  if (!reply.ok) return failed(command, reply.error, json);
  if (json) process.stdout.write(`${JSON.stringify(reply.data)}\n`);
  else if (command === "status") process.stdout.write(statusText(reply.data, terminalColumns()));
  else process.stdout.write(`${ANSWERS[command](oneLine(String(reply.data["state"]), 40))}\n`);
  return EXIT_FINE;
}

/** What came of a command, as a sentence about the state after it. */
const ANSWERS: Readonly<Record<ControlCommand, (state: string) => string>> = {
  status: (state) => state,
  mute: (state) =>
    state === "muted"
      ? "Muted: the microphone is closed until pipit mute off"
      : `Not muted: the microphone is open (${state})`,
  wake: (state) =>
    state === "idle" ? "No conversation was started" : `A conversation begins (${state})`,
  stop: (state) =>
    ["idle", "muted"].includes(state) ? `Stopped (${state})` : `Stopping (${state})`,
};
