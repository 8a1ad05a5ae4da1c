/** `pipit volume`: shows or changes how loud the running appliance is. */

import type { ControlRequest } from "../../core/control.ts";
import { number } from "../../core/json.ts";
import { STEP_PERCENT } from "../../core/volume.ts";
import { type CommandSpec, EXIT_FINE, readCommandLine, usageError } from "../args.ts";
import { askRunning, failed, SOCKET_OPTION, socketOf, unstored } from "../ask-daemon.ts";

export const SPEC: CommandSpec = {
  name: "volume",
  summary: "shows or sets the volume of the answers in percent; it survives a restart",
  operands: "[N|+|-]",
  operandsMax: 1,
  json: true,
  config: true,
  options: SOCKET_OPTION,
};

/** Runs the command; returns the exit code. */
export async function volume(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const request = requestOf(line.operands[0]);
  if (request === null) return usageError("volume", "expected 0 to 100, + or -");
  const reply = await askRunning(socketOf("volume", line), request);
  if (!reply.ok) return failed("volume", reply.error, line.json);
  const percent = number(reply.data, "percent") ?? 0;
  const text = [`${percent} %`, ...unstored(reply.data)].map((row) => `${row}\n`).join("");
  process.stdout.write(line.json ? `${JSON.stringify(reply.data)}\n` : text);
  return EXIT_FINE;
}

function requestOf(operand: string | undefined): ControlRequest | null {
  if (operand === undefined) return { command: "volume" };
  if (operand === "+") return { command: "volume", by: STEP_PERCENT };
  if (operand === "-") return { command: "volume", by: -STEP_PERCENT };
  const percent = /^\d{1,3}%?$/.test(operand) ? Number.parseInt(operand, 10) : 101;
  return percent <= 100 ? { command: "volume", percent } : null;
}
