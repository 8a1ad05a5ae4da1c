/**
 * Reads one value of the file by its row: `${NAME}` expanded, type and bounds checked.
 *
 * Invariants: a secret, and anything that came out of the environment, is never quoted in a message;
 * a message is one line of bounded length.
 */

import { oneLine } from "../fault.ts";
import { type Fields, record } from "../json.ts";
import { keySlip, passwordSlip, shellName } from "../key-slips.ts";
import { redactStrictly } from "../redact.ts";
import { didYouMean } from "../suggest.ts";
import type { Env, MissingVariables } from "./expand-env.ts";
import { expand } from "./expand-env.ts";
import { invisibleIn, oddity, plainDashes } from "./odd-characters.ts";
import type {
  BooleanRow,
  ChoiceRow,
  ListRow,
  NumberRow,
  Pattern,
  Row,
  TextRow,
  TreeRow,
  Value,
} from "./row.ts";

export interface Surroundings {
  readonly env: Env;
  readonly missing: MissingVariables;
}

/** `item`: which element of a list the message is about. `below`: which place in a block. */
export interface ValueProblem {
  readonly message: string;
  readonly item?: number;
  readonly below?: readonly (string | number)[];
}

export type Reading =
  | {
      readonly ok: true;
      readonly value: Value;
      /** A variable that it is made of is not set: it stands for another value. */
      readonly incomplete?: boolean;
      /** The variables that it came from. */
      readonly origins?: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly ValueProblem[] };

/** A value after expansion, with what may be said about where it came from. */
interface Source {
  readonly value: unknown;
  /** The variables it came from; empty for a value that stands in the file as it is. */
  readonly names: readonly string[];
  /** Those of them that are set: where to look for what is wrong with it. */
  readonly origins: readonly string[];
  readonly secret: boolean;
  /** Made from variables that are not set, or empty; only where that is not refused. */
  readonly incomplete: boolean;
}

/** Longest piece of a foreign value in a message, characters. */
const QUOTED_MAX_CHARS = 40;

/** Reads a value as the file has it. */
export function readValue(row: Row, raw: unknown, around: Surroundings): Reading {
  if (row.kind === "tree") {
    if (!row.orList || !Array.isArray(raw)) return readTree(raw, around);
    const named = byName(raw);
    return "message" in named ? { ok: false, problems: [named] } : readTree(named.tree, around);
  }
  return row.kind === "list" ? readList(row, raw, around) : readOne(row, raw, around);
}

/** Where the name of an item stands; the API's own spelling is understood, too. */
export const NAME_KEYS = ["name", "label", "server_label"] as const;

/** The items of a list under their names, or the first one that has none of its own. */
function byName(items: readonly unknown[]): { readonly tree: Fields } | ValueProblem {
  const tree: Record<string, unknown> = {};
  for (const [nth, one] of items.entries()) {
    const block = record(one) ?? {};
    const key = NAME_KEYS.find((known) => block[known] !== undefined) ?? "name";
    const { [key]: name, ...rest } = block;
    const item = { item: nth };
    if (typeof name !== "string" || name === "")
      return { message: "must be a list of blocks with a name each", ...item };
    if (Object.hasOwn(tree, name)) return { message: `has ${quoted(name)} twice`, ...item };
    tree[name] = rest;
  }
  return { tree };
}

/** More in one block is no configuration any more. */
const TREE_MAX_NODES = 4_000;

/** Every text in it is expanded; it is copied, so that nothing of the file's own tree stays. */
function readTree(raw: unknown, around: Surroundings): Reading {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    return wrong(`must be a block with names of your own, found ${kindOf(raw)}`);
  }
  const problems: ValueProblem[] = [];
  let nodes = 0;
  let incomplete = false;
  const copy = (value: unknown, path: readonly (string | number)[]): unknown => {
    nodes += 1;
    if (nodes > TREE_MAX_NODES) return null;
    if (Array.isArray(value)) {
      return Object.freeze(value.map((item, index) => copy(item, [...path, index])));
    }
    if (typeof value === "object" && value !== null) {
      const items = Object.entries(value).map(([name, item]) => [
        name,
        copy(item, [...path, name]),
      ]);
      return Object.freeze(Object.fromEntries(items));
    }
    const source = expanded(value, true, around);
    if (typeof source !== "string") {
      incomplete ||= source.incomplete;
      return source.value;
    }
    problems.push({ message: source, below: path });
    return null;
  };
  const items = Object.entries(raw).map(([name, item]): [string, unknown] => [
    name,
    copy(item, [name]),
  ]);
  if (nodes > TREE_MAX_NODES) return wrong(`must have at most ${TREE_MAX_NODES} values`);
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, value: Object.freeze(Object.fromEntries(items)), incomplete };
}

