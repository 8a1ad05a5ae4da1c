/** The system around the daemon: unit, user and groups, journal, secrets. Facts in, findings out. */

import { durationText } from "../../core/duration.ts";
import { type Finding, finding } from "./finding.ts";

/** Properties as `systemctl show` prints them, `Key=value` a line. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const pairs = text.split("\n").flatMap((line): readonly (readonly [string, string])[] => {
    const at = line.indexOf("=");
    return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
  });
  return new Map(pairs);
}

/** What `systemctl show pipit` says, or why it says nothing. */
export type UnitFacts = ReadonlyMap<string, string> | "no-systemd" | "no-answer";

/** So many restarts by systemd are no accident. */
const RESTARTS_WARN = 5;

export function judgeUnit(unit: UnitFacts): Finding {
  if (unit === "no-systemd") return finding("service", "skip", "This machine does not run systemd");
  if (unit === "no-answer") {
    const remedy = "See `systemctl status pipit`; restart the machine if it hangs, too";
    return finding("service", "fail", "systemd does not answer", remedy);
  }
  const of = (key: string): string => unit.get(key) ?? "";
  if (of("LoadState") !== "loaded") {
    return finding(
      "service",
      "warn",
      "pipit.service is not installed",
      "Install it: ./scripts/install",
    );
  }
  const state = `${of("ActiveState")} (${of("SubState")})`;
  const restarts = Number(of("NRestarts") || 0);
  const journal = "See why: journalctl -u pipit -n 30";
  if (of("ActiveState") === "failed") {
    return finding("service", "fail", `pipit.service has failed: ${of("Result")}`, journal);
  }
  if (of("ActiveState") !== "active") {
    const remedy = "Start it: sudo systemctl start pipit";
    return finding("service", "warn", `pipit.service is ${state}`, remedy);
  }
  if (!of("UnitFileState").startsWith("enabled")) {
    const remedy = "Let it start with the machine: sudo systemctl enable pipit";
    return finding("service", "warn", `pipit.service runs, but is ${of("UnitFileState")}`, remedy);
  }
  if (restarts >= RESTARTS_WARN) {
    return finding("service", "warn", `pipit.service was restarted ${restarts} times`, journal);
  }
  const after = restarts === 0 ? "" : `, restarted ${restarts} times`;
  return finding("service", "ok", `pipit.service is ${state} and enabled${after}`);
}

/** The running daemon's status, or why there is none. */
export type DaemonFacts =
  | { readonly tag: "running"; readonly status: Readonly<Record<string, unknown>> }
  /** `isThere`: something has the socket, and does not tell us its status. */
  | { readonly tag: "silent"; readonly why: string; readonly isThere: boolean };

export function judgeDaemon(facts: DaemonFacts): Finding {
  if (facts.tag === "silent") {
    if (facts.isThere) return finding("daemon", "warn", facts.why);
    return finding("daemon", "skip", "pipit is not running; its devices are tested directly");
  }
  const { status } = facts;
  const troubles = ["microphone", "speaker", "wake_word"]
    .map((part) => status[part])
    .filter((said) => typeof said === "string" && said !== "ok" && said !== "off");
  const uptime = typeof status["uptime_s"] === "number" ? durationText(status["uptime_s"]) : "?";
  const says = `Runs for ${uptime}, ${String(status["state"])}`;
  if (troubles.length > 0) {
    const remedy = "It retries by itself; the lines below say more";
    return finding("daemon", "fail", `${says}: ${troubles.join("; ")}`, remedy);
  }
  const last = status["last_fault"];
  return finding(
    "daemon",
    "ok",
    typeof last === "string" ? `${says}; its last fault: ${last}` : says,
  );
}

/** A property; empty where the unit tells nothing. */
export function propertyOf(unit: UnitFacts, key: string): string {
  return typeof unit === "string" ? "" : (unit.get(key) ?? "");
}

export interface UserFacts {
  readonly user: string;
  /** Does the account exist? */
  readonly exists: boolean;
  readonly groups: readonly string[];
  /** Groups that the system has at all. */
  readonly known: readonly string[];
  /** What the configuration needs: `audio`, `gpio`. */
  readonly needed: readonly string[];
}

