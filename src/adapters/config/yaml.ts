/**
 * YAML text to a tree of plain data, with the place of every key and value.
 *
 * Invariants: any text is answered, none throws or takes long (depth, aliases and problems are
 * bounded); a message never quotes the file, for it may hold a key.
 */

import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type YAMLError,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { NAME_KEYS } from "../../core/settings/read-value.ts";
import type { Locate, Position, Problem } from "../../core/settings/validate.ts";
import { slipAt } from "../../core/settings/yaml-slips.ts";
import type { Slip } from "../../core/settings/yaml-value-slips.ts";

/**
 * Deepest nesting. The table needs three levels. The parser of `yaml` 2.9.1 recurses, and at some
 * tens of thousands of brackets it takes the whole process down: V8 gives up on a regular
 * expression compiled at the end of the stack.
 */
const DEPTH_MAX = 32;
/** Times an alias may be resolved; a handful is honest, an "alias bomb" has millions. */
const ALIASES_MAX = 100;

/**
 * Keys, and parts of lists in brackets. The table has some hundred; each is compared with all others
 * of its section, and twenty thousand would stop the daemon for half a minute.
 */
export const KEYS_MAX = 2_000;
/** What stands behind a key, or between two of them. */
const KEY_SIGNS = [":", ",", "?"];

/** Problems the parser reports that are passed on. */
const PROBLEMS_MAX = 20;

export interface ParsedYaml {
  /** Null when the text cannot be read as one tree. */
  readonly document: { readonly tree: unknown; readonly locate: Locate } | null;
  readonly problems: readonly Problem[];
}

/** Errors that leave the tree as it was meant, so that its values can be checked as well. */
const HARMLESS = ["DUPLICATE_KEY", "TAG_RESOLVE_FAILED"];

/** Warnings after which the tree is not what the author meant. */
const GRAVE_WARNINGS = ["TAG_RESOLVE_FAILED", "BAD_DIRECTIVE"];

/** Parses the text of a configuration file. Never throws. */
export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const tokens = tokenise(text, lines);
  if ("message" in tokens) return failed({ ...at(tokens.at), key: "", message: tokens.message });
  const composer = new Composer({
    lineCounter: lines,
    stringKeys: true,
    resolveKnownTags: false,
    logLevel: "silent",
  });
  const [document, second] = composer.compose(tokens, true, text.length);
  if (document === undefined)
    return failed({ line: 1, column: 1, key: "", message: "is not YAML" });
  const problems = parserProblems(document, text, at);
  if (second !== undefined) {
    const place = at(second.range[0]);
    problems.push({ ...place, key: "", message: "a second document begins (---); one is allowed" });
  }
  const readable = document.errors.every((error) => HARMLESS.includes(error.code));
  if (!readable || second !== undefined) return { document: null, problems };
  return withTree(document, text, problems, at);
}

type At = (offset: number) => Position;

function failed(problem: Problem): ParsedYaml {
  return { document: null, problems: [problem] };
}

/** The tokens of the text, or the offset at which there is too much of something. */
function tokenise(
  text: string,
  lines: LineCounter,
): readonly CST.Token[] | { readonly at: number; readonly message: string } {
  let keys = 0;
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (KEY_SIGNS.includes(lexeme)) keys++;
    if (parser.stack.length > DEPTH_MAX) {
      return { at: parser.offset, message: `nested more than ${DEPTH_MAX} levels deep` };
    }
    if (keys > KEYS_MAX) {
      return { at: parser.offset, message: `more than ${KEYS_MAX} keys: is it the right file?` };
    }
  }
  tokens.push(...parser.end());
  return tokens;
}

/** What the parser has to say, one problem a line: one slip often causes several messages. */
function parserProblems(document: Document.Parsed, text: string, at: At): Problem[] {
  const warnings = document.warnings.filter(({ code }) => GRAVE_WARNINGS.includes(code));
  const perLine = new Map<number, Problem>();
  const lines = text.split(/\r?\n/);
  const reported = new Set<number>();
  for (const error of [...document.errors, ...warnings]) {
    const { line, column } = at(error.pos[0]);
    const { code, message } = error;
    const found: Slip = slipAt(lines, { code, line, column, message }) ?? {
      line,
      column,
      message: parserMessage(error),
    };
    if (reported.has(line) || reported.has(found.line)) continue;
    reported.add(line).add(found.line);
    perLine.set(found.line, { ...found, key: "" });
    if (perLine.size >= PROBLEMS_MAX) break;
  }
  return [...perLine.values()];
}

const IN_OUR_WORDS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indented with a tab; use spaces",
  TAG_RESOLVE_FAILED: "tags (!name) are not supported; put text that begins with ! in quotes",
  BAD_DIRECTIVE: "directives (%NAME) are not supported",
  MULTIPLE_TAGS: "put text that begins with ! in quotes",
  BAD_COLLECTION_TYPE: "put text that begins with ! in quotes",
  BAD_PROP_ORDER: "put text that begins with ! or & in quotes",
};

