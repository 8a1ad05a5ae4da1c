/**
 * From an unknown tree to Settings, or to every problem at once.
 *
 * Invariants: any tree is answered, none throws; nothing of the tree reaches Settings unread; the
 * problems come in the order of the file, at most one for each value.
 */

import { oneLine } from "../fault.ts";
import { record } from "../json.ts";
import { redactStrictly } from "../redact.ts";
import { didYouMean, nearest } from "../suggest.ts";
import type { Env, MissingVariables } from "./expand-env.ts";
import { type Alias, aliasOf, isGuideBlock } from "./guide-aliases.ts";
import { guideKey } from "./guide-keys.ts";
import { oddity, visible } from "./odd-characters.ts";
import { isOlder } from "./older-names.ts";
import { fromVariables, kindOf, readValue, type Surroundings } from "./read-value.ts";
import type { Value } from "./row.ts";
import { brokenRules, pathOf } from "./rules.ts";
import {
  assemble,
  isComplete,
  isSettingKey,
  ROWS,
  SECTIONS,
  type SettingKey,
  type Settings,
} from "./table.ts";

/** A place in the file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Position {
  /** The dotted key; empty for a problem of the file as a whole. */
  readonly key: string;
  /** One line: what is wrong, what is allowed, what may have been meant. */
  readonly message: string;
}

/** A key's name and its parents' names; a number is an index in a list. */
export type Path = readonly (string | number)[];

/** Where a path stands in the file, or the nearest parent that does. */
export type Locate = (path: Path, part: "key" | "value") => Position;

export interface ValidateOptions {
  readonly env: Env;
  readonly locate?: Locate;
  /** What to do about `${NAME}` when NAME is not set; default "refuse". */
  readonly missingVariables?: MissingVariables;
  /** False for a command that only needs a value or two of a file that may be wrong elsewhere. */
  readonly rules?: boolean;
}

export type Validation =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const START: Position = { line: 1, column: 1 };

/** Longest key that is printed, characters. */
const KEY_MAX_CHARS = 120;
/** Longest message, characters. */
const MESSAGE_MAX_CHARS = 600;

/** Checks a tree of plain data (what the YAML parser made of the file). */
export function validate(tree: unknown, options: ValidateOptions): Validation {
  const locate = options.locate ?? (() => START);
  const problems: Problem[] = [];
  const report: Report = (path, part, message) => {
    const names = path.filter((name) => typeof name === "string");
    const key = names.map((name) => visible(name.slice(0, KEY_MAX_CHARS))).join(".");
    const text = oneLine(message, MESSAGE_MAX_CHARS);
    problems.push({
      ...locate(path, part),
      key: oneLine(redactStrictly(oneLine(key)), KEY_MAX_CHARS),
      message: text,
    });
  };
  const given = new Map<SettingKey, unknown>();
  const aliases: Aliased[] = [];
  const meantKeys = new Set<string>();
  walk(tree, [], { given, aliases, meantKeys }, report);
  const places = placesOf(given, aliases, report);

  const around: Surroundings = { env: options.env, missing: options.missingVariables ?? "refuse" };
  const { values, known, origins } = readAll({ given, meantKeys, places }, around, report);
  const settings = assemble(values);
  const isWritten = (key: SettingKey): boolean => given.has(key);
  const broken = options.rules === false ? [] : brokenRules(assemble(known), isWritten);
  for (const one of broken) {
    const message = `${one.message}${fromVariables(origins.get(one.key) ?? [])}`;
    report(placeOf(pathOf(one), places), "value", message);
  }

  if (problems.length === 0 && isComplete(settings)) return { ok: true, settings };
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return { ok: false, problems };
}

/** `file:line:column key: message`. */
export function formatProblem(file: string, problem: Problem): string {
  const key = problem.key === "" ? "" : ` ${problem.key}`;
  return `${file}:${problem.line}:${problem.column}${key}: ${problem.message}`;
}

type Report = (path: Path, part: "key" | "value", message: string) => void;

/** What the tree gives: values by key, and values under names of the guide's that stand for a key. */
interface Given {
  readonly given: Map<SettingKey, unknown>;
  readonly aliases: Aliased[];
  /** Keys and sections that the file most likely has, under a name or in a form that is wrong. */
  readonly meantKeys: Set<string>;
}

interface Aliased extends Alias {
  readonly path: readonly string[];
}

/** Where a key's value stands, if it stands under another name. */
type Places = ReadonlyMap<string, readonly string[]>;

/** Adds what stands under other names; what stands twice is a problem. */
function placesOf(
  given: Map<SettingKey, unknown>,
  aliases: readonly Aliased[],
  report: Report,
): Places {
  const places = new Map<string, readonly string[]>();
  for (const { key, value, path } of aliases) {
    if (given.has(key)) report(path, "key", `is ${key} here, which stands in the file already`);
    else {
      given.set(key, value);
      places.set(key, path);
    }
  }
  return places;
}

function placeOf(path: Path, places: Places): Path {
  return places.get(path.join(".")) ?? path;
}

