/** `pipit say`: has the running appliance say a text, when nobody is talking. */

import { openSync, readSync } from "node:fs";
import { inputTrouble } from "../../adapters/os/own-file.ts";
import { SAY_MAX_CHARS } from "../../core/control.ts";
import { type Fields, number, text } from "../../core/json.ts";
import { type CommandSpec, EXIT_FAILED, EXIT_FINE, readCommandLine, usageError } from "../args.ts";
import { askRunning, failed, SOCKET_OPTION, socketOf } from "../ask-daemon.ts";

export const SPEC: CommandSpec = {
  name: "say",
  summary: "says a text aloud, in the model's voice, as soon as nobody is talking; for cron, too",
  operands: "[TEXT]",
  operandsMax: 1_000,
  json: true,
  config: true,
  options: {
    file: { value: "FILE", doc: "the text is in this file; - is standard input, as without TEXT" },
    offline: {
      doc: "by espeak-ng, which costs nothing; so it is said where the model cannot be had",
    },
    ...SOCKET_OPTION,
  },
};
const STDIN = 0;
/** Of a text of SAY_MAX_CHARS with generous blanks around it. */
const READ_MAX_BYTES = 65_536;

/** Runs the command; returns the exit code. */
export async function say(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const file = line.option("file") ?? (line.operands.length === 0 ? "-" : null);
  if (file !== null && line.operands.length > 0)
    return usageError("say", "give either TEXT or --file");
  const trouble = file === null || file === "-" ? null : inputTrouble(file);
  if (trouble !== null) return usageError("say", `--file ${file}: ${trouble}`);
  const given = file === null ? line.operands.join(" ") : read(file);
  if (given === null) {
    process.stderr.write(`pipit say: ${file} cannot be read\n`);
    return EXIT_FAILED;
  }
  const words = given.trim();
  if (words === "") return usageError("say", "the text is empty");
  if (words.length > SAY_MAX_CHARS) return usageError("say", `at most ${SAY_MAX_CHARS} characters`);
  const request = { command: "say", text: words, offline: line.flag("offline") } as const;
  const reply = await askRunning(socketOf("say", line), request);
  if (!reply.ok) return failed("say", reply.error, line.json);
  process.stdout.write(line.json ? `${JSON.stringify(reply.data)}\n` : screen(reply.data));
  return EXIT_FINE;
}

/** `Said by gpt-realtime (alloy), $0.0012`, and in a line of its own what kept the model from it. */
function screen(data: Fields): string {
  const when = data["now"] === true ? "Said" : "Waiting for a quiet moment: read";
  const [model, voice, why] = [text(data, "model"), text(data, "voice"), text(data, "why")];
  const cost = number(data, "cost_usd") ?? 0;
  const whose = model === null ? voice : `${model} (${voice})`;
  const dollars = cost === 0 ? "" : `, $${cost.toFixed(4)}`;
  return `${when} by ${whose}${dollars}\n${why === null ? "" : `The model did not read it: ${why}\n`}`;
}

/** As much as shows that it is too long: what it comes from may have no end. */
function read(file: string): string | null {
  const chunks: Buffer[] = [];
  try {
    const from = file === "-" ? STDIN : openSync(file, "r");
    for (let bytes = 0; bytes < READ_MAX_BYTES; ) {
      const chunk = Buffer.alloc(READ_MAX_BYTES - bytes);
      const got = readSync(from, chunk);
      if (got === 0) break;
      chunks.push(chunk.subarray(0, got));
      bytes += got;
    }
    return Buffer.concat(chunks).toString("utf8");
  } catch {
    return null;
  }
}
