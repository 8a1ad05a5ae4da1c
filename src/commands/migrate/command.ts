/**
 * `pipit migrate-config`: an older configuration to today's form, another model, or the way back.
 *
 * Invariants: nothing is written unless the result validates; no secret is shown; what was there
 * before is kept beside the file.
 */

import { chooseConfig } from "../../adapters/config/file.ts";
import { faultLine } from "../../core/fault.ts";
import {
  type CommandLine,
  type CommandSpec,
  EXIT_FAILED,
  EXIT_FINE,
  readCommandLine,
  usageError,
} from "../args.ts";
import { migrateFile } from "./file.ts";
import { rollbackConfig } from "./io-store.ts";
import { moveModel } from "./model.ts";
import { print } from "./output.ts";

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

/** The newest backup takes the file's place. Returns the exit code. */
async function rollBack(named: string | undefined, line: CommandLine): Promise<number> {
  const { path } = chooseConfig({ path: named, env: process.env });
  const output = { json: line.json, path };
  const fail = (error: string): number => {
    if (line.json) print(output, { ok: false, written: false, error }, []);
    else process.stderr.write(`pipit migrate-config: ${error}\n`);
    return EXIT_FAILED;
  };
  const done = await rollbackConfig(path);
  if (done === null) return fail(`there is no backup beside ${path} (${path}.backup)`);
  if (!done.ok) return fail(faultLine(done.fault));
  const { from = "", backup, same = false } = done;
  if (same) {
    print(output, { ok: true, written: false, from }, [
      `${done.path}: nothing to do: it is the same as ${from}`,
    ]);
    return EXIT_FINE;
  }
  print(output, { ok: true, written: true, target: done.path, from, kept: backup }, [
    `${done.path} is again what ${from} holds; what it was just now is in ${backup}.`,
    "Now: sudo systemctl restart pipit",
  ]);
  return EXIT_FINE;
}
