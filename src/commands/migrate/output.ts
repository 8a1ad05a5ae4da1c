/**
 * What the migrations of `pipit migrate-config` have in common: which file, writing it, and telling.
 *
 * Invariant: in JSON everything is one object on stdout; else good news goes to stdout, problems to
 * stderr.
 */

import {
  CONFIG_MAX_BYTES,
  chooseConfig,
  PROBLEMS_SHOWN_MAX,
  readConfigText,
} from "../../adapters/config/file.ts";
import { errorCode } from "../../adapters/os/files.ts";
import { faultLine } from "../../core/fault.ts";
import { formatProblem, type Problem } from "../../core/settings/validate.ts";
import { EXIT_FAILED, EXIT_FINE, EXIT_USAGE } from "../args.ts";
import { diffLines } from "./diff.ts";
import { realReplaceFiles, replaceConfig } from "./io-store.ts";
import { hideSecrets, hideTokens } from "./secrets.ts";

/** Everything before the first character, where there is one. */
const BYTE_ORDER_MARK = "\ufeff";
const MARK_BYTES = Buffer.from(BYTE_ORDER_MARK);

export interface ConfigText {
  readonly path: string;
  /** Without a byte order mark. */
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** The file to migrate, or why it cannot be read. */
export async function readConfig(
  named: string | undefined,
): Promise<
  | ({ readonly ok: true } & ConfigText)
  | { readonly ok: false; readonly path: string; readonly problems: readonly string[] }
> {
  const { path, why } = chooseConfig({ path: named, env: process.env });
  const output = readConfigText(path, why);
  if (!output.ok) {
    const problems = output.problems.map((line) =>
      line
        .replace(" (named by --config); name one with --config FILE", "; name another FILE")
        .replace(" (named by --config)", ""),
    );
    return { ok: false, path, problems };
  }
  try {
    const bytes = await realReplaceFiles.read(path, CONFIG_MAX_BYTES);
    return { ok: true, path, text: output.text, bytes };
  } catch (error) {
    return { ok: false, path, problems: [`${path}: cannot be read (${errorCode(error)})`] };
  }
}

export interface Output {
  readonly json: boolean;
  readonly path: string;
}

/** Prints an object, or lines. */
export function print(
  output: Output,
  data: Readonly<Record<string, unknown>>,
  lines: readonly string[],
): void {
  if (output.json) {
    process.stdout.write(`${JSON.stringify({ file: output.path, ...data }, null, 2)}\n`);
  } else {
    process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  }
}

/** Problems, the file untouched; returns the exit code. */
export function refuse(
  output: Output,
  problems: readonly string[],
  data: Readonly<Record<string, unknown>> = {},
): number {
  const lines = problems.slice(0, PROBLEMS_SHOWN_MAX);
  const rest = problems.length - lines.length;
  if (rest > 0) lines.push(`${output.path}: and ${rest} more`);
  if (output.json) print(output, { ok: false, written: false, problems: lines, ...data }, []);
  else process.stderr.write(`${[...lines, `${output.path} was left as it is`].join("\n")}\n`);
  return EXIT_USAGE;
}

export function problemLines(
  path: string,
  problems: readonly Problem[],
  secrets: readonly string[],
): readonly string[] {
  return problems.map((problem) => hideTokens(formatProblem(path, problem), secrets));
}

/** A new text for the file, with the words that announce it. */
export interface Proposal {
  readonly config: ConfigText;
  readonly text: string;
  readonly secrets: readonly string[];
  readonly dryRun: boolean;
  readonly data: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

/** Writes it with a backup, or shows the diff; returns the exit code. */
export async function carryOut(output: Output, proposal: Proposal): Promise<number> {
  const { config, text, secrets, dryRun, data, lines } = proposal;
  if (dryRun) {
    const diff = shownDiff(config, text, secrets);
    const end = [...diff, "", "This was a dry run: nothing was written."];
    print(output, { ok: true, written: false, ...data, diff: diff.join("\n") }, [
      ...lines,
      "",
      ...end,
    ]);
    return EXIT_FINE;
  }
  const marked = MARK_BYTES.equals(config.bytes.subarray(0, MARK_BYTES.length));
  const whole = (marked ? BYTE_ORDER_MARK : "") + text;
  const replaced = await replaceConfig(config.path, config.bytes, whole);
  if (!replaced.ok) {
    const error = faultLine(replaced.fault);
    if (output.json) print(output, { ok: false, written: false, ...data, error }, []);
    else process.stderr.write(`pipit migrate-config: ${error}\n`);
    return EXIT_FAILED;
  }
  const { path, backup } = replaced;
  const back = `sudo cp -p ${quoted(backup)} ${quoted(path)} && sudo systemctl restart pipit`;
  const usual = chooseConfig({ env: process.env }).path;
  const elsewhere = (await realReplaceFiles.real(usual).catch(() => usual)) !== path;
  print(output, { ok: true, written: true, ...data, target: path, backup, rollback: back }, [
    ...lines,
    "",
    `${path} is written; what it was is in ${backup}.`,
    ...(elsewhere
      ? [
          `By default Pipit reads ${usual}. To copy it there: sudo cp ${quoted(path)} ${quoted(usual)}`,
        ]
      : []),
    elsewhere
      ? `Check it first: pipit check-config ${quoted(path)}`
      : "A running Pipit reads it by itself; journalctl -u pipit says what is in force and what waits for a restart.",
    `To undo it: pipit migrate-config --rollback ${quoted(config.path)}`,
  ]);
  return EXIT_FINE;
}

function shownDiff(
  config: ConfigText,
  text: string,
  secrets: readonly string[],
): readonly string[] {
  const lines = diffLines(config.text, text).map((line) =>
    hideSecrets(line.replace(/[^\P{Cc}\t]/gu, ""), secrets),
  );
  return [`--- ${config.path}`, `+++ ${config.path} (migrated)`, ...lines];
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w./@%+,:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** The day as YYYY-MM-DD (UTC), as the catalogue of models writes it. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
