/**
 * `pipit migrate-config`: an older configuration to today's form, another model, or the way back.
 *
 * Invariants: nothing is written unless the result validates; no secret is shown; what was there
 * before is kept beside the file.
 */

import { type CommandLine, type CommandSpec, readCommandLine, usageError } from "../args.ts";
import { migrateFile } from "./file.ts";
import { moveModel } from "./model.ts";
import { rollBack } from "./rollback.ts";

export const SPEC: CommandSpec = {
  name: "migrate-config",
  summary: "converts an older configuration, or switches to another model",
  operands: "[FILE]",
  operandsMax: 1,
  json: true,
  config: true,
  options: {
    "dry-run": { doc: "show what would change, as a list and a diff; write nothing" },
    persona: { value: "FILE", doc: "make openai.instructions from a persona.ini" },
    model: { value: "NAME", doc: "switch to this model; auto: the successor of the present one" },
    force: { doc: "with --model: accept a name that Pipit does not know" },
    rollback: { doc: "restore the newest backup; the present file is kept beside it" },
  },
};

/** Exit code 0 when it is done or there is nothing to do, 1 when writing failed, else 2. */
export async function migrateConfig(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const problem = contradiction(line);
  if (problem !== null) return usageError(SPEC.name, problem);
  const path = line.operands[0] ?? line.config;
  if (line.flag("rollback")) return rollBack(path, line);
  return line.flag("model") ? moveModel(path, line) : migrateFile(path, line);
}

function contradiction(line: CommandLine): string | null {
  const [operand] = line.operands;
  if (operand !== undefined && line.config !== undefined) return "name FILE once";
  const modes = ["rollback", "model", "persona"].filter((name) => line.flag(name));
  const [first, second] = modes;
  if (second !== undefined) return `--${first} and --${second} exclude each other`;
  if (line.flag("force") && first !== "model") return "--force goes with --model";
  if (line.flag("dry-run") && first === "rollback") return "--rollback has no --dry-run";
  return null;
}
