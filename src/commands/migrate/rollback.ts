/** `pipit migrate-config --rollback`: the newest backup takes the file's place. */

import { chooseConfig } from "../../adapters/config/file.ts";
import { faultLine } from "../../core/fault.ts";
import { type CommandLine, EXIT_FAILED, EXIT_FINE } from "../args.ts";
import { rollbackConfig } from "./io-store.ts";
import { print } from "./output.ts";

/** Returns the exit code. */
export async function rollBack(named: string | undefined, line: CommandLine): Promise<number> {
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
