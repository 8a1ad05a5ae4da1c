/**
 * Edits of a configuration's text that leave alone whatever they do not mean: comments, order,
 * blanks, quotes and numbers as they are written.
 *
 * The YAML parser only says where things stand; the lines themselves are edited. (Printing the
 * parsed document again would keep the comments, too, but turn `0755` into `755`, and move blanks.)
 * A section in braces on one line cannot be edited by lines: it alone is printed anew, as a block.
 *
 * Invariant: the result is text; whether it is the configuration that was meant is for the caller
 * to check by parsing it.
 */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  type Pair,
  parseDocument,
  stringify,
  visit,
} from "yaml";
import type { Value } from "../../core/settings/row.ts";
import type { Path } from "../../core/settings/validate.ts";
import { LineEditor } from "./line-editor.ts";
import type { Edit } from "./plan.ts";

export type Edited =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly path: Path; readonly message: string };

/** The text after the edits. The text must be one that parseYaml takes. */
export function editYaml(text: string, edits: readonly Edit[]): Edited {
  if (edits.length === 0) return { ok: true, text };
  const blocks = asBlocks(text, edits);
  const editor = new Editor(blocks);
  for (const edit of edits) {
    const trouble = editor.apply(edit);
    if (trouble !== null) return trouble;
  }
  return { ok: true, text: editor.text() };
}

/**
 * The text with the maps in braces of the sections that the edits touch written as blocks; every
 * other line stays byte for byte.
 */
function asBlocks(text: string, edits: readonly Edit[]): string {
  const document = parseDocument(text);
  const { contents } = document;
  if (!isMap(contents)) return text;
  if (contents.flow === true) return blockText(text);
  const touched = new Set(edits.map((edit) => sectionOf(edit)));
  const pairs = contents.items
    .filter((pair) => touched.has(nameOf(pair)))
    .flatMap((pair) => flowPairs(pair));
  return pairs.toReversed().reduce(withBlock, text);
}

/** The outermost pairs of a section whose value is a map in braces. */
function flowPairs(pair: Pair<unknown, unknown>): readonly Pair<unknown, unknown>[] {
  const { value } = pair;
  if (!isMap(value)) return [];
  if (value.flow === true) return value.items.length > 0 ? [pair] : [];
  return value.items.flatMap((below) => flowPairs(below));
}

/** One such pair as a block, at its column; a comment behind it goes to the line of its key. */
function withBlock(text: string, pair: Pair<unknown, unknown>): string {
  const range = rangeOf(pair);
  if (range === null) return text;
  const eol = newline(text);
  const lineStart = text.lastIndexOf("\n", range.start - 1) + 1;
  const indent = " ".repeat(range.start - lineStart);
  const lines = blockText(text.slice(range.start, range.end)).trimEnd().split("\n");
  const comment = /^[ \t]*#[^\r\n]*/.exec(text.slice(range.end))?.[0] ?? "";
  const [head = "", ...rest] = lines;
  const block = [head + comment, ...rest.map((line) => (line === "" ? line : indent + line))];
  return text.slice(0, range.start) + block.join(eol) + text.slice(range.end + comment.length);
}

function sectionOf(edit: Edit): string {
  return edit.tag === "put" ? (edit.key.split(".")[0] ?? "") : String(edit.path[0]);
}

/** A document of one or more keys with no map in braces. */
function blockText(text: string): string {
  const document = parseDocument(text);
  visit(document, {
    Map: (_, map) => {
      map.flow = false;
    },
  });
  return document.errors.length > 0 ? text : document.toString({ lineWidth: 0 });
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** From the key to the end of its value, comments behind it left out. */
function rangeOf(pair: Pair<unknown, unknown>): Range | null {
  const key = isScalar(pair.key) ? pair.key.range : null;
  if (key === null || key === undefined) return null;
  const value = nodeRange(pair.value);
  return { start: key[0], end: Math.max(key[1], value?.[1] ?? 0) };
}

function nodeRange(node: unknown): readonly [number, number, number] | null {
  if (isMap(node) || isScalar(node) || isAlias(node)) return node.range ?? null;
  if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)) {
    const [from, to, end] = node.range.map(Number);
    if (from !== undefined && to !== undefined && end !== undefined) return [from, to, end];
  }
  return null;
}

function nameOf(pair: Pair<unknown, unknown>): string {
  return isScalar(pair.key) ? String(pair.key.value) : "";
}

