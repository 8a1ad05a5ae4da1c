/** Whether programs of others are run, and what they could read. Facts in, findings out. */

import { type Finding, finding } from "./finding.ts";

/** What a program that the helper was asked to run has found. */
export type HelperFacts =
  | { readonly tag: "absent" }
  | { readonly tag: "refused"; readonly error: string }
  | { readonly tag: "ran"; readonly user: string; readonly readable: readonly string[] };

export interface ProgramFacts {
  /** The configuration names a program. */
  readonly wanted: boolean;
  readonly sandbox: "auto" | "none";
  readonly helper: HelperFacts;
}

const CHECK = "programs";
const INSTALL = "Run scripts/install again; or use http, or set tools.sandbox: none";
const JOURNAL = "See why: journalctl -u pipit-tools -n 30";

export function judgePrograms({ wanted, sandbox, helper }: ProgramFacts): Finding {
  if (!wanted) return finding(CHECK, "skip", "The configuration names no program");
  if (sandbox === "none") {
    const says = "Your programs run as Pipit's own user and can read the API key";
    return finding(CHECK, "warn", says, "tools.sandbox: auto runs them as the user pipit-tools");
  }
  if (helper.tag === "absent") {
    const says = "Your programs are not run: pipit-tools.socket is not there";
    return finding(CHECK, "fail", says, INSTALL);
  }
  if (helper.tag === "refused") {
    // The socket is pipit's and root's alone.
    return helper.error.includes("EACCES")
      ? finding(CHECK, "skip", "Only root may ask pipit-tools: run this with sudo")
      : finding(CHECK, "fail", `Your programs are not run: ${helper.error}`, JOURNAL);
  }
  const { user, readable } = helper;
  if (readable.length > 0) {
    const says = `Your programs run as ${user} and can read ${readable.join(", ")}`;
    return finding(CHECK, "fail", says, `sudo chmod o-rwx ${readable.join(" ")}`);
  }
  return finding(CHECK, "ok", `Your programs run as ${user} and can read neither key nor settings`);
}
