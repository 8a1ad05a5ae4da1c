/** `pipit memory`: what the running appliance was asked to remember. */

import type { ControlRequest } from "../../core/control.ts";
import { type CommandSpec, EXIT_FINE, readCommandLine, usageError } from "../args.ts";
import { askRunning, failed, SOCKET_OPTION, socketOf, unstored } from "../ask-daemon.ts";

export const SPEC: CommandSpec = {
  name: "memory",
  summary: "shows what Pipit was asked to remember; adds to it, removes from it",
  operands: "[remember TEXT | forget WORDS|all]",
  operandsMax: 100,
  json: true,
  config: true,
  options: SOCKET_OPTION,
};

/** Runs the command; returns the exit code. */
export async function memory(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const request = requestOf(line.operands);
  if (typeof request === "string") return usageError("memory", request);
  const reply = await askRunning(socketOf("memory", line), request);
  if (!reply.ok) return failed("memory", reply.error, line.json);
  const { facts, kept, gone } = reply.data;
  const shown = [...mark("", facts), ...mark("remembered: ", kept), ...mark("forgotten: ", gone)];
  const words = shown.length === 0 ? ["nothing is remembered"] : shown;
  const text = [...words, ...unstored(reply.data)].map((word) => `${word}\n`).join("");
  process.stdout.write(line.json ? `${JSON.stringify(reply.data)}\n` : text);
  return EXIT_FINE;
}

function requestOf([verb, ...words]: readonly string[]): ControlRequest | string {
  if (verb === undefined || verb === "list") return { command: "memory", act: "list" };
  if (verb !== "remember" && verb !== "forget") return `unknown word "${verb}"`;
  const text = words.join(" ").trim();
  return text === "" ? `${verb} needs words` : { command: "memory", act: verb, text };
}

function mark(before: string, facts: unknown): readonly string[] {
  return Array.isArray(facts) ? facts.map((fact) => `${before}${String(fact)}`) : [];
}