function readOne(
  row: Exclude<Row, ListRow | TreeRow>,
  raw: unknown,
  around: Surroundings,
): Reading {
  const source = expanded(raw, row.kind === "text" && row.secret, around);
  if (typeof source === "string") return wrong(source);
  if (source.incomplete) return { ok: true, value: plainDefault(row), incomplete: true };
  switch (row.kind) {
    case "text":
      return readText(row, source);
    case "choice":
      return readChoice(row, source);
    case "number":
      return readNumber(row, source);
    case "boolean":
      return readBoolean(row, source);
  }
}

/** The default of a row, expanded in an empty environment. */
export function plainDefault(row: Row): Value {
  if (row.kind !== "text") return row.default;
  const expansion = expand(row.default, {}, "default");
  return expansion.ok ? expansion.text : "";
}

/** What a row takes, in words that follow "must be". */
export function allowed(row: Row): string {
  switch (row.kind) {
    case "text":
      return row.pattern?.says ?? (row.multiLine ? "text" : "one line of text");
    case "choice":
      return `one of ${row.values.join(", ")}`;
    case "number": {
      const unit = row.unit === "" ? "" : ` ${row.unit}`;
      const range = `a ${row.whole ? "whole number" : "number"} from ${row.min} to ${row.max}${unit}`;
      return [range, ...row.words].join(" or ");
    }
    case "boolean":
      return "true or false";
    case "list":
      return allowedList(row);
    case "tree":
      return "a block with names of your own";
  }
}

function allowedList(row: ListRow): string {
  const lone = row.loneText ? "a text or " : "";
  return `${lone}a list of ${row.minItems} to ${row.maxItems} texts`;
}

