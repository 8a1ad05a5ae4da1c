/** Asks the helper of the owner's programs to run one: whom it is, and what it could read. */

import { LocalPrograms } from "../../adapters/programs/local-programs.ts";
import type { Clock, ProgramEnd } from "../../ports.ts";
import type { HelperFacts } from "./programs.ts";

/** systemd starts it for this, on a slow card. */
const ASK_MAX_MS = 8_000;
const LOOK = [
  "id -un",
  "for file in /etc/pipit/config.yaml /etc/pipit/pipit.env /etc/pipit/credentials/*; do",
  '  if [ -r "$file" ]; then echo "$file"; fi',
  "done",
].join("\n");
/** As the service would: not as root, who needs no helper. */
const ANY_USER = 1;

export function askPrograms(clock: Clock): Promise<HelperFacts> {
  const programs = new LocalPrograms({ clock, sandbox: () => "auto", uid: ANY_USER });
  const runner = programs.runner();
  if (runner === null) return Promise.resolve({ tag: "absent" });
  return new Promise((resolve) => {
    let output = "";
    const ended = ({ error }: ProgramEnd): void => {
      const [user = "", ...readable] = output.trim().split("\n");
      if (error !== null || user === "") {
        resolve({ tag: "refused", error: error ?? "pipit-tools ran no program" });
      } else resolve({ tag: "ran", user, readable });
    };
    const request = { argv: ["/bin/sh", "-c", LOOK], env: {}, cwd: "/", maxMs: ASK_MAX_MS };
    const program = runner.start(request, {
      output: (bytes) => {
        output += Buffer.from(bytes).toString("utf8");
      },
      errors: () => undefined,
      ended,
    });
    clock.after(ASK_MAX_MS, () => program.stop());
  });
}
