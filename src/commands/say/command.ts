/** `pipit say`: has the running appliance say a text, when nobody is talking. */

import { readFileSync } from "node:fs";
import { SAY_MAX_CHARS } from "../../core/control.ts";
import { type CommandSpec, EXIT_FAILED, EXIT_FINE, readCommandLine, usageError } from "../args.ts";
import { askRunning, failed, SOCKET_OPTION, socketOf } from "../ask-daemon.ts";

export const SPEC: CommandSpec = {
  name: "say",
  summary: "says a text aloud, offline, as soon as nobody is talking; for scripts and cron",
  operands: "[TEXT]",
  operandsMax: 1_000,
  json: true,
  config: true,
  options: {
    file: { value: "FILE", doc: "the text is in this file; - is standard input, as without TEXT" },
    ...SOCKET_OPTION,
  },
};
const STDIN = 0;

/** Runs the command; returns the exit code. */
export async function say(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const file = line.option("file") ?? (line.operands.length === 0 ? "-" : null);
  if (file !== null && line.operands.length > 0) return usageError("say", "either TEXT or --file");
  const text = file === null ? line.operands.join(" ") : read(file);
  if (text === null) {
    process.stderr.write(`pipit say: ${file} cannot be read\n`);
    return EXIT_FAILED;
  }
  const words = text.trim();
  if (words === "") return usageError("say", "there is nothing to say");
  if (words.length > SAY_MAX_CHARS) return usageError("say", `at most ${SAY_MAX_CHARS} characters`);
  const reply = await askRunning(socketOf("say", line), { command: "say", text: words });
  if (!reply.ok) return failed("say", reply.error, line.json);
  const now = reply.data["now"] === true ? "said" : "waiting for a quiet moment";
  process.stdout.write(line.json ? `${JSON.stringify(reply.data)}\n` : `${now}\n`);
  return EXIT_FINE;
}

function read(file: string): string | null {
  try {
    return readFileSync(file === "-" ? STDIN : file, "utf8");
  } catch {
    return null;
  }
}
