/**
 * A text whose lines are edited by the offsets of the original: notes above, lines turned into
 * comments, pieces replaced, lines added.
 *
 * Invariants: line ends stay as they are (LF or CRLF); a line without an edit comes out byte for
 * byte; edits may come in any order.
 */

/** Widest note, characters; the example file is as wide. */
const NOTE_WIDTH = 100;

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

interface LineEdits {
  readonly notes: string[];
  readonly pieces: Piece[];
  readonly below: { readonly column: number; readonly lines: readonly string[] }[];
  /** The column at which the line becomes a comment; null: it stays. */
  comment: number | null;
}

export class LineEditor {
  readonly #text: string;
  readonly #eol: string;
  /** Offsets at which the lines begin. */
  readonly #starts: readonly number[];
  readonly #edits: Map<number, LineEdits> = new Map();
  readonly #atEnd: Map<string, string[]> = new Map();

  constructor(text: string) {
    this.#text = text;
    this.#eol = text.includes("\r\n") ? "\r\n" : "\n";
    const starts = [0];
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1))
      starts.push(at + 1);
    this.#starts = starts;
  }

  /** Is there nothing but blanks before this offset in its line? */
  beginsLine(offset: number): boolean {
    return this.#text.slice(this.#start(this.#lineOf(offset)), offset).trim() === "";
  }

  sameLine(from: number, to: number): boolean {
    return this.#lineOf(from) === this.#lastLine(from, to);
  }

  /** Characters before this offset in its line. */
  column(offset: number): number {
    return offset - this.#start(this.#lineOf(offset));
  }

  /** A blank where the character before lacks one: `key:` needs it before its value. */
  blankBefore(offset: number): string {
    return /[ \t]/.test(this.#text[offset - 1] ?? "") ? "" : " ";
  }

  /** Puts a comment above the line of this offset, at its column. */
  note(offset: number, words: string): void {
    if (words === "") return;
    const indent = " ".repeat(this.column(offset));
    this.#of(this.#lineOf(offset)).notes.push(...wrapped(words, indent));
  }

  /** Makes every line from this offset to that one a comment; blank lines and comments stay. */
  commentOut(from: number, to: number): void {
    const column = this.column(from);
    for (let line = this.#lineOf(from); line <= this.#lastLine(from, to); line++) {
      this.#of(line).comment = column;
    }
  }

  replace(start: number, end: number, text: string): void {
    this.#of(this.#lineOf(start)).pieces.push({ start, end, text });
  }

  /**
   * Adds lines below the one in which the text that ends at this offset has its last character, and
   * below comments indented further: those are about what stands above, and a block of text would
   * swallow them.
   */
  insertBelow(offset: number, lines: readonly string[], column: number): void {
    const indent = " ".repeat(column);
    const below = lines.map((line) => (line === "" ? line : indent + line));
    let line = this.#lastLine(0, offset);
    while (this.#isDeeperComment(line + 1, column)) line++;
    this.#of(line).below.push({ column, lines: below });
  }

  /**
   * The end of the line in the section that begins at `header` which has this key of it as a comment,
   * as an example file has; null without one.
   */
  commentedKey(header: number, name: string, column: number): number | null {
    const top = this.column(header);
    const isIt = (text: string): boolean => text.startsWith(`${" ".repeat(column)}#${name}:`);
    for (let line = this.#lineOf(header) + 1; line < this.#starts.length; line++) {
      const text = this.#text.slice(this.#start(line), this.#starts[line + 1] ?? this.#text.length);
      const body = text.trimEnd();
      if (isIt(body)) return this.#start(line) + body.length;
      const isContent = body !== "" && !body.trimStart().startsWith("#");
      if (isContent && body.length - body.trimStart().length <= top) return null;
    }
    return null;
  }

  /** Adds lines below `header` at the end of the text; one header for all that are added below it. */
  appendSection(header: string, lines: readonly string[]): void {
    this.#atEnd.set(header, [...(this.#atEnd.get(header) ?? []), ...lines]);
  }

  text(): string {
    const out: string[] = [];
    for (const [line, start] of this.#starts.entries()) {
      const end = this.#starts[line + 1] ?? this.#text.length;
      const raw = this.#text.slice(start, end);
      const edits = this.#edits.get(line);
      if (edits === undefined) {
        out.push(raw);
        continue;
      }
      const body = raw.replace(/\r?\n$/, "");
      const ending = raw.slice(body.length);
      // What is indented further belongs to the section that ends here, the rest to those around it.
      const below = edits.below.toSorted((a, b) => b.column - a.column);
      const added = below.flatMap((its) => its.lines);
      const lines = [...edits.notes, edited(body, start, edits), ...added];
      out.push(lines.join(this.#eol), ending);
    }
    return this.#closed(out.join(""));
  }

  #closed(text: string): string {
    if (this.#atEnd.size === 0) return text;
    const added = [...this.#atEnd].flatMap(([header, lines]) => ["", header, ...lines]);
    const before = text === "" || text.endsWith("\n") ? text : text + this.#eol;
    return before + added.join(this.#eol) + this.#eol;
  }

  #of(line: number): LineEdits {
    const known = this.#edits.get(line);
    if (known !== undefined) return known;
    const fresh: LineEdits = { notes: [], pieces: [], below: [], comment: null };
    this.#edits.set(line, fresh);
    return fresh;
  }

  #start(line: number): number {
    return this.#starts[line] ?? 0;
  }

  #isDeeperComment(line: number, column: number): boolean {
    const start = this.#starts[line];
    if (start === undefined) return false;
    const text = this.#text.slice(start, this.#starts[line + 1] ?? this.#text.length);
    const indent = text.length - text.trimStart().length;
    return indent > column && text.trimStart().startsWith("#");
  }

  #lineOf(offset: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#start(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The line of the last character that is not blank between the two offsets. */
  #lastLine(from: number, to: number): number {
    const piece = this.#text.slice(from, to).trimEnd();
    return this.#lineOf(from + Math.max(0, piece.length - 1));
  }
}

function edited(body: string, start: number, edits: LineEdits): string {
  let line = body;
  for (const { start: from, end, text } of edits.pieces.toSorted((a, b) => b.start - a.start)) {
    line = line.slice(0, from - start) + text + line.slice(end - start);
  }
  const { comment } = edits;
  if (comment === null || line.trim() === "" || line.trimStart().startsWith("#")) return line;
  const column = Math.min(comment, line.length - line.trimStart().length);
  return `${line.slice(0, column)}#${line.slice(column)}`;
}

function wrapped(words: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of words.split(" ")) {
    if (line.length + 1 + word.length > NOTE_WIDTH) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