function newline(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

const BEHIND_ALIAS = "is an alias (*name) or an unusual form; write it out as a block";

class Editor {
  readonly #document: Document.Parsed;
  readonly #sheet: LineEditor;

  constructor(text: string) {
    this.#document = parseDocument(text);
    this.#sheet = new LineEditor(text);
  }

  text(): string {
    return this.#sheet.text();
  }

  apply(edit: Edit): Extract<Edited, { ok: false }> | null {
    if (edit.tag === "put") return this.#put(edit.key.split("."), edit.value);
    const pair = this.#find(edit.path);
    const range = pair && rangeOf(pair);
    if (pair === null || range === null || !this.#sheet.beginsLine(range.start)) {
      return { ok: false, path: edit.path, message: BEHIND_ALIAS };
    }
    if (edit.tag === "rewrite") return this.#rewrite(pair, edit.path, edit.name, edit.value);
    this.#sheet.note(range.start, edit.note);
    this.#sheet.commentOut(range.start, edit.tag === "off" ? range.end : range.start);
    return null;
  }

  #rewrite(
    pair: Pair<unknown, unknown>,
    path: Path,
    name: string,
    value: Value | null,
  ): Extract<Edited, { ok: false }> | null {
    const key = isScalar(pair.key) ? pair.key.range : null;
    const old = nodeRange(pair.value);
    const range = rangeOf(pair);
    if (key === null || key === undefined || range === null || old === null) {
      return { ok: false, path, message: BEHIND_ALIAS };
    }
    if (value !== null && !this.#onOneLine(range, value)) {
      this.#sheet.commentOut(range.start, range.end);
      this.#sheet.insertBelow(range.end, keyLines(name, value), this.#sheet.column(range.start));
      return null;
    }
    if (name !== nameOf(pair)) this.#sheet.replace(key[0], key[1], name);
    if (value === null) return null;
    const gap = old[0] === old[1] ? this.#sheet.blankBefore(old[0]) : "";
    this.#sheet.replace(old[0], old[1], gap + inline(value));
    return null;
  }

  #onOneLine(range: Range, value: Value): boolean {
    const prose = typeof value === "string" && value.includes("\n");
    return !prose && this.#sheet.sameLine(range.start, range.end);
  }

  #put(path: readonly string[], value: Value): Extract<Edited, { ok: false }> | null {
    const present = this.#find(path);
    const name = path.at(-1) ?? "";
    if (present !== null) return this.#rewrite(present, path, name, value);
    let map: unknown = this.#document.contents;
    let header: Pair<unknown, unknown> | null = null;
    for (const [depth, section] of path.slice(0, -1).entries()) {
      const next = child(map, section);
      if (next === null) return this.#newSection(path.slice(depth), value, header, map);
      header = next;
      map = next.value;
    }
    return this.#append(header, map, [], keyLines(name, value), path);
  }

  /** Sections that the file has not, with one key, below those that it has. */
  #newSection(
    rest: readonly string[],
    value: Value,
    header: Pair<unknown, unknown> | null,
    map: unknown,
  ): Extract<Edited, { ok: false }> | null {
    const sections = rest.slice(0, -1);
    const lines = keyLines(rest.at(-1) ?? "", value);
    const indented = lines.map((line) =>
      line === "" ? line : "  ".repeat(sections.length) + line,
    );
    const opened = sections.map((name, depth) => `${"  ".repeat(depth)}${name}:`);
    if (header === null) {
      this.#sheet.appendSection(opened[0] ?? "", [...opened.slice(1), ...indented]);
      return null;
    }
    return this.#append(header, map, opened, indented, rest);
  }

  #append(
    header: Pair<unknown, unknown> | null,
    map: unknown,
    before: readonly string[],
    lines: readonly string[],
    path: Path,
  ): Extract<Edited, { ok: false }> | null {
    const start = header && rangeOf(header)?.start;
    const keyEnd = header !== null && isScalar(header.key) ? header.key.range?.[1] : undefined;
    if (keyEnd === undefined || start === null || start === undefined) {
      return { ok: false, path, message: BEHIND_ALIAS };
    }
    if (isMap(map) && map.items.length > 0) {
      const [first] = map.items;
      const last = map.items.at(-1);
      const from = first && rangeOf(first)?.start;
      const end = last && rangeOf(last)?.end;
      if (from === undefined || end === undefined)
        return { ok: false, path, message: BEHIND_ALIAS };
      const column = this.#sheet.column(from);
      const name = before.length === 0 ? String(path.at(-1) ?? "") : "";
      const example = name === "" ? null : this.#sheet.commentedKey(start, name, column);
      this.#sheet.insertBelow(example ?? end, [...before, ...lines], column);
      return null;
    }
    const empty = !isMap(map) && isScalar(map) && map.value === null;
    if (!empty) return { ok: false, path, message: BEHIND_ALIAS };
    const column = this.#sheet.column(start) + 2;
    this.#sheet.insertBelow(keyEnd, [...before, ...lines], column);
    return null;
  }

  #find(path: Path): Pair<unknown, unknown> | null {
    let node: unknown = this.#document.contents;
    let pair: Pair<unknown, unknown> | null = null;
    for (const name of path) {
      pair = child(node, String(name));
      if (pair === null) return null;
      node = pair.value;
    }
    return pair;
  }
}

function child(node: unknown, name: string): Pair<unknown, unknown> | null {
  if (!isMap(node)) return null;
  return node.items.findLast((pair) => nameOf(pair) === name) ?? null;
}

/** `name: value` as YAML, a text of several lines as a block. */
function keyLines(name: string, value: Value): readonly string[] {
  const plain = Array.isArray(value) ? [...value] : value;
  if (typeof plain === "string" && plain.includes("\n")) {
    return stringify({ [name]: plain }, { lineWidth: 0, blockQuote: "literal" })
      .trimEnd()
      .split("\n");
  }
  return [`${name}: ${inline(value)}`];
}

/** A value on one line. */
function inline(value: Value): string {
  if (Array.isArray(value)) return `[${value.map((item) => inline(item)).join(", ")}]`;
  if (typeof value === "object") return JSON.stringify(value); // JSON is YAML.
  if (typeof value !== "string") return String(value);
  return stringify(value, { lineWidth: 0 }).trimEnd();
}
