/**
 * Who runs the programs of others, so that they cannot read our keys and our configuration.
 *
 * Theory: the key lies in a file that our user may read, so a program of the same user can read it,
 * whatever its environment. As root we start programs as the user nobody; as the service, another
 * unit of another user does (isolated.ts). As anybody else there is nothing that works everywhere, and
 * then a program is not started unless the owner says so.
 */

import { existsSync } from "node:fs";
import type { Clock, ProgramRunner, Programs } from "../../ports.ts";
import { startIsolated } from "./isolated.ts";
import { startLocal } from "./local.ts";

/** Where pipit-tools.socket listens. */
export const HELPER_SOCKET = "/run/pipit-tools/socket";
const SETPRIV = "/usr/bin/setpriv";
/** `nobody` and `nogroup` of Debian. */
const NOBODY = "65534";

export interface ProgramsOptions {
  readonly clock: Clock;
  /** `none`: the owner takes the risk. */
  readonly sandbox: () => "auto" | "none";
  /** Others in tests. */
  readonly uid?: number;
  readonly socketPath?: string;
}

export class LocalPrograms implements Programs {
  readonly #options: ProgramsOptions;

  constructor(options: ProgramsOptions) {
    this.#options = options;
  }

  runner(): ProgramRunner | null {
    const { clock, sandbox, socketPath = HELPER_SOCKET } = this.#options;
    const uid = this.#options.uid ?? process.getuid?.() ?? 0;
    if (sandbox() === "none") {
      const says = "none: programs may read the key";
      return { says, start: (request, sink) => startLocal(request, sink, { clock }) };
    }
    if (uid === 0 && existsSync(SETPRIV)) {
      const says = "programs run as the user nobody";
      return {
        says,
        start: (request, sink) => startLocal(request, sink, { clock, wrap: asNobody }),
      };
    }
    if (!existsSync(socketPath)) return null;
    const says = "programs run as the user pipit-tools";
    return { says, start: (request, sink) => startIsolated(request, sink, { clock, socketPath }) };
  }

  protection(): string {
    return this.runner()?.says ?? NO_RUNNER;
  }
}

function asNobody(words: readonly string[]): readonly string[] {
  const user = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--no-new-privs"];
  return [SETPRIV, ...user, "--inh-caps=-all", "--", ...words];
}

const NO_RUNNER =
  "Programs are not run: as this user they could read the key, and pipit-tools.socket, which the " +
  "installer brings, is not there. Use http, or set tools.sandbox: none";
