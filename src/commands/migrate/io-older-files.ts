/** The older system's files beside its configuration: which variables its .env sets, and persona.ini. */

import { isUtf8 } from "node:buffer";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../../adapters/os/files.ts";
import { parseIni } from "./ini.ts";
import { type ReplaceFiles, realReplaceFiles } from "./io-store.ts";
import { traitsToInstructions } from "./persona.ts";

/** Larger files are none of these, bytes. */
const OLDER_FILE_MAX_BYTES = 65_536;
const NAMES_MAX = 50;
const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,63})\s*=\s*(?=\S)/;

export interface OlderEnvironment {
  readonly file: string;
  /** The variables that it gives a value; the values stay in the file. */
  readonly names: readonly string[];
}

/** The .env beside the file, or one folder up from `config/`; null when there is none to be read. */
export async function olderEnvironment(
  config: string,
  files: ReplaceFiles = realReplaceFiles,
): Promise<OlderEnvironment | null> {
  const folder = dirname(config);
  const folders = basename(folder) === "config" ? [folder, dirname(folder)] : [folder];
  for (const place of folders) {
    const file = join(place, ".env");
    const bytes = await files.read(file, OLDER_FILE_MAX_BYTES).catch(() => null);
    if (bytes === null) continue;
    const names = Buffer.from(bytes)
      .toString("utf8")
      .split("\n")
      .flatMap((line) => ASSIGNMENT.exec(line)?.[1] ?? []);
    return { file, names: [...new Set(names)].slice(0, NAMES_MAX) };
  }
  return null;
}

export type Persona =
  | { readonly ok: true; readonly instructions: string }
  | { readonly ok: false; readonly problems: readonly string[] };

/** A persona.ini as instructions. */
export async function readPersona(
  path: string,
  files: ReplaceFiles = realReplaceFiles,
): Promise<Persona> {
  const fail = (...problems: readonly string[]): Persona => ({ ok: false, problems });
  let bytes: Uint8Array;
  try {
    bytes = await files.read(path, OLDER_FILE_MAX_BYTES);
  } catch (error) {
    return fail(`${path}: cannot be read (${errorCode(error) || "unknown error"})`);
  }
  if (!isUtf8(bytes)) return fail(`${path}: is not UTF-8 text; save the file as UTF-8`);
  const parsed = parseIni(Buffer.from(bytes).toString("utf8"));
  if (!parsed.ok) {
    const shown = parsed.problems.slice(0, NAMES_MAX);
    return fail(...shown.map(({ line, message }) => `${path}:${line}:1: ${message}`));
  }
  const instructions = traitsToInstructions(parsed.ini);
  if (instructions === null) return fail(`${path}: has nothing that could be expressed in words`);
  // In the configuration, ${ would be taken for a variable.
  return { ok: true, instructions: instructions.replaceAll("${", () => "$${") };
}
