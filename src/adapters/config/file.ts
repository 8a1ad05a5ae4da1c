/**
 * The configuration file: which one, its text, and the settings in it.
 *
 * Invariants: whatever the file is (missing, a pipe, a gigabyte, not text), the answer comes at
 * once, as settings or as all problems, one line each; only a bug throws.
 */

import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { fields, record, text } from "../../core/json.ts";
import { redact } from "../../core/redact.ts";
import type { Env, MissingVariables } from "../../core/settings/expand-env.ts";
import { type Written, writtenIn } from "../../core/settings/loss.ts";
import type { SettingKey, Settings } from "../../core/settings/table.ts";
import {
  formatProblem,
  type Position,
  type Problem,
  validate,
} from "../../core/settings/validate.ts";
import { errorCode } from "../os/files.ts";
import { projectRoot } from "../os/project-root.ts";
import { parseYaml } from "./yaml.ts";

/** Largest file that is read, bytes: the example has about twelve thousand. */
export const CONFIG_MAX_BYTES = 262_144;
/** Problems that are listed; the rest is counted. */
export const PROBLEMS_SHOWN_MAX = 30;

/** The system's own file. */
export const SYSTEM_CONFIG = "/etc/pipit/config.yaml";

export interface LoadOptions {
  /** The argument of --config. */
  readonly path?: string | undefined;
  readonly env: Env;
  /**
   * What to do about `${NAME}` when NAME is not set; default "refuse". A command that only needs to
   * find the daemon says "default": the owner's shell does not have the service's key.
   */
  readonly missingVariables?: MissingVariables;
  /** False: a value that breaks a rule is no hindrance, for a command that needs others. */
  readonly rules?: boolean;
  /** The file that is taken when it exists; another one in tests. */
  readonly systemFile?: string;
}

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly path: string;
      /** When the file was last changed, milliseconds since 1970. */
      readonly modifiedMs: number;
      readonly digest: string;
      /** Nothing but blanks and comments. */
      readonly isEmpty: boolean;
      /** Not even a comment. */
      readonly isBlank: boolean;
      /** What the file says itself, defaults apart. */
      readonly written: Written;
      /** Where a key stands in the file, or its nearest parent that does. */
      readonly placeOf: (key: SettingKey) => Position;
    }
  | {
      readonly ok: false;
      readonly path: string;
      /** Lines for the owner: `file:line:column key: message`. */
      readonly problems: readonly string[];
      /** The same for programs; empty when the file could not be read at all. */
      readonly details: readonly Problem[];
      readonly digest: string;
      /** What it says of system.control_socket all the same: the way to a daemon that runs. Or empty. */
      readonly controlSocket: string;
    };

/** Finds, reads and checks the configuration. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { path, why } = chooseConfig(options);
  const content = readConfigText(path, why);
  if (!content.ok) {
    const { problems, details } = content;
    const digest = digestOf(problems.join("\n"));
    return { ok: false, path, problems, details, digest, controlSocket: "" };
  }
  const { text: yaml, modifiedMs } = content;
  const digest = digestOf(yaml);
  const { document, problems } = parseYaml(yaml);
  if (document === null) return refused(path, problems, digest, "");
  const socket = socketIn(document.tree);
  const { env, missingVariables = "refuse", rules = true } = options;
  const { locate } = document;
  const checked = validate(document.tree, { env, missingVariables, rules, locate });
  if (!checked.ok) return refused(path, [...problems, ...checked.problems], digest, socket);
  if (problems.length > 0) return refused(path, problems, digest, socket);
  const isEmpty = document.tree === null || document.tree === undefined;
  const placeOf = (key: SettingKey): Position => locate(key.split("."), "value");
  const written = writtenIn(document.tree);
  const { settings } = checked;
  const isBlank = yaml.trim() === "";
  return { ok: true, settings, path, modifiedMs, digest, isEmpty, isBlank, written, placeOf };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The file to read, and what made it the one. */
export function chooseConfig(options: LoadOptions): {
  readonly path: string;
  readonly why: string;
} {
  const { path, env, systemFile = SYSTEM_CONFIG } = options;
  if (path !== undefined && path !== "") return { path, why: "named by --config" };
  const named = env["PIPIT_CONFIG"];
  if (named !== undefined && named !== "") return { path: named, why: "named by PIPIT_CONFIG" };
  if (exists(systemFile)) return { path: systemFile, why: "the system's own" };
  return { path: join(projectRoot(), "config", "config.yaml"), why: "the installation's own" };
}

/**
 * The file that the migration guide calls config/config.yaml, where the program was started, if it
 * is there and another one than `chosen`: who stands beside it most likely means it.
 */
