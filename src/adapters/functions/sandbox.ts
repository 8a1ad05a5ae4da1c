/**
 * What keeps the owner's programs away from our keys and our configuration.
 *
 * Theory: the key lies in a file that our user may read, so a program of the same user can read it,
 * whatever its environment. As root we start programs as another user; as anybody else there is
 * nothing that works everywhere, and then a program is not started unless the owner says so.
 */

import { existsSync } from "node:fs";

export interface Sandbox {
  /** The words to run instead. */
  wrap(words: readonly string[]): readonly string[];
  /** For the owner: how programs are kept away from the key. */
  readonly says: string;
}

const SETPRIV = "/usr/bin/setpriv";
/** `nobody` and `nogroup` of Debian. */
const NOBODY = "65534";

/** Null: there is none here. `wanted`: `auto`, or `none` where the owner takes the risk. */
export function sandboxHere(
  wanted: "auto" | "none",
  uid = process.getuid?.() ?? 0,
): Sandbox | null {
  if (wanted === "none") return { wrap: (words) => words, says: "none: programs may read the key" };
  if (uid !== 0 || !existsSync(SETPRIV)) return null;
  const user = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--no-new-privs"];
  return {
    wrap: (words) => [SETPRIV, ...user, "--inh-caps=-all", "--", ...words],
    says: "programs run as the user nobody",
  };
}
