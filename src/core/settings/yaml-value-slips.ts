/**
 * Slips inside one value: quotes, brackets, blocks of text, and signs that mean something to YAML.
 *
 * Invariant: as in yaml-slips.ts, a message never quotes the file.
 */

export interface Slip {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** What the parser found, and where it looked by then. */
export interface Found {
  readonly code: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type Rule = (lines: readonly string[], found: Found) => Slip | null;

export function textOf(lines: readonly string[], line: number): string {
  return lines[line - 1] ?? "";
}

export function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}

export function isContent(text: string): boolean {
  return /^\s*[^\s#]/.test(text);
}

/** The nearest line with content, from `line` on by `step`; null at the end. */
export function content(lines: readonly string[], line: number, step: 1 | -1): number | null {
  for (let at = line; at >= 1 && at <= lines.length; at += step) {
    if (isContent(textOf(lines, at))) return at;
  }
  return null;
}

/** Behind it stands text of several lines. */
export const BLOCK_HEAD = /:\s*[|>][-+\d]*\s*(#.*)?$/;

export const VALUE_RULES: readonly Rule[] = [
  backslash,
  tabInText,
  behindBlockSign,
  blanksAbove,
  commentSign,
  aliasSign,
  dashInValue,
  doubleBraces,
  leftBracket,
  comma,
  behindBracket,
  behindMark,
  longKey,
];

/** `"C:\Users"`: only some letters may follow a backslash. */
function backslash(_lines: readonly string[], { code, line, column }: Found): Slip | null {
  if (code !== "BAD_DQ_ESCAPE") return null;
  const message =
    "inside \"…\", write \\\\ for a backslash; or put the text into '…', where it is plain";
  return { line, column, message };
}

/** A tab at the beginning of a line, where the parser speaks of the lines beside it. */
function tabInText(lines: readonly string[], { code, line }: Found): Slip | null {
  if (!["BAD_INDENT", "MISSING_CHAR", "MULTILINE_IMPLICIT_KEY"].includes(code)) return null;
  const before = content(lines, line - 1, -1) ?? line;
  const at = [before, line].find((one) => /^\s*\t/.test(textOf(lines, one)));
  return at === undefined
    ? null
    : { line: at, column: 1, message: "indented with a tab; use spaces" };
}

/** `> text` in one line, `|99`. */
function behindBlockSign(lines: readonly string[], { code, line }: Found): Slip | null {
  const [, head = "", sign = "", rest = ""] =
    /^(\s*(?:- )?[\w.-]+\s*:\s+)([|>])\s*(\S.*)$/.exec(textOf(lines, line)) ?? [];
  if (sign === "" || code === "BAD_INDENT") return null;
  const at = { line, column: head.length + 1 };
  if (/^[-+\d]*#/.test(rest)) return { ...at, message: "put a space before the #" };
  if (/^[-+\d]+(\s|$)/.test(rest)) {
    if (code !== "UNEXPECTED_TOKEN") return null;
    return { ...at, message: `behind ${sign} there may be one - or one +, and nothing else` };
  }
  if (rest.startsWith("#")) return null;
  const message = `behind ${sign} the text begins on the next line, indented deeper than its key; for one line, remove the ${sign}`;
  return { ...at, message };
}

/** The first line of a text has more blanks than the text, and nothing else. */
function blanksAbove(lines: readonly string[], { message: said, line }: Found): Slip | null {
  if (!said.startsWith("Block scalars with more-indented")) return null;
  const column = indentOf(textOf(lines, line)) + 1;
  return {
    line,
    column,
    message: "the empty line above has more blanks than this text: remove them",
  };
}

function commentSign(
  _lines: readonly string[],
  { message: said, line, column }: Found,
): Slip | null {
  if (!said.startsWith("Comments must be")) return null;
  return { line, column, message: "put a space before the #, or the whole text in quotes" };
}

/** `*be nice*`, `& more`. */
function aliasSign(lines: readonly string[], { code, line }: Found): Slip | null {
  const codes = [
    "UNEXPECTED_TOKEN",
    "BAD_ALIAS",
    "ALIAS_PROPS",
    "MULTIPLE_ANCHORS",
    "NON_STRING_KEY",
  ];
  const [, head = "", sign = ""] =
    /^(\s*(?:- )?(?:[\w.-]+\s*:\s+)?)([*&])/.exec(textOf(lines, line)) ?? [];
  if (sign === "" || !codes.includes(code)) return null;
  const message = `put text that begins with ${sign} in quotes`;
  return { line, column: head.length + 1, message };
}

function dashInValue(
  _lines: readonly string[],
  { message: said, line, column }: Found,
): Slip | null {
  if (!said.startsWith("Unexpected block-seq-ind")) return null;
  const message =
    "put text that begins with - in quotes; the items of a list stand on lines of their own";
  return { line, column, message };
}

/** `{{NAME}}`, as templates of other programs have it; a list or a section in front of a colon. */
function doubleBraces(lines: readonly string[], { code, line, column }: Found): Slip | null {
  const text = textOf(lines, line);
  if (code !== "NON_STRING_KEY" || /^\s*- /.test(text)) return null;
  if (text.includes("{{")) {
    const message = `the value of a variable is written \${NAME}, not {{NAME}}`;
    return { line, column: text.indexOf("{{") + 1, message };
  }
  return { line, column, message: "a key is a name: put other text before a colon in quotes" };
}

/** What stands between brackets is no deeper than its key, or written as a list of lines. */
function leftBracket(lines: readonly string[], { message: said, line }: Found): Slip | null {
  const sign = /end with a ([\]}])/.exec(said)?.[1];
  if (sign === undefined) return null;
  const opener = sign === "]" ? "[" : "{";
  const isOpen = (text: string): boolean => text.split(opener).length > text.split(sign).length;
  const at = lines.slice(0, line).findLastIndex(isOpen) + 1;
  const closed = lines.slice(at).find((text) => text.includes(sign) || text.includes(opener));
  if (at === 0 || closed === undefined || closed.includes(opener)) return null;
  const column = indentOf(textOf(lines, line)) + 1;
  const message = /^\s*- /.test(textOf(lines, line))
    ? "inside [ ], items are separated by commas, without -"
    : `indent all lines up to the ${sign} deeper than the key in line ${at}`;
  return { line, column, message };
}

function comma(
  lines: readonly string[],
  { code, message: said, line, column }: Found,
): Slip | null {
  if (/^Unexpected (?:,|empty item) in flow/.test(said)) {
    return { line, column, message: "there is a comma too many" };
  }
  const before = textOf(lines, line).slice(0, column - 1);
  const isInside = before.split(/[[{]/).length > before.split(/[\]}]/).length;
  const isWanting =
    said.startsWith("Missing ,") ||
    code === "BLOCK_IN_FLOW" ||
    (code === "MULTILINE_IMPLICIT_KEY" && isInside);
  if (!isWanting) return null;
  return { line, column, message: "inside [ ] and { }, put a comma between values" };
}

function behindBracket(lines: readonly string[], { code, line, column }: Found): Slip | null {
  const sign = /([\]}])\s*$/.exec(textOf(lines, line).slice(0, column - 1))?.[1];
  if (code !== "UNEXPECTED_TOKEN" || sign === undefined) return null;
  return { line, column, message: `nothing may follow the ${sign}; put the whole text in quotes` };
}

/** `--- openai:`, `... text`. */
function behindMark(lines: readonly string[], { code, line, column }: Found): Slip | null {
  const mark = /^(---|\.\.\.)\s+\S/.exec(textOf(lines, line))?.[1];
  if (mark === undefined || (code !== "MISSING_CHAR" && code !== "UNEXPECTED_TOKEN")) return null;
  return { line, column, message: `remove the ${mark} at the beginning of this line` };
}

function longKey(_lines: readonly string[], { code, line, column }: Found): Slip | null {
  if (code !== "KEY_OVER_1024_CHARS") return null;
  const message = "put the text in quotes, or remove it: there is no name of so many characters";
  return { line, column, message };
}

/** What is left of wrong columns when all else has been looked at. */
export function otherColumn(
  lines: readonly string[],
  { code, message: said, line }: Found,
): Slip | null {
  const isItem = said.startsWith("All sequence items") || said.startsWith("Sequence item without");
  if (!isItem && !(code === "BAD_INDENT" && said.startsWith("All mapping items"))) return null;
  const message =
    "does not belong to the line above it: begin all keys of a section in one column, and all items of a list with - in one column";
  return { line, column: indentOf(textOf(lines, line)) + 1, message };
}
