/**
 * Where the control socket is, for the daemon that makes it and for the commands that look for it.
 *
 * Invariant: both sides follow the same order, so that they meet without any setting.
 */

import { accessSync, constants, existsSync, lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "../../core/settings/expand-env.ts";

const FILE_NAME = "control.sock";
/** What RuntimeDirectory=pipit of our unit makes. */
const SYSTEM_FOLDER = "/run/pipit";

export interface ControlPathOptions {
  /** `serve`: where to make it. `ask`: where it is. Default `ask`. */
  readonly role?: "serve" | "ask";
  /** The folder of the system service; another one in tests. */
  readonly systemFolder?: string;
  /** The folder of last resort; another one in tests. */
  readonly tempFolder?: string;
}

/**
 * The path of the control socket. In order: `$RUNTIME_DIRECTORY` (set by systemd for the daemon),
 * `setting` (system.control_socket, empty when unset), for a client the system service's socket if
 * it exists, `$XDG_RUNTIME_DIR/pipit`, `/tmp/pipit-<uid>`. A client whose first choice is not there
 * takes the next that is: the daemon under systemd does not listen where the setting says. A session's
 * folder that is not this user's own (`su` keeps root's), or is not there, is passed over.
 */
export function controlSocketPath(
  setting: string,
  env: Env,
  options: ControlPathOptions = {},
): string {
  const { role = "ask", systemFolder = SYSTEM_FOLDER, tempFolder = "/tmp" } = options;
  const runtime = env["RUNTIME_DIRECTORY"] ?? "";
  const [runtimeFolder = ""] = runtime.split(":"); // several are separated by colons
  if (runtimeFolder !== "") return join(runtimeFolder, FILE_NAME);

  const session = sessionFolder(env["XDG_RUNTIME_DIR"] ?? "");
  const own = session === "" ? privateFolder(tempFolder) : join(session, "pipit");
  const choices = [join(own, FILE_NAME)];
  if (role === "ask") {
    // A daemon started without a session, asked from within one: the folder of last resort.
    if (session !== "") choices.push(join(privateFolder(tempFolder), FILE_NAME));
    choices.unshift(join(systemFolder, FILE_NAME));
  }
  if (setting !== "") choices.unshift(setting);
  if (role === "serve") return choices[0] ?? join(own, FILE_NAME);
  return choices.find((path) => isThere(path, tempFolder)) ?? defaultForClient(choices, setting);
}

/**
 * The session's folder, if it is ours to use: `su` keeps root's, and one may name a session that has
 * ended. Empty otherwise, as where there is no session at all.
 */
function sessionFolder(folder: string): string {
  if (folder === "") return "";
  try {
    if (statSync(folder).uid !== process.getuid?.()) return "";
    accessSync(folder, constants.W_OK | constants.X_OK);
    return folder;
  } catch {
    return "";
  }
}

/** Nothing is there: the path that the owner is told about. */
function defaultForClient(choices: readonly string[], setting: string): string {
  return (setting === "" ? choices[0] : setting) ?? setting;
}

/** The folder of last resort, one for each user. */
function privateFolder(tempFolder: string): string {
  return join(tempFolder, `pipit-${process.getuid?.() ?? 0}`);
}

/** In a folder that everybody may write to, only a folder of our own counts. */
function isThere(path: string, tempFolder: string): boolean {
  const folder = privateFolder(tempFolder);
  if (path === join(folder, FILE_NAME) && !isPrivate(folder)) return false;
  return existsSync(path);
}

/** Whether this is a real folder, ours, and closed to everybody else. */
export function isPrivate(folder: string): boolean {
  try {
    const stat = lstatSync(folder);
    return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0;
  } catch {
    return false;
  }
}

/** Whether a path is the one of last resort, whose folder must be made with 0700 and checked. */
export function isLastResort(path: string, tempFolder = "/tmp"): boolean {
  return path === join(privateFolder(tempFolder), FILE_NAME);
}
