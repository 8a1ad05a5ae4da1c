/**
 * The slips that everybody makes in YAML, in our own words and at the line that was written: the
 * parser speaks of compact mappings and of implicit keys, often a line beside the slip.
 *
 * Invariant: a message never quotes the file, for it may hold a key; only names of the table are said.
 */

import { invisibleIn } from "./odd-characters.ts";
import { ROWS, SECTIONS } from "./table.ts";
import {
  BLOCK_HEAD,
  content,
  type Found,
  indentOf,
  isContent,
  otherColumn,
  type Rule,
  type Slip,
  textOf,
  VALUE_RULES,
} from "./yaml-value-slips.ts";

/** Every name that a line may begin with. */
const NAMES: ReadonlySet<string> = new Set(
  [...ROWS.map(([key]) => key), ...Object.keys(SECTIONS)].flatMap((key) => key.split(".")),
);
/** Keys of one section: `name: Pipit` inside a text is no key where the section has no `name`. */
function areSiblings(one: string, other: string): boolean {
  const paths = ROWS.map(([key]) => key);
  const parents = paths.filter((key) => lastName(key) === one).map(parentOf);
  return paths.some((key) => lastName(key) === other && parents.includes(parentOf(key)));
}

const parentOf = (key: string): string => key.slice(0, Math.max(0, key.lastIndexOf(".")));
const lastName = (key: string): string => key.slice(key.lastIndexOf(".") + 1);

/** An item of a list. */
const ITEM = /^\s*-(\s|$)/;
const KEY_LINE = /^(\s*)([\w.-]+)\s*:(\s|$)/;

/** The slip behind what the parser found; null where none of these is. */
export function slipAt(lines: readonly string[], found: Found): Slip | null {
  for (const rule of RULES) {
    const slip = rule(lines, found);
    if (slip !== null) return slip;
  }
  return null;
}

const RULES: readonly Rule[] = [
  conflict,
  twice,
  oldLineEnds,
  invisibleIndent,
  reserved,
  ...VALUE_RULES,
  deeper,
  colonInText,
  listBelow,
  openBracket,
  openQuote,
  behindQuote,
  variableInBraces,
  strayBracket,
  textBlock,
  raggedText,
  dashAlone,
  iniSection,
  noColon,
  unevenIndent,
  otherColumn,
];

/** As ` of voice`, where the name is one of the table's. */
function named(name: string, before: string): string {
  return NAMES.has(name) ? `${before}${name}` : "";
}

/** What git leaves where two changes met. */
function conflict(lines: readonly string[]): Slip | null {
  const line = lines.findIndex((text) => /^<{7}(?:\s|$)/.test(text)) + 1;
  if (line === 0 || !lines.some((text) => /^>{7}(?:\s|$)/.test(text))) return null;
  const message =
    "marks of a merge conflict begin here (<<<<<<<): keep one of the two versions, and remove the marks";
  return { line, column: 1, message };
}

/** A lone carriage return ends a line in very old editors, and none in YAML: all is one line. */
function oldLineEnds(lines: readonly string[], { line }: Found): Slip | null {
  const column = textOf(lines, line).search(/\r(?!$)/) + 1;
  if (column === 0) return null;
  const message =
    "lines end with a carriage return alone; save the file with line ends of Unix or Windows";
  return { line, column, message };
}

