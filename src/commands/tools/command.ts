/** `pipit tools`: lists the functions of the running appliance; `pipit tools call` tries one. */

import type { ControlRequest } from "../../core/control.ts";
import { oneLine } from "../../core/fault.ts";
import { type Fields, fields, number, record, text } from "../../core/json.ts";
import { type CommandSpec, EXIT_FAILED, EXIT_FINE, readCommandLine, usageError } from "../args.ts";
import { askRunning, failed, SOCKET_OPTION, socketOf } from "../ask-daemon.ts";

/** Of a server's tool it may be a page. */
const DESCRIPTION_MAX_CHARS = 160;

export const SPEC: CommandSpec = {
  name: "tools",
  summary: "lists the functions that the model may call; call tries one, as the model would",
  operands: "[call NAME ['{\"argument\": …}']]",
  operandsMax: 3,
  json: true,
  config: true,
  options: SOCKET_OPTION,
};

/** Runs the command; returns the exit code. */
export async function tools(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const request = requestOf(line.operands);
  if (typeof request === "string") return usageError("tools", request);
  const reply = await askRunning(socketOf("tools", line), request);
  if (!reply.ok) return failed("tools", reply.error, line.json);
  const isCall = line.operands.length > 0;
  const shown = isCall ? callScreen(reply.data) : listScreen(reply.data);
  process.stdout.write(line.json ? `${JSON.stringify(reply.data)}\n` : shown);
  return isCall && reply.data["ok"] !== true ? EXIT_FAILED : EXIT_FINE;
}

function requestOf(operands: readonly string[]): ControlRequest | string {
  const [verb, name, args = ""] = operands;
  if (verb === undefined || verb === "list") return { command: "tools", act: "list" };
  if (verb !== "call") return `unknown word "${verb}"`;
  if (name === undefined) return "call needs the NAME of a function";
  return { command: "tools", act: "call", name, arguments: args };
}

function listScreen(data: Fields): string {
  const rows = list(data["functions"]).map((row) => record(row) ?? {});
  const width = Math.max(0, ...rows.map((row) => (text(row, "name") ?? "").length));
  const lines = rows.map((row) => {
    const name = (text(row, "name") ?? "").padEnd(width);
    const tokens = String(number(row, "tokens") ?? 0).padStart(5);
    const words = oneLine(text(row, "description") ?? "", DESCRIPTION_MAX_CHARS);
    return `${name}  ${(text(row, "where") ?? "").padEnd(8)}  ${tokens}  ${words}`;
  });
  const [tokens, most] = [number(data, "tokens") ?? 0, number(data, "tokens_max") ?? 0];
  lines.push(
    `all together: about ${tokens} tokens of each conversation's instructions (at most ${most})`,
  );
  lines.push(wordsLine(fields(data, "instructions")));
  for (const server of list(data["servers"])) lines.push(serverLine(record(server) ?? {}));
  for (const row of rows) {
    const trouble = text(row, "trouble");
    if (trouble !== null)
      lines.push(`${text(row, "name")}: its parameters are no schema: ${trouble}`);
  }
  const disabled = list(data["disabled"]);
  if (disabled.length > 0) lines.push(`switched off: ${disabled.join(", ")}`);
  const surplus = list(data["surplus"]);
  if (surplus.length > 0) lines.push(`no room, not offered to the model: ${surplus.join(", ")}`);
  lines.push(`programs: ${text(data, "programs") ?? ""}`);
  return lines.map((line) => `${line}\n`).join("");
}

/** What else each conversation is told. */
function wordsLine(told: Fields): string {
  const [tokens, most] = [number(told, "tokens") ?? 0, number(told, "tokens_max") ?? 0];
  const short = list(told["left_out"]);
  const left = short.length === 0 ? "" : `; no room, left out: ${short.join(", ")}`;
  return `besides them it is told about ${tokens} tokens in words (there is room for ${most})${left}`;
}

/** `server house: up, 5 of 14 tools, about 900 tokens`. */
function serverLine(server: Fields): string {
  const count = (key: string): number => number(server, key) ?? 0;
  const tools = `${count("tools")} of ${count("tools_offered")} tools, about ${count("tokens")} tokens`;
  const trouble = text(server, "trouble");
  const line = `server ${text(server, "name") ?? ""}: ${text(server, "state") ?? ""}, ${tools}`;
  return trouble === null ? line : `${line}; ${trouble}`;
}

function callScreen(data: Fields): string {
  const size = `${number(data, "ms") ?? 0} ms, ${number(data, "bytes") ?? 0} bytes`;
  return `${text(data, "output") ?? ""}\n(${text(data, "end") ?? "failed"}, ${size})\n`;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
