/** Whose our files are: after a run with sudo, or an editor's visit, some may be somebody else's. */

import { userInfo } from "node:os";

export function isForbidden(code: string): boolean {
  return code === "EACCES" || code === "EPERM";
}

/** What gives `path`, and all in it, back to the user that we run as. */
export function ownershipRemedy(path: string): string {
  return `Give it to the user that runs Pipit: sudo chown -R ${userName()} ${path}`;
}

/** By its number where it has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "pipit");
  }
}