function twice(lines: readonly string[], { code, line, column }: Found): Slip | null {
  if (code !== "DUPLICATE_KEY") return null;
  const name = /^[\w.-]+/.exec(textOf(lines, line).slice(column - 1))?.[0] ?? "";
  const same = (text: string): boolean =>
    indentOf(text) === column - 1 && KEY_LINE.exec(text)?.[2] === name;
  const first = lines.slice(0, line - 1).findLastIndex(same) + 1;
  const where = first === 0 ? "" : `, the first time in line ${first}`;
  const isSection = /^[\w.-]+\s*:\s*(#|$)/.test(textOf(lines, line).slice(column - 1));
  const message = isSection
    ? `${NAMES.has(name) ? `the section ${name}` : "this section"} stands twice${where}; put all its keys into one`
    : `${named(name, "") || "this key"} is set twice in its section${where}; keep one`;
  return { line, column, message };
}

/** Web pages indent with no-break spaces, which are letters to YAML. */
function invisibleIndent(lines: readonly string[], { line }: Found): Slip | null {
  for (const at of [line, line + 1]) {
    const lead = /^[\s\u00a0\u2000-\u200f\u202f\u3000\ufeff]*/.exec(textOf(lines, at))?.[0] ?? "";
    const odd = invisibleIn(lead);
    if (odd === null) continue;
    const message = `an invisible character (${odd.what}) is used to indent; use plain spaces`;
    return { line: at, column: odd.at, message };
  }
  return null;
}

function reserved(lines: readonly string[], { code, line, column }: Found): Slip | null {
  if (code !== "BAD_SCALAR_START") return null;
  const sign = textOf(lines, line).charAt(column - 1);
  return { line, column, message: `put the text in quotes: it begins with ${sign}` };
}

/** The next key stands deeper than this one, which has a value already. */
function deeper(lines: readonly string[], { code, line }: Found): Slip | null {
  const text = textOf(lines, line);
  if (code !== "BLOCK_AS_IMPLICIT_KEY" || !KEY_LINE.test(text)) return null;
  const next = content(lines, line + 1, 1);
  if (next === null || /:\s.*:(\s|$)/.test(text)) return null;
  const below = textOf(lines, next);
  if (!KEY_LINE.test(below) || indentOf(below) <= indentOf(text)) return null;
  const message = `is indented by ${indentOf(below)}, line ${line} above it by ${indentOf(text)}: begin both in the same column`;
  return { line: next, column: indentOf(below) + 1, message };
}

function colonInText(lines: readonly string[], { code, line }: Found): Slip | null {
  const match = /^(\s*(?:- )?["']?[\w.-]+["']?\s*:\s+)(\S.*)$/.exec(textOf(lines, line));
  if (code !== "BLOCK_AS_IMPLICIT_KEY" || match === null) return null;
  const [, head = "", value = ""] = match;
  const column = head.length + 1;
  if (value.startsWith("? ")) {
    return { line, column, message: "put the text in quotes: it begins with a question mark" };
  }
  const second = /(?:^|\s)([\w-]+):(\s|$)/.exec(value);
  if (second === null) return null;
  const first = /[\w.-]+/.exec(head)?.[0] ?? "";
  const isKey = areSiblings(first, second[1] ?? "") && /^\S+\s+[\w-]+:(\s|$)/.test(value);
  const message = isKey
    ? `${second[1]} is on the line of another key; put it on its own line`
    : "put the text in quotes: it has a colon in it";
  return { line, column, message };
}

function listBelow(lines: readonly string[], { message: said, line }: Found): Slip | null {
  const text = textOf(lines, line);
  if (!said.startsWith("A block sequence") && !ITEM.test(text)) return null;
  const at = ITEM.test(text) ? line : (content(lines, line + 1, 1) ?? line);
  const before = content(lines, at - 1, -1) ?? at;
  const column = indentOf(textOf(lines, at)) + 1;
  if (ITEM.test(textOf(lines, before))) {
    const message = `begin this - in the same column as the one in line ${before}`;
    return { line: at, column, message };
  }
  if (/:\s*(#.*)?$/.test(textOf(lines, before))) {
    const message = `indent the list deeper than its key in line ${before}`;
    return { line: at, column, message };
  }
  const message = "a list cannot follow a value: write [one, two] after the key";
  return { line: at, column, message };
}

/** `[` or `{` without its partner: told where it was opened. */
function openBracket(lines: readonly string[], { message: said, line }: Found): Slip | null {
  const sign = /end with a ([\]}])/.exec(said)?.[1];
  if (sign === undefined) return null;
  const opener = sign === "]" ? "[" : "{";
  const isOpen = (text: string): boolean => text.split(opener).length > text.split(sign).length;
  const at = lines.slice(0, line).findLastIndex(isOpen) + 1;
  if (at === 0) return null;
  const column = textOf(lines, at).lastIndexOf(opener) + 1;
  return { line: at, column, message: `the ${opener} that begins here has no ${sign}` };
}

function openQuote(lines: readonly string[], { message: said }: Found): Slip | null {
  const sign = /Missing closing (["'])/.exec(said)?.[1];
  if (sign === undefined) return null;
  const opens =
    sign === '"' ? /(?:[:,[{-]\s*|^\s*)"(?:[^"\\]|\\.?)*$/ : /(?:[:,[{-]\s*|^\s*)'[^']*$/;
  const at = lines.findIndex((text) => opens.test(text)) + 1;
  if (at === 0) return null;
  const column = textOf(lines, at).indexOf(sign) + 1;
  const next = textOf(lines, at + 1);
  if (
    next.includes(sign) &&
    !KEY_LINE.test(next) &&
    indentOf(next) <= indentOf(textOf(lines, at))
  ) {
    const message = `indent this line deeper than the key in line ${at}: it belongs to the text in quotes`;
    return { line: at + 1, column: indentOf(next) + 1, message };
  }
  return { line: at, column, message: `the quote (${sign}) that begins here has no end` };
}

function behindQuote(lines: readonly string[], { code, line, column }: Found): Slip | null {
  const before = textOf(lines, line).slice(0, column - 1);
  if (code !== "UNEXPECTED_TOKEN" || !/["']\s*$/.test(before)) return null;
  const isSingle = /'\s*$/.test(before);
  const how = isSingle ? "inside '…', write '' for '" : 'inside "…", write \\" for "';
  return { line, column, message: `nothing may follow the closing quote; ${how}` };
}

function variableInBraces(lines: readonly string[], { line, column }: Found): Slip | null {
  if (!textOf(lines, line).includes("${")) return null;
  return { line, column, message: "inside { } and [ ], put $" + "{NAME} in quotes" };
}

function strayBracket(lines: readonly string[], { code, line, column }: Found): Slip | null {
  const sign = textOf(lines, line).charAt(column - 1);
  if (code !== "UNEXPECTED_TOKEN" || (sign !== "}" && sign !== "]")) return null;
  return { line, column, message: `this ${sign} closes nothing; remove it` };
}

/** Text behind | or > stands no deeper than its key. */
function textBlock(lines: readonly string[], { code, line }: Found): Slip | null {
  if (code !== "MULTILINE_IMPLICIT_KEY" && code !== "MISSING_CHAR") return null;
  const before = content(lines, line - 1, -1);
  if (before === null || !BLOCK_HEAD.test(textOf(lines, before))) return null;
  const column = indentOf(textOf(lines, line)) + 1;
  return { line, column, message: `indent the text deeper than its key in line ${before}` };
}

/** Text behind | or > is as deep as its first line; a later one stands further left. */
function raggedText(lines: readonly string[], { code, line }: Found): Slip | null {
  const its = indentOf(textOf(lines, line));
  const isLeft = (text: string): boolean => isContent(text) && indentOf(text) < its;
  const key = lines.slice(0, line - 1).findLastIndex(isLeft) + 1;
  if (code !== "BAD_INDENT" || !BLOCK_HEAD.test(textOf(lines, key))) return null;
  const message = `the text of line ${key} begins in line ${key + 1}: indent this line as deep as that`;
  return { line, column: its + 1, message };
}

/** `-name` in a list. */
function dashAlone(lines: readonly string[], { code, line }: Found): Slip | null {
  const text = textOf(lines, line);
  if (code !== "MULTILINE_IMPLICIT_KEY" && code !== "MISSING_CHAR") return null;
  if (!/^\s*-[^\s-]/.test(text)) return null;
  return { line, column: indentOf(text) + 1, message: "put a space after the -" };
}

/** `[openai]`, as in the files of other programs. */
function iniSection(lines: readonly string[], { line, code }: Found): Slip | null {
  if (code !== "UNEXPECTED_TOKEN" && code !== "MISSING_CHAR") return null;
  const at = content(lines, line - 1, -1);
  const name = /^\[([\w.-]+)\]\s*$/.exec(at === null ? "" : textOf(lines, at))?.[1];
  if (at === null || name === undefined) return null;
  const like = Object.hasOwn(SECTIONS, name) ? ` (${name}:)` : "";
  const message = `a section is written name:${like}, with its keys indented below it; not in brackets`;
  return { line: at, column: 1, message };
}

/** The parser wanted a key and got none: a colon is missing, or the blank behind it. */
function noColon(lines: readonly string[], { code, line }: Found): Slip | null {
  if (code !== "MULTILINE_IMPLICIT_KEY" && code !== "MISSING_CHAR") return null;
  const text = textOf(lines, line);
  const column = indentOf(text) + 1;
  const [, name = "", rest = ""] = /^\s*([\w.-]+)(.*)$/.exec(text) ?? [];
  const at = { line, column };
  if (/^:\S/.test(rest)) {
    return { ...at, message: `put a space after the colon${named(name, " of ")}` };
  }
  if (/^\s*=/.test(rest)) return { ...at, message: "write a colon and a space instead of =" };
  if (text.trimStart().startsWith("//")) return { ...at, message: "a comment begins with #" };
  if (/^\s*[\uff1a\ufe55\u2236\ua789]/u.test(rest)) {
    return { ...at, message: `the colon${named(name, " after ")} is not the plain one; write :` };
  }
  if (NAMES.has(name) && /^(\s|$)/.test(rest)) {
    return { ...at, message: `a colon is missing after ${name}` };
  }
  const message =
    "this is not a key with a value (name: value); text of several lines needs | after its key and a deeper indentation";
  return { ...at, message };
}

function unevenIndent(lines: readonly string[], { code, line }: Found): Slip | null {
  const text = textOf(lines, line);
  const before = content(lines, line - 1, -1);
  if (code !== "BAD_INDENT" || before === null || !KEY_LINE.test(text)) return null;
  const [its, above] = [indentOf(text), indentOf(textOf(lines, before))];
  if (its === above) return null;
  const message = `is indented by ${its}, line ${before} above it by ${above}: begin both in the same column`;
  return { line, column: its + 1, message };
}