export function otherConfigHere(chosen: string, cwd = folderHere()): string | null {
  if (cwd === null) return null;
  const here = join(cwd, "config", "config.yaml");
  try {
    return realpathSync(here) === realpathSync(chosen) ? null : here;
  } catch {
    return exists(here) && !exists(chosen) ? here : null;
  }
}

/** Where the program was started; null when somebody has deleted that folder since. */
function folderHere(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

/** Present, even if we may not read it: then that is what the owner must hear. */
function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    return !["ENOENT", "ENOTDIR"].includes(errorCode(error));
  }
}

/** As it stands there, where nothing is to be filled in. What is no path may be a key in the wrong line. */
function socketIn(tree: unknown): string {
  const found = text(fields(record(tree) ?? {}, "system"), "control_socket") ?? "";
  return found.startsWith("/") && !found.includes("$") ? found : "";
}

function refused(
  path: string,
  found: readonly Problem[],
  digest: string,
  controlSocket: string,
): LoadedConfig {
  const details = found
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map((one) => ({ ...one, key: redact(one.key, []), message: redact(one.message, []) }));
  const shown = details.slice(0, PROBLEMS_SHOWN_MAX);
  const problems = shown.map((problem) => formatProblem(path, problem));
  const rest = details.length - shown.length;
  if (rest > 0) problems.push(`${path}: and ${rest} more`);
  return { ok: false, path, problems, details, digest, controlSocket };
}

type Content =
  | { readonly ok: true; readonly text: string; readonly modifiedMs: number }
  | {
      readonly ok: false;
      readonly problems: readonly string[];
      readonly details: readonly Problem[];
    };

/** The text of a configuration file, a byte order mark left out. Never throws. */
export function readConfigText(path: string, why: string): Content {
  let file: number;
  try {
    // A pipe without a writer would block for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return unreadable(path, cannotOpen(errorCode(error), why));
  }
  try {
    const status = fstatSync(file);
    if (status.isDirectory()) return unreadable(path, "is a folder; name a file in it");
    if (!status.isFile()) return unreadable(path, "is not an ordinary file");
    const bytes = readBytes(file);
    if (bytes.length > CONFIG_MAX_BYTES) {
      return unreadable(path, `has more than ${CONFIG_MAX_BYTES} bytes: not a configuration`);
    }
    return decode(path, bytes, status.mtimeMs);
  } catch (error) {
    return unreadable(path, `cannot be read (${errorCode(error) || "unknown error"})`);
  } finally {
    closeSync(file);
  }
}

/** The whole file, or one byte more than is allowed. */
function readBytes(file: number): Buffer {
  const buffer = Buffer.alloc(CONFIG_MAX_BYTES + 1);
  let filled = 0;
  while (filled < buffer.length) {
    const count = readSync(file, buffer, filled, buffer.length - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

function decode(path: string, bytes: Buffer, modifiedMs: number): Content {
  if (isUtf8(bytes) && !bytes.includes(0)) {
    return { ok: true, text: new TextDecoder().decode(bytes), modifiedMs };
  }
  const at = { line: badLine(bytes), column: 1, key: "" };
  const problem = { ...at, message: whatBytes(bytes) };
  return { ok: false, problems: [formatProblem(path, problem)], details: [problem] };
}

/** Zero bytes are what a power cut leaves of a file, or every other byte of UTF-16. */
function whatBytes(bytes: Buffer): string {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
  if (mark === 0xfffe || mark === 0xfeff) return "is UTF-16 text; save the file as UTF-8";
  if (!isUtf8(bytes)) return "is not UTF-8 text; save the file as UTF-8";
  return "has zero bytes: a power cut or a full disk has taken what stood there; restore the file from a copy (sudo pipit migrate-config --rollback, if there is a backup), or write it anew";
}

/** The first line that is not UTF-8, or has a zero byte in it. */
function badLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.length : newline;
    const piece = bytes.subarray(start, end);
    if (!isUtf8(piece) || piece.includes(0)) return line;
    start = end + 1;
  }
  return 1;
}

function unreadable(path: string, what: string): Content {
  return { ok: false, problems: [`${path}: ${what}`], details: [] };
}

function cannotOpen(code: string, why: string): string {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return `there is no such file (${why}); name one with --config FILE`;
    case "EACCES":
    case "EPERM":
      return `cannot be read by this user (${why}); run with sudo, or let the service read it: chgrp pipit, chmod 640`;
    default:
      return `cannot be opened (${code || "unknown error"}; ${why})`;
  }
}