export function judgeGroups({ user, exists, groups, known, needed }: UserFacts): Finding {
  if (!exists) {
    const remedy = "./scripts/install makes it";
    return finding("groups", "skip", `The user ${user} does not exist yet`, remedy);
  }
  if (user === "root") return finding("groups", "ok", "root may open every device");
  const missing = needed.filter((group) => known.includes(group) && !groups.includes(group));
  if (missing.length > 0) {
    const remedy = `sudo usermod -aG ${missing.join(",")} ${user}; then restart it, or log in again`;
    return finding("groups", "fail", `${user} is not in ${missing.join(" and ")}`, remedy);
  }
  const had = needed.filter((group) => groups.includes(group));
  const says =
    had.length === 0 ? `${user} needs no further group` : `${user} is in ${had.join(", ")}`;
  return finding("groups", "ok", says);
}

/** A piece of journald's configuration. */
export interface ConfigPiece {
  readonly path: string;
  readonly text: string;
}

export interface JournalFacts {
  /** The main file and its drop-ins from all folders; null without journald. */
  readonly pieces: readonly ConfigPiece[] | null;
  /** /var/log/journal exists. */
  readonly hasFolder: boolean;
}

const KEEP =
  "Put `[Journal]` and `Storage=persistent` into /etc/systemd/journald.conf.d/60-keep.conf, then sudo systemctl restart systemd-journald";

export function judgeJournal({ pieces, hasFolder }: JournalFacts): Finding {
  if (pieces === null)
    return finding("journal", "skip", "This machine does not run systemd-journald");
  const { storage, path } = storageOf(pieces);
  if (storage === "volatile" || storage === "none") {
    const says = `The journal is lost at every restart: Storage=${storage} in ${path}`;
    return finding("journal", "warn", says, KEEP);
  }
  if (storage === "auto" && !hasFolder) {
    const says = "The journal is lost at every restart: there is no /var/log/journal";
    return finding("journal", "warn", says, KEEP);
  }
  return finding("journal", "ok", "The journal survives a restart");
}

/**
 * The storage in force. The main file comes first; drop-ins follow in the order of their file names,
 * whatever their folder, and of two alike the one in /etc, then /run, then /usr counts (systemd's
 * rule for all its drop-ins).
 */
export function storageOf(pieces: readonly ConfigPiece[]): { storage: string; path: string } {
  const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  const rank = (path: string): number =>
    path.startsWith("/etc/") ? 0 : path.startsWith("/run/") ? 1 : 2;
  const isDropIn = ({ path }: ConfigPiece): boolean => path.includes(".conf.d/");
  const byRank = pieces.toSorted((a, b) => rank(a.path) - rank(b.path));
  const dropIns = new Map<string, ConfigPiece>();
  for (const piece of byRank.filter(isDropIn)) {
    if (!dropIns.has(nameOf(piece.path))) dropIns.set(nameOf(piece.path), piece);
  }
  const main = byRank.filter((piece) => !isDropIn(piece)).slice(0, 1);
  const inOrder = [...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, piece]) => piece);
  let found = { storage: "auto", path: "its default" };
  for (const { path, text } of [...main, ...inOrder]) {
    for (const [, value] of text.matchAll(/^\s*Storage\s*=\s*(\w+)\s*$/gm)) {
      if (value !== undefined) found = { storage: value.toLowerCase(), path };
    }
  }
  return found;
}

export interface SecretFile {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
}

/** `files`: those that hold a key, and are there. */
export function judgeSecrets(files: readonly SecretFile[]): Finding {
  const open = files.filter(({ mode }) => (mode & 0o077) !== 0);
  if (open.length > 0) {
    const says = open.map(({ path, mode }) => `${path} is ${octal(mode)}`).join(", ");
    const paths = open.map(({ path }) => path).join(" ");
    return finding(
      "secrets",
      "warn",
      `Other users can read a key: ${says}`,
      `sudo chmod 600 ${paths}`,
    );
  }
  if (files.length === 0) return finding("secrets", "skip", "No file with a key in it was found");
  return finding(
    "secrets",
    "ok",
    files.map(({ path, mode }) => `${path} is ${octal(mode)}`).join(", "),
  );
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
