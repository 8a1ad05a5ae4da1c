/** Where the owner's own functions run: out of our process, and away from our keys. */

import type { CustomFunction } from "../../core/functions/custom.ts";
import type { ToolResult } from "../../core/functions/result.ts";
import type { Fields } from "../../core/json.ts";
import type { FunctionHost, Programs } from "../../ports.ts";
import { runCommand } from "./command.ts";
import { runHttp } from "./http.ts";
import { checkOf, schemaTrouble } from "./schema-check.ts";

/** Programs at a time: each may be a script with children of its own, on a machine with four cores. */
export const PROGRAMS_MAX = 4;

export class OutsideHost implements FunctionHost {
  readonly checkOf = checkOf;
  readonly schemaTrouble = schemaTrouble;
  readonly #programs: Programs;
  #running = 0;

  constructor(programs: Programs) {
    this.#programs = programs;
  }

  async run({ row, run }: CustomFunction, args: Fields, signal: AbortSignal): Promise<ToolResult> {
    const maxBytes = row.resultMaxBytes;
    if (run.kind === "http") return await runHttp(run, args, signal, maxBytes);
    const runner = this.#programs.runner();
    if (runner === null) return { ok: false, error: this.protection() };
    if (this.#running >= PROGRAMS_MAX) {
      return { ok: false, error: "Too many programs are running; wait for one to finish" };
    }
    this.#running += 1;
    try {
      return await runCommand({ run, args, signal, maxBytes, runner });
    } finally {
      this.#running -= 1;
    }
  }

  protection(): string {
    return this.#programs.protection();
  }
}
