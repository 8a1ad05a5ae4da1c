/**
 * A small strict reader of ini files, as far as Python's configparser writes persona files:
 * `[section]`, `name = value` or `name: value`, comments at the start of a line (`#`, `;`), and
 * values that go on in indented lines.
 *
 * Invariants: any text is answered; names are taken in small letters; whatever is not of this form,
 * or stands there twice, is a problem with its line, never a guess.
 */

/** Lines read; a persona has a hundred. */
const LINES_MAX = 5_000;

export interface IniProblem {
  /** Counts from 1. */
  readonly line: number;
  readonly message: string;
}

/** Sections by name (small letters), each with its values by name. */
export type Ini = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type ParsedIni =
  | { readonly ok: true; readonly ini: Ini }
  | { readonly ok: false; readonly problems: readonly IniProblem[] };

const SECTION = /^\[([^\]\r\n]+)\]\s*(?:[#;].*)?$/;
const ENTRY = /^([^\s=:#;[][^=:]*?)\s*[=:]\s?(.*)$/;

export function parseIni(text: string): ParsedIni {
  const reading = new Reading();
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  if (lines.length > LINES_MAX) {
    return { ok: false, problems: [{ line: LINES_MAX, message: `more than ${LINES_MAX} lines` }] };
  }
  for (const [index, line] of lines.entries()) reading.take(line, index + 1);
  const { problems } = reading;
  return problems.length > 0 ? { ok: false, problems } : { ok: true, ini: reading.ini() };
}

class Reading {
  readonly problems: IniProblem[] = [];
  readonly #sections: Map<string, Map<string, string>> = new Map();
  #section: Map<string, string> | null = null;
  #name: string | null = null;

  take(line: string, number: number): void {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) return;
    const header = SECTION.exec(trimmed)?.[1];
    const [, name, value] = ENTRY.exec(trimmed) ?? [];
    if (line !== line.trimStart()) this.#goOn(trimmed, number);
    else if (header !== undefined) this.#open(header.trim().toLowerCase(), number);
    else if (name === undefined || value === undefined) {
      this.#report(number, "neither [section] nor name = value");
    } else this.#put(name.toLowerCase(), value.trim(), number);
  }

  ini(): Ini {
    const sections = [...this.#sections].map(
      ([name, values]) => [name, Object.fromEntries(values)] as const,
    );
    return Object.fromEntries(sections);
  }

  #report(line: number, message: string): void {
    this.problems.push({ line, message });
  }

  #open(name: string, number: number): void {
    this.#name = null;
    if (this.#sections.has(name)) this.#report(number, "this section occurs twice");
    this.#section = new Map();
    this.#sections.set(name, this.#section);
  }

  #put(name: string, value: string, number: number): void {
    if (this.#section === null) {
      this.#report(number, "a value before the first [section]");
      return;
    }
    if (this.#section.has(name)) this.#report(number, "this name occurs twice in its section");
    this.#section.set(name, value);
    this.#name = name;
  }

  #goOn(more: string, number: number): void {
    if (this.#section === null || this.#name === null) {
      this.#report(number, "an indented line with no value before it");
      return;
    }
    const before = this.#section.get(this.#name) ?? "";
    this.#section.set(this.#name, before === "" ? more : `${before}\n${more}`);
  }
}
