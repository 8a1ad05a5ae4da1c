/** Powers the machine off through systemd. Its permission comes from systemd/pipit-poweroff.rules. */

import { execFile } from "node:child_process";
import { type Fault, fault, oneLine } from "../../core/fault.ts";
import type { Power } from "../../ports.ts";

/** systemctl answers at once; a manager that is stuck is not waited for. */
const ASK_MAX_MS = 10_000;

export class SystemdPower implements Power {
  readonly #program: string;

  /** `program`: another one than systemctl, in tests. */
  constructor(program = "systemctl") {
    this.#program = program;
  }

  off(): Promise<Fault | null> {
    const limits = { timeout: ASK_MAX_MS, killSignal: "SIGKILL" } as const;
    const remedy = "Run ./scripts/install again: it allows the service's user to power off";
    return new Promise((resolve) => {
      execFile(this.#program, ["--no-ask-password", "poweroff"], limits, (error, _out, words) => {
        const why = oneLine(words, 200) || error?.message || "";
        const message = `The machine could not be powered off: ${why}`;
        resolve(error === null ? null : fault("power", "report", message, remedy));
      });
    });
  }
}
