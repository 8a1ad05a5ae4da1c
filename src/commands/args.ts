/**
 * The command line, the same way in every subcommand: `--help`, `--json`, `--config FILE`, options
 * of its own, and one line with a suggestion for what nobody knows.
 *
 * Invariant: what this returns is complete; when something is wrong it has already said so.
 */

import { parseArgs } from "node:util";
import { isJournalStream } from "../adapters/os/line-sink.ts";
import { oneLine } from "../core/fault.ts";
import { didYouMean } from "../core/suggest.ts";
import { terminalColumns, wrapped } from "./columns.ts";

/** Exit codes of every subcommand. */
export const EXIT_FINE = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

export interface OptionSpec {
  /** What follows the option, such as `FILE`; absent for a switch. */
  readonly value?: string;
  readonly doc: string;
}

export interface CommandSpec {
  /** As typed after `pipit`. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** What may follow, such as `on|off`; empty for nothing. */
  readonly operands?: string;
  readonly operandsMin?: number;
  readonly operandsMax?: number;
  /** Takes --json. */
  readonly json?: boolean;
  /** Takes --config. */
  readonly config?: boolean;
  /** Options of its own, by name without dashes. */
  readonly options?: Readonly<Record<string, OptionSpec>>;
}

export interface CommandLine {
  readonly json: boolean;
  /** The argument of --config. */
  readonly config: string | undefined;
  readonly operands: readonly string[];
  /** Was this switch given? */
  flag(name: string): boolean;
  /** The argument of this option; the last one counts. */
  option(name: string): string | undefined;
  /** All arguments of this option, in order; each may be a list with commas. */
  all(name: string): readonly string[];
}

/** Reads the arguments; a number is the exit code, and everything to say has been printed. */
export function readCommandLine(spec: CommandSpec, argv: readonly string[]): CommandLine | number {
  const options = optionsOf(spec);
  const given = tokenise(options, argv);
  if (given.help) {
    process.stdout.write(helpText(spec, terminalColumns()));
    return EXIT_FINE;
  }
  const problem = given.problem ?? wrongCount(spec, given.operands);
  if (problem !== null) return usageError(spec.name, problem);
  return {
    json: given.values.has("json"),
    config: given.values.get("config")?.at(-1),
    operands: given.operands,
    flag: (name) => given.values.has(name),
    option: (name) => given.values.get(name)?.at(-1),
    all: (name) =>
      (given.values.get(name) ?? []).flatMap((value) =>
        value
          .split(",")
          .map((part) => part.trim())
          .filter((part) => part !== ""),
      ),
  };
}

/** Says on stderr, in one line, what is wrong with the arguments; returns the exit code. */
export function usageError(command: string, problem: string): number {
  const name = command === "" ? "pipit" : `pipit ${command}`;
  process.stderr.write(`${name}: ${oneLine(problem)} (see ${name} --help)\n`);
  return EXIT_USAGE;
}

type Options = ReadonlyMap<string, OptionSpec>;

function optionsOf(spec: CommandSpec): Options {
  const options = new Map(Object.entries(spec.options ?? {}));
  if (spec.config === true) {
    const doc =
      "the configuration file; else $PIPIT_CONFIG, /etc/pipit/config.yaml, config/config.yaml of the installation";
    options.set("config", { value: "FILE", doc });
  }
  if (spec.json === true) options.set("json", { doc: "print JSON for programs" });
  options.set("help", { doc: "print this" });
  return options;
}

interface Given {
  readonly help: boolean;
  readonly problem: string | null;
  /** Options given, each with all its arguments; a switch has "". */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

function tokenise(options: Options, argv: readonly string[]): Given {
  const known = [...options].map(([name, { value }]) => {
    const type: "boolean" | "string" = value === undefined ? "boolean" : "string";
    return [name, name === "help" ? { type, short: "h" } : { type }] as const;
  });
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(known),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  let problem: string | null = null;
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    problem ??= wrongOption(options, token);
    values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? ""]);
  }
  return { help: values.has("help"), problem, values, operands };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function wrongOption(options: Options, token: OptionToken): string | null {
  const { name, rawName, value, inlineValue } = token;
  const option = options.get(name);
  if (option === undefined) {
    const names = [...options.keys()].map((known) => `--${known}`);
    return `unknown option ${rawName}${didYouMean(rawName, names)}`;
  }
  if (option.value === undefined) return value === undefined ? null : `${rawName} takes no value`;
  const swallowed = inlineValue !== true && value?.startsWith("--") === true;
  if (value === undefined || value === "" || swallowed) return `${rawName} needs ${option.value}`;
  return null;
}

function wrongCount(spec: CommandSpec, operands: readonly string[]): string | null {
  const { operandsMin: least = 0, operandsMax: most = 0 } = spec;
  if (operands.length < least) return `${spec.operands ?? "an argument"} is missing`;
  const surplus = operands[most];
  return surplus === undefined ? null : `unexpected argument "${surplus}"`;
}

/** Each option as it is typed, such as `--config FILE`, and what it does. */
export function optionTexts(
  spec: CommandSpec,
): readonly (readonly [option: string, doc: string])[] {
  return [...optionsOf(spec)].map(
    ([name, { value, doc }]) =>
      [`--${name}${value === undefined ? "" : ` ${value}`}`, doc] as const,
  );
}

/** The text of --help. */
export function helpText(spec: CommandSpec, columns: number | null = null): string {
  const options = optionTexts(spec);
  const width = Math.max(...options.map(([text]) => text.length));
  const rows = options.map(
    ([text, doc]) => `  ${text.padEnd(width)}  ${wrapped(doc, columns, width + 4)}`,
  );
  const operands = spec.operands === undefined ? "" : ` ${spec.operands}`;
  return [
    wrapped(`pipit ${spec.name}: ${spec.summary}`, columns, 2, 0),
    "",
    `Usage: pipit ${spec.name}${operands} [options]`,
    "",
    ...rows,
    "",
  ].join("\n");
}

const STDERR = 2;

/** The last word of a command that failed: a line on stderr, as an error where journald reads it. */
export function reportError(line: string): void {
  const priority = isJournalStream(STDERR, process.env) ? "<3>" : "";
  process.stderr.write(`${priority}${line}\n`);
}