function readText(row: TextRow, source: Source): Reading {
  const { value } = source;
  if (typeof value !== "string") {
    return mismatch(row, source, asText(row, value));
  }
  if (value === "") return row.required ? wrong(empty(source)) : { ok: true, value };
  if (row.secret) {
    const slip = secretSlip(row, value);
    if (slip !== null) return wrongOf(source, slip);
  }
  if (value.length > row.maxChars) {
    return wrongOf(source, `must have at most ${row.maxChars} characters`);
  }
  if (!row.multiLine && /[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) {
    return wrongOf(source, "must be one line without control characters");
  }
  const isShown = !row.secret && source.names.length === 0;
  if (!row.multiLine && invisibleIn(value) !== null) {
    return wrongOf(source, `must be ${allowed(row)}${oddity(value)}`);
  }
  if (row.pattern !== null && !row.pattern.regex.test(value)) {
    const repaired = isShown ? repairOf(row.pattern, value) : "";
    return mismatch(row, source, `${oddity(value)}${repaired}`);
  }
  return { ok: true, value, origins: source.origins };
}

/** The key itself is never said. */
function secretSlip(row: TextRow, value: string): string | null {
  if (!row.isPassword) return keySlip(value);
  return passwordSlip(value, /^\$\{(\w+)/.exec(row.default)?.[1] ?? "");
}

/** A number or a word of YAML where text is wanted: in quotes, if that would do. */
function asText(row: TextRow, value: unknown): string {
  if (typeof value !== "number" && typeof value !== "boolean") return "";
  const { pattern } = row;
  if (pattern === null || pattern.regex.test(String(value))) return "; put it in quotes";
  return repairOf(pattern, String(value));
}

/** Mechanical repairs of a text, of which the row's own pattern takes one. */
function repairOf(pattern: Pattern, value: string): string {
  const bare = value.replace(/^["'\u2018-\u201f]+|["'\u2018-\u201f]+$/gu, "").trim();
  const [, said = "", minutes = "", half = ""] =
    /^(\d{1,2})(?:[:.h](\d{1,2}))?(?:\s*([ap])\.?m\.?)?$/i.exec(bare) ?? [];
  const hours = said === "" ? "" : String(hoursOf(Number(said), half.toLowerCase()));
  // 22.30 is the number 22.3 to YAML.
  const ofMinutes = bare.includes(".") ? minutes.padEnd(2, "0") : minutes.padStart(2, "0");
  const candidates = [
    bare,
    bare.toLowerCase(),
    plainDashes(bare),
    ...(hours === "" || pattern.regex.test("a name")
      ? []
      : [`${hours.padStart(2, "0")}:${ofMinutes}`]),
  ];
  const repaired = candidates.find((one) => one !== value && one !== "" && pattern.regex.test(one));
  return repaired === undefined ? "" : `; did you mean "${repaired}"?`;
}

/** 10 pm is 22, 12 am and 24 are 0. */
function hoursOf(said: number, half: string): number {
  if (half === "") return said === 24 ? 0 : said;
  return (said % 12) + (half === "p" ? 12 : 0);
}

function readChoice(row: ChoiceRow<string>, source: Source): Reading {
  const { value } = source;
  if (typeof value !== "string") return mismatch(row, source, loneItem(row, value));
  if (row.values.includes(value)) return { ok: true, value };
  const shown = source.names.length === 0;
  const hint = shown ? didYouMean(value.trim(), row.values) : "";
  return mismatch(row, source, `${oddity(value)}${hint}`);
}

/** A list of one where no list is wanted. */
function loneItem(row: ChoiceRow<string>, value: unknown): string {
  const one: unknown = Array.isArray(value) && value.length === 1 ? value[0] : null;
  return typeof one === "string" && row.values.includes(one)
    ? `; write ${one}, without a list`
    : "";
}

const NUMERAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

function readNumber(row: NumberRow<string>, source: Source): Reading {
  let { value } = source;
  if (typeof value === "string") {
    const word = value;
    if (row.words.includes(word)) return { ok: true, value: word };
    const numeral = NUMERAL.test(word);
    if (source.names.length === 0) {
      return mismatch(row, source, numeral ? "; remove the quotes" : numberMeant(row, word));
    }
    if (numeral) value = Number(word);
  }
  if (typeof value !== "number" || Number.isNaN(value)) return mismatch(row, source);
  if (value < row.min || value > row.max) {
    const isPercent = row.max <= 1 && value >= 10 && value <= 100 && Number.isInteger(value);
    return mismatch(row, source, isPercent ? `; did you mean ${value / 100}?` : "");
  }
  if (row.whole && !Number.isInteger(value)) return mismatch(row, source);
  return { ok: true, value };
}

/** `0,8`, `80%`, `5 s`: what the number behind it may have been meant to be. */
function numberMeant(row: NumberRow<string>, word: string): string {
  // GPIO17 is pin 17; 1_000 is a thousand to YAML 1.1.
  const bare = word.replace(/^\s*(?:GPIO|BCM)\s*(?=\d)/i, "").replace(/(?<=\d)_(?=\d{3})/g, "");
  const [, digits = "", rest = ""] = /^\s*[$€]?([+-]?\d+(?:[.,]\d+)?)\s*(.*?)\s*$/.exec(bare) ?? [];
  if (digits === "") return `${oddity(word)}${didYouMean(word.trim(), row.words)}`;
  const plain = Number(digits.replace(",", "."));
  const value = rest === "%" ? plain / 100 : plain * inUnit(rest, row.unit);
  const isUnit = rest === "" || rest === "%" || value !== plain || row.unit.startsWith(rest);
  const fits = value >= row.min && value <= row.max && (!row.whole || Number.isInteger(value));
  return isUnit && fits ? `; write ${value}` : oddity(word);
}

/** How many of the row's unit one of the written unit is; 1 where that is nothing to convert. */
function inUnit(written: string, unit: string): number {
  const name = /^(ms|s|m|h)/.exec(written.trim().toLowerCase())?.[1];
  const [from, to] = [MS_IN[name ?? ""], MS_IN[unit]];
  return from === undefined || to === undefined ? 1 : from / to;
}

const MS_IN: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

const AFFIRMATIVE = ["yes", "on", "y", "1"];
const NEGATIVE = ["no", "off", "n", "0"];

function readBoolean(row: BooleanRow, source: Source): Reading {
  const { value, names } = source;
  if (typeof value === "boolean") return { ok: true, value };
  if (typeof value !== "string" && typeof value !== "number") return mismatch(row, source);
  const word = String(value).toLowerCase();
  if (names.length > 0) {
    if (word === "true" || word === "false") return { ok: true, value: word === "true" };
    return mismatch(row, source);
  }
  if (AFFIRMATIVE.includes(word)) return mismatch(row, source, "; write true");
  if (NEGATIVE.includes(word)) return mismatch(row, source, "; write false");
  const quoted = word === "true" || word === "false";
  return mismatch(row, source, quoted ? "; remove the quotes" : "");
}

function readList(row: ListRow, raw: unknown, around: Surroundings): Reading {
  const lone = row.loneText && typeof raw === "string";
  if (!lone && !Array.isArray(raw)) {
    const hint = typeof raw === "string" ? `; write [${splitAtCommas(raw)}]` : "";
    return wrong(`must be ${allowed(row)}, found ${kindOf(raw)}${hint}`);
  }
  // An empty text has always meant none.
  const items: readonly unknown[] = Array.isArray(raw)
    ? raw
    : raw === "" && row.minItems === 0
      ? []
      : [raw];
  if (items.length < row.minItems || items.length > row.maxItems) {
    return wrong(`must be ${allowed(row)}, found ${items.length}`);
  }
  const texts: string[] = [];
  const problems: ValueProblem[] = [];
  for (const [index, item] of items.entries()) {
    const message = readItem(row, item, around, texts);
    if (message !== null) problems.push(lone ? { message } : { message, item: index });
  }
  if (problems.length > 0) return { ok: false, problems };
  if (texts.length < items.length) return { ok: true, value: row.default, incomplete: true };
  return { ok: true, value: Object.freeze(texts) };
}

/** A list as it is spoken, as YAML writes it. */
function splitAtCommas(text: string): string {
  const parts = text.split(",").map((part) => part.trim());
  return parts
    .filter((part) => part !== "")
    .map(quoted)
    .join(", ");
}

/** Appends the item to `texts`, or says what is wrong with it; an incomplete one is left out. */
function readItem(
  row: ListRow,
  raw: unknown,
  around: Surroundings,
  texts: string[],
): string | null {
  const source = expanded(raw, false, around);
  if (typeof source === "string") return source;
  if (source.incomplete) return null;
  const { value } = source;
  if (typeof value !== "string" || !row.pattern.regex.test(value) || invisibleIn(value) !== null) {
    const odd = typeof value === "string" ? oddity(value) : "";
    return `must be ${row.pattern.says}, found ${found(source)}${odd}`;
  }
  if (texts.includes(value)) return `is in the list twice: ${found(source)}`;
  texts.push(value);
  return null;
}

/** Expands text; a string is the error message. */
function expanded(raw: unknown, secret: boolean, around: Surroundings): Source | string {
  if (typeof raw !== "string") {
    return { value: raw, names: [], origins: [], secret, incomplete: false };
  }
  const bare = shellName(raw);
  if (bare !== null) return bare;
  const expansion = expand(raw, around.env, around.missing);
  if (!expansion.ok) return expansion.problem;
  const { text, names, unset } = expansion;
  const blank = around.missing === "default" && names.length > 0 && text === "";
  const origins = names.filter((name) => (around.env[name] ?? "") !== "");
  return { value: text, names, origins, secret, incomplete: blank || unset.length > 0 };
}

function mismatch(row: Row, source: Source, hint = ""): Reading {
  return wrong(`must be ${allowed(row)}, found ${found(source)}${hint}`);
}

function empty(source: Source): string {
  const [name] = source.names;
  return name === undefined ? "must not be empty" : `must not be empty, but ${name} is empty`;
}

function wrong(message: string): Reading {
  return { ok: false, problems: [{ message }] };
}

/** A message that does not quote the value says where it came from, for it may not be in the file. */
function wrongOf({ origins }: Source, message: string): Reading {
  return wrong(`${message}${fromVariables(origins)}`);
}

/** As `; it comes from OPENAI_BASE_URL`, or nothing. */
export function fromVariables(names: readonly string[]): string {
  return names.length === 0 ? "" : `; it comes from ${names.join(" and ")}`;
}

function found(source: Source): string {
  if (source.names.length > 0) return `the value of ${source.names.join(" and ")}`;
  if (source.secret && typeof source.value === "string") return "other text";
  return kindOf(source.value);
}

/** A foreign value in a few words; text and numbers are quoted. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "object" ? "a section" : `a ${typeof value}`;
}

function quoted(value: string): string {
  // Hidden before it is cut: half a key is not recognised any more.
  return `"${oneLine(redactStrictly(oneLine(value)), QUOTED_MAX_CHARS)}"`;
}
