/**
 * One question to the running daemon, for every command that has one.
 *
 * Invariant: it needs nothing but the socket. A configuration that cannot be read costs a note on
 * stderr, never the command: that is when the owner wants to know how the daemon is.
 */

import { withCredentials } from "../adapters/config/credentials.ts";
import { loadConfig } from "../adapters/config/file.ts";
import { askDaemon, NOT_RUNNING } from "../adapters/control/client.ts";
import { controlSocketPath } from "../adapters/control/path.ts";
import { runProgram } from "../adapters/os/run-program.ts";
import { answerMaxMs, type ControlReply, type ControlRequest } from "../core/control.ts";
import { type Fault, FaultError, faultLine } from "../core/fault.ts";
import { type Fields, text } from "../core/json.ts";
import { type CommandLine, EXIT_FAILED, type OptionSpec } from "./args.ts";

/** Above the daemon's own limit for an answer, so that its error gets through. */
const MARGIN_MS = 1_000;

/** What the service manager gets to answer. */
const SERVICE_MAX_MS = 1_500;

/** The option by which every such command finds the daemon. */
export const SOCKET_OPTION: Readonly<Record<string, OptionSpec>> = {
  socket: { value: "PATH", doc: "the daemon's control socket; else the usual places" },
};

/** The daemon's reply; that there is none is one, too. */
export async function askRunning(socket: string, request: ControlRequest): Promise<ControlReply> {
  try {
    return await askDaemon(socket, request, answerMaxMs(request) + MARGIN_MS);
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    const known = error.fault;
    return { ok: false, error: (await withoutSocket(socket, known)) ?? faultLine(known) };
  }
}

/** It runs all the same, if the service manager says so: starting it would do nothing. */
async function withoutSocket(socket: string, { code, message }: Fault): Promise<string | null> {
  if (code !== "config" || !message.startsWith(NOT_RUNNING)) return null;
  const asked = ["is-active", "pipit.service"];
  const { stdout } = await runProgram("systemctl", asked, { maxMs: SERVICE_MAX_MS });
  const state = stdout.trim();
  if (state === "activating") return "pipit is just starting. Ask again in a moment";
  if (state !== "active") return null;
  return (
    `pipit runs, but its socket ${socket} is missing; it is recreated within half a minute.  ` +
    "If it does not: sudo systemctl restart pipit"
  );
}

/** What was done but is not on the disk: a line of the answer; none where all is stored. */
export function unstored(data: Fields): readonly string[] {
  const why = text(data, "not_stored");
  return why === null ? [] : [`lost at the next start: ${why}`];
}

export function socketOf(command: string, line: CommandLine): string {
  return line.option("socket") ?? controlSocketPath(settingOf(command, line), process.env);
}

/** Says what the daemon refused, or that there is none; returns the exit code. */
export function failed(command: string, error: string, json: boolean): number {
  process.stderr.write(`pipit ${command}: ${error}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ error })}\n`);
  return EXIT_FAILED;
}

function settingOf(command: string, line: CommandLine): string {
  // The owner's shell does not have the service's key; the path of the socket needs none.
  const loaded = loadConfig({
    path: line.config,
    env: withCredentials(process.env),
    missingVariables: "default",
    rules: false,
  });
  if (loaded.ok) return loaded.settings["system.control_socket"];
  const [first = loaded.path] = loaded.problems;
  const { controlSocket } = loaded;
  const note = controlSocket === "" ? "; looking for the daemon in its default place" : "";
  process.stderr.write(`pipit ${command}: note: ${first}${note}\n`);
  return controlSocket;
}
