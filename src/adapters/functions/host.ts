/** Where the owner's own functions run: out of our process, and away from our keys. */

import type { CustomFunction } from "../../core/functions/custom.ts";
import type { ToolResult } from "../../core/functions/result.ts";
import type { Fields } from "../../core/json.ts";
import type { Clock, FunctionHost } from "../../ports.ts";
import { runCommand } from "./command.ts";
import { runHttp } from "./http.ts";
import { sandboxHere } from "./sandbox.ts";
import { checkOf, schemaTrouble } from "./schema-check.ts";

/** Programs at a time: each may be a script with children of its own, on a machine with four cores. */
export const PROGRAMS_MAX = 4;

export interface HostOptions {
  readonly clock: Clock;
  readonly sandbox: () => "auto" | "none";
  /** Another user in tests. */
  readonly uid?: number;
}

export class OutsideHost implements FunctionHost {
  readonly checkOf = checkOf;
  readonly schemaTrouble = schemaTrouble;
  readonly #options: HostOptions;
  #programs = 0;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  async run({ row, run }: CustomFunction, args: Fields, signal: AbortSignal): Promise<ToolResult> {
    const maxBytes = row.resultMaxBytes;
    if (run.kind === "http") return await runHttp(run, args, signal, maxBytes);
    const sandbox = this.#sandbox();
    if (sandbox === null) return { ok: false, error: NO_SANDBOX };
    if (this.#programs >= PROGRAMS_MAX) {
      return { ok: false, error: "Too many programs are running; wait for one to finish" };
    }
    this.#programs += 1;
    try {
      const { clock } = this.#options;
      return await runCommand({ run, args, signal, maxBytes, sandbox, clock });
    } finally {
      this.#programs -= 1;
    }
  }

  protection(): string {
    return this.#sandbox()?.says ?? NO_SANDBOX;
  }

  #sandbox() {
    const { sandbox, uid } = this.#options;
    return uid === undefined ? sandboxHere(sandbox()) : sandboxHere(sandbox(), uid);
  }
}

const NO_SANDBOX =
  "Programs are not run: as this user they could read the key. Use http, or set tools.sandbox: none";
