/** Facts about the system around the daemon: its unit, user, journal, secrets. */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { readConfigText } from "../../adapters/config/file.ts";
import { runProgram } from "../../adapters/os/run-program.ts";
import { readNames, readText } from "./io-read-files.ts";
import {
  type ConfigPiece,
  type JournalFacts,
  parseProperties,
  type SecretFile,
  type UnitFacts,
} from "./service.ts";

/** A tenth of a second, usually; the first call after a start may wait for a slow card. */
const ASK_MAX_MS = 8_000;
const PROPERTIES = [
  "LoadState",
  "ActiveState",
  "SubState",
  "UnitFileState",
  "NRestarts",
  "Result",
  "User",
  "SupplementaryGroups",
  "DeviceAllow",
  "WorkingDirectory",
];

/** What systemd knows of pipit.service. */
export async function unitFacts(): Promise<UnitFacts> {
  if (!existsSync("/run/systemd/system")) return "no-systemd";
  const args = ["show", "pipit.service", `--property=${PROPERTIES.join(",")}`];
  const { code, stdout } = await runProgram("systemctl", args, { maxMs: ASK_MAX_MS });
  return code === 0 ? parseProperties(stdout) : "no-answer";
}

export interface Account {
  readonly exists: boolean;
  readonly groups: readonly string[];
  /** All groups of the system. */
  readonly known: readonly string[];
}

/** From /etc/passwd and /etc/group; an account that lives elsewhere is not found. */
export function accountOf(user: string): Account {
  const line = lines("/etc/passwd").find(([name]) => name === user);
  const all = lines("/etc/group");
  const own = all.filter(
    ([, , id, members = ""]) => id === line?.[3] || members.split(",").includes(user),
  );
  const nameOf = ([name = ""]: readonly string[]): string => name;
  return { exists: line !== undefined, groups: own.map(nameOf), known: all.map(nameOf) };
}

function lines(path: string): readonly (readonly string[])[] {
  return (readText(path) ?? "").split("\n").map((line) => line.split(":"));
}

const JOURNALD_FOLDERS = [
  "/etc/systemd",
  "/run/systemd",
  "/usr/local/lib/systemd",
  "/usr/lib/systemd",
];

export function journalFacts(): JournalFacts {
  const paths = JOURNALD_FOLDERS.flatMap((folder) => [
    join(folder, "journald.conf"),
    ...readNames(join(folder, "journald.conf.d"))
      .filter((name) => name.endsWith(".conf"))
      .map((name) => join(folder, "journald.conf.d", name)),
  ]);
  const pieces = paths.flatMap((path): readonly ConfigPiece[] => {
    const text = readText(path);
    return text === null ? [] : [{ path, text }];
  });
  const isThere = existsSync("/run/systemd/journal");
  return { pieces: isThere ? pieces : null, hasFolder: existsSync("/var/log/journal") };
}

/** A key of OpenAI, written out. */
const KEY_TEXT = /\bsk-[\w-]{20,}/;

/** The files that hold the key: the service's own, and the configuration if it is written there. */
export function secretFiles(configPath: string): readonly SecretFile[] {
  const service = ["/etc/pipit/pipit.env", "/etc/pipit/credentials"];
  const content = readConfigText(configPath, "");
  const holdsKey = content.ok && KEY_TEXT.test(content.text);
  return [...service, ...(holdsKey ? [configPath] : [])].flatMap(filesAt);
}

/** A file, or those in a folder. */
function filesAt(path: string): readonly SecretFile[] {
  try {
    const stat = statSync(path);
    if (!stat.isDirectory()) return [{ path, mode: stat.mode & 0o777 }];
    // What is behind a closed door need not be closed itself.
    if ((stat.mode & 0o077) === 0) return [{ path, mode: stat.mode & 0o777 }];
    return readNames(path).flatMap((name) => filesAt(join(path, name)));
  } catch {
    return []; // Not there, or not for this user.
  }
}