/** Finds the keys of the table in the tree; what is not in the table is a problem. */
function walk(node: unknown, path: readonly string[], into: Given, report: Report): void {
  // A section whose keys are all commented out is nothing to YAML.
  if (node === null || node === undefined) return;
  if (typeof node !== "object" || Array.isArray(node)) {
    // What stands there is not quoted: a key put right behind "openai:" is a secret.
    const kind = typeof node === "string" ? "text" : kindOf(node);
    const names = childNames(path).join(", ");
    const below =
      path.length === 0 ? "the file must hold sections" : "must have keys indented below it";
    report(path, "value", `${below} (${names}), found ${kind}${mistaken(node)}`);
    into.meantKeys.add(path.join("."));
    return;
  }
  for (const [name, value] of Object.entries(node)) {
    const here = [...path, name];
    const key = here.join(".");
    const alias = aliasOf(here, value);
    const isSection =
      Object.hasOwn(SECTIONS, key) || (isGuideBlock(here) && record(value) !== null);
    if (name.includes(".")) report(here, "key", `unknown key${nested(key)}`);
    else if (isSettingKey(key)) into.given.set(key, value);
    else if (alias !== null) into.aliases.push({ ...alias, path: here });
    else if (isSection) walk(value, here, into, report);
    else {
      report(here, "key", `unknown key${unknown(path, name)}`);
      for (const one of likelyKeys(path, name)) into.meantKeys.add(one);
    }
  }
}

/** What a name that is not in the table may stand for: a neighbour's, or the same name elsewhere. */
function likelyKeys(path: readonly string[], name: string): readonly string[] {
  const plain = name.replace(/[^\w-]/g, "");
  const neighbour = nearest(plain, childNames(path));
  return neighbour === null ? elsewhere(plain) : [[...path, neighbour].join(".")];
}

/** The file has this key, or its section, in a wrong form: that its default is wanting is no news. */
function isMeant(key: string, meantKeys: ReadonlySet<string>): boolean {
  const isAbove = (one: string): boolean => one === "" || key === one || key.startsWith(`${one}.`);
  return [...meantKeys].some(isAbove);
}

interface Found {
  readonly given: ReadonlyMap<SettingKey, unknown>;
  readonly meantKeys: ReadonlySet<string>;
  readonly places: Places;
}

interface Read {
  readonly values: ReadonlyMap<SettingKey, Value>;
  /** Those that a variable which is not set here would not change: the others keep no rule, and break none. */
  readonly known: ReadonlyMap<SettingKey, Value>;
  /** The variables that a value came from. */
  readonly origins: ReadonlyMap<SettingKey, readonly string[]>;
}

function readAll({ given, meantKeys, places }: Found, around: Surroundings, report: Report): Read {
  const values = new Map<SettingKey, Value>();
  const known = new Map<SettingKey, Value>();
  const origins = new Map<SettingKey, readonly string[]>();
  for (const [key, row] of ROWS) {
    const path = places.get(key) ?? key.split(".");
    const raw = given.has(key) ? given.get(key) : row.default;
    if (raw === null || raw === undefined) {
      report(path, "value", "has no value; give one, or put # before the line");
      continue;
    }
    const reading = readValue(row, raw, around);
    if (reading.ok) {
      values.set(key, reading.value);
      if (reading.incomplete !== true) known.set(key, reading.value);
      if (reading.origins !== undefined) origins.set(key, reading.origins);
      continue;
    }
    if (!given.has(key) && isMeant(key, meantKeys)) continue;
    for (const { message, item, below } of reading.problems) {
      report([...path, ...(below ?? (item === undefined ? [] : [item]))], "value", message);
    }
  }
  return { values, known, origins };
}

const ALL_NAMES: readonly string[] = [...ROWS.map(([key]) => key), ...Object.keys(SECTIONS)];

/** Names of the keys and sections directly below a path. */
function childNames(path: readonly string[]): readonly string[] {
  const prefix = path.map((name) => `${name}.`).join("");
  return ALL_NAMES.filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((rest) => !rest.includes("."));
}

/** What was written in place of keys, as far as its form tells. */
function mistaken(node: unknown): string {
  if (Array.isArray(node)) return "; remove the - before its keys";
  if (typeof node !== "string" || node.includes("://")) return "";
  if (/^[A-Za-z_]+:\S/.test(node)) return "; put a space after the colon";
  return /^[A-Za-z_]+\s*=/.test(node) ? "; write a colon and a space instead of =" : "";
}

/** What to say of a name that is not in the table. */
function unknown(path: readonly string[], name: string): string {
  const odd = oddity(name);
  if (odd !== "") return `${odd}: remove it, and indent with plain spaces`;
  const said = guideKey([...path, name]);
  const isMovable = older([...path, name].join("."));
  return said === null ? (isMovable ?? meant(path, name)) : `; ${said}${isMovable ?? ""}`;
}

/** A key was written as a.b: in one line. */
function nested(key: string): string {
  const guess = isSettingKey(key) ? key : nearest(key, ALL_NAMES);
  if (guess === null) return "; names have no dots, write sections as indented blocks";
  const parents = guess.split(".");
  const last = parents.pop();
  return `; write "${last}:" indented below "${parents.join(": ")}:"`;
}

/** The migration guide's system had this key: what becomes of it is more than a likely name. */
function older(key: string): string | null {
  return isOlder(key) ? "; an older key: run pipit migrate-config" : null;
}

/** What an unknown key may have been meant to be: a neighbour, or the same name elsewhere. */
function meant(path: readonly string[], name: string): string {
  const neighbours = childNames(path);
  const hint = didYouMean(name, neighbours);
  if (hint !== "") return hint;
  const others = elsewhere(name);
  if (others.length > 0) return `; did you mean ${others.join(" or ")}?`;
  return `; known here: ${neighbours.join(", ")}`;
}

/** Full names that end in this one. */
function elsewhere(name: string): readonly string[] {
  return ALL_NAMES.filter((full) => full.split(".").at(-1) === name.toLowerCase());
}