const LAST_RESORT =
  "cannot be read from here on: compare indentation, colons, quotes and brackets with the lines around it; text with signs in it belongs in quotes";

/** What none of the common slips explains: the library's own words may hold a piece of the file. */
function parserMessage({ code }: YAMLError): string {
  return IN_OUR_WORDS[code] ?? LAST_RESORT;
}

function withTree(
  document: Document.Parsed,
  text: string,
  problems: Problem[],
  at: At,
): ParsedYaml {
  const trouble = aliasTrouble(document, at);
  if (trouble !== null) return { document: null, problems: [...problems, trouble] };
  const lost = anchorTrouble(document, text, at);
  if (lost !== null) problems.push(lost);
  joinTwins(document);
  try {
    const tree: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
    return { document: { tree, locate: locator(document, at) }, problems };
  } catch {
    const bomb = { line: 1, column: 1, key: "", message: TOO_MANY_ALIASES };
    return { document: null, problems: [...problems, bomb] };
  }
}

/**
 * A section that stands twice is refused once. What it holds is not wanting besides, so its two halves
 * are read as one.
 */
function joinTwins(document: Document.Parsed): void {
  visit(document, {
    Map: (_, map) => {
      const sections = new Map<string, YAMLMap>();
      map.items = map.items.filter(({ key, value }) => {
        if (!isScalar(key) || !isMap(value)) return true;
        const name = String(key.value);
        const first = sections.get(name);
        if (first === undefined) sections.set(name, value);
        else first.items.push(...value.items);
        return first === undefined;
      });
    },
  });
}

const TOO_MANY_ALIASES = "aliases (*name) expand without limit; write the values out";

function aliasTrouble(document: Document.Parsed, at: At): Problem | null {
  const aliases: Alias[] = [];
  visit(document, {
    Alias: (_, alias) => {
      aliases.push(alias);
    },
  });
  const problem = (alias: Alias | undefined, message: string): Problem => {
    return { ...at(alias?.range?.[0] ?? 0), key: "", message };
  };
  if (aliases.length > ALIASES_MAX) return problem(aliases[ALIASES_MAX], TOO_MANY_ALIASES);
  const dangling = aliases.find((alias) => alias.resolve(document) === undefined);
  if (dangling === undefined) return null;
  return problem(
    dangling,
    "put text that begins with * in quotes (to YAML, *name is an alias, and its &name is not there)",
  );
}

/** `&be nice` is the text "nice" by the name of "be": where no alias names it, it was meant as text. */
function anchorTrouble(document: Document.Parsed, text: string, at: At): Problem | null {
  const named = new Set<string>();
  const anchored: { readonly anchor: string; readonly from: number }[] = [];
  visit(document, {
    Alias: (_, { source }) => {
      named.add(source);
    },
    Scalar: (_, { anchor, range }) => {
      if (anchor !== undefined) anchored.push({ anchor, from: range?.[0] ?? 0 });
    },
  });
  const unused = anchored.find(({ anchor }) => !named.has(anchor));
  if (unused === undefined) return null;
  const offset = text.lastIndexOf(`&${unused.anchor}`, unused.from);
  return { ...at(Math.max(0, offset)), key: "", message: UNUSED_ANCHOR };
}

const UNUSED_ANCHOR =
  "put text that begins with & in quotes (to YAML, &name is an anchor, and no *name refers to it)";

/** Finds the place of a path, or of its nearest parent that the file has. */
function locator(document: Document.Parsed, at: At): Locate {
  return (path, part) => {
    let node: unknown = document.contents;
    let offset = startOf(node) ?? 0;
    // Of what the file does not have, the heading is shown: the first key below it is not to blame.
    let heading = offset;
    for (const [index, name] of path.entries()) {
      const step = child(node, name);
      if (step === null) return at(isSeq(node) ? offset : heading);
      heading = startOf(step.key) ?? heading;
      const wanted = index === path.length - 1 && part === "key" ? step.key : step.value;
      offset = startOf(wanted) ?? startOf(step.key) ?? offset;
      node = step.value;
    }
    return at(offset);
  };
}

interface Step {
  readonly key: unknown;
  readonly value: unknown;
}

function child(node: unknown, name: string | number): Step | null {
  if (isSeq(node)) {
    const item: unknown = typeof name === "number" ? node.items[name] : named(node, name);
    return item === undefined ? null : { key: item, value: item };
  }
  if (!isMap(node)) return null;
  // Of a key that stands twice, the last one counts: toJS does the same.
  const pair = node.items.findLast(({ key }) => isScalar(key) && String(key.value) === name);
  return pair === undefined ? null : { key: pair.key, value: pair.value };
}

/** The item of a list that has this name: such a list is read as a block with names. */
function named(list: YAMLSeq, name: string): unknown {
  return list.items.find((item) => isMap(item) && NAME_KEYS.some((key) => item.get(key) === name));
}

function startOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
