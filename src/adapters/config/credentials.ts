/**
 * Secrets from files: an environment that has, besides the process's own variables, one for each
 * file in systemd's $CREDENTIALS_DIRECTORY, or, for root outside the unit, in /etc/pipit/credentials.
 *
 * Invariants: it never throws and reads a bounded amount; a credential that is not empty wins over
 * the variable of its name; no value is ever part of a warning.
 */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { SECRET_MIN_CHARS } from "../../core/redact.ts";
import type { Env } from "../../core/settings/expand-env.ts";

/** Where the owner keeps them: root's folder, mode 0700. */
export const CREDENTIALS_FOLDER = "/etc/pipit/credentials";
/** The other way: lines NAME=value, read by systemd. */
export const ENVIRONMENT_FILE = "/etc/pipit/pipit.env";
/** A key has some two hundred characters. */
export const CREDENTIAL_MAX_BYTES = 4_096;
/** Files that are looked at; the service has two. */
export const CREDENTIALS_MAX = 32;

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
/** Group and others. */
const NOT_OWNER = 0o077;

export interface CredentialPlaces {
  readonly folder: string;
  readonly environmentFile: string;
}

const PLACES: CredentialPlaces = {
  folder: CREDENTIALS_FOLDER,
  environmentFile: ENVIRONMENT_FILE,
};

/** The environment with the credentials in it. */
export function withCredentials(env: Env, places = PLACES): Env {
  const given = env["CREDENTIALS_DIRECTORY"] ?? "";
  const folder = given === "" ? places.folder : given;
  const found = names(folder).map((name): [string, string] => [name, read(join(folder, name))]);
  return { ...env, ...Object.fromEntries(found.filter(([, value]) => value !== "")) };
}

/** A line for each file with secrets in it that not only its owner may read. */
export function exposedSecrets(places = PLACES): readonly string[] {
  const files = [
    ...names(places.folder).map((name) => join(places.folder, name)),
    places.environmentFile,
  ];
  return files
    .filter(isExposed)
    .map((path) => `Others can read the secrets in ${path}. Run: sudo chmod 600 ${path}`);
}

/**
 * Takes the secrets out of this process's own environment, so that no child inherits them. They
 * stay in the `Env` that was made of it before.
 */
export function hideSecrets(own: NodeJS.ProcessEnv, secrets: readonly string[]): void {
  for (const [name, value = ""] of Object.entries(own)) {
    const isPart = value.length >= SECRET_MIN_CHARS && secrets.some((key) => key.includes(value));
    if (isPart) delete own[name];
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => VARIABLE.test(name))
      .sort()
      .slice(0, CREDENTIALS_MAX);
  } catch {
    return []; // not there, or not for us: then there are none
  }
}

/** The text of the file without the newline at its end; empty for anything that is not a secret. */
function read(path: string): string {
  try {
    // A pipe without a writer would block for ever.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(file).isFile()) return "";
      const buffer = Buffer.alloc(CREDENTIAL_MAX_BYTES + 1);
      const count = readSync(file, buffer, 0, buffer.length, 0);
      if (count > CREDENTIAL_MAX_BYTES) return "";
      return buffer.toString("utf8", 0, count).replace(/[\r\n]+$/, "");
    } finally {
      closeSync(file);
    }
  } catch {
    return "";
  }
}

function isExposed(path: string): boolean {
  try {
    return (statSync(path).mode & NOT_OWNER) !== 0;
  } catch {
    return false; // not there, or closed to us: then also to others
  }
}
