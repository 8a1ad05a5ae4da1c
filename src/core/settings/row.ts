/**
 * The kinds of rows that the settings table is made of. A row holds everything there is to know
 * about one key: default, bounds, unit, reload class and sentence; the validator, the example file,
 * the JSON Schema and the reference are all derived from it.
 *
 * Invariant: a row is plain data (no behaviour), and its default is valid by its own bounds.
 */

/** When a change takes effect: at once, at the next conversation, or at the next start. */
export type Reload = "live" | "session" | "restart";

/** A rule for text, and the same rule in words ("must be …"). */
export interface Pattern {
  readonly regex: RegExp;
  readonly says: string;
}

interface Common {
  readonly reload: Reload;
  /** Sentences for the owner; the first one says what the key does. */
  readonly doc: string;
  /** As written after a number: ms, s, tokens … Empty where the value has none. */
  readonly unit: string;
}

export interface TextRow extends Common {
  readonly kind: "text";
  /** May be a template such as `${NAME:-text}`; it is expanded like a value of the file. */
  readonly default: string;
  /** Never shown: not in a message, not in a listing. */
  readonly secret: boolean;
  /** A secret that somebody thought of: it may look like anything. */
  readonly isPassword: boolean;
  readonly multiLine: boolean;
  /** Empty is a problem. */
  readonly required: boolean;
  readonly pattern: Pattern | null;
  readonly maxChars: number;
}

export interface ChoiceRow<V extends string> extends Common {
  readonly kind: "choice";
  readonly default: V;
  readonly values: readonly V[];
}

export interface NumberRow<W extends string> extends Common {
  readonly kind: "number";
  readonly default: number | W;
  readonly whole: boolean;
  /** Both bounds belong to the range. */
  readonly min: number;
  readonly max: number;
  /** Words that may stand in place of a number, such as `inf`. */
  readonly words: readonly W[];
}

export interface BooleanRow extends Common {
  readonly kind: "boolean";
  readonly default: boolean;
}

export interface ListRow extends Common {
  readonly kind: "list";
  readonly default: readonly string[];
  readonly minItems: number;
  readonly maxItems: number;
  readonly pattern: Pattern;
  /** A lone text counts as a list of one. */
  readonly loneText: boolean;
}

/** Plain data of any shape: names with what they stand for. */
export type Tree = Readonly<Record<string, unknown>>;

/** A block with names of the owner's choosing; what may stand below them is a rule of rules.ts. */
export interface TreeRow extends Common {
  readonly kind: "tree";
  readonly default: Tree;
  /** JSON Schema of what stands below each name, for editors. */
  readonly below: Tree;
  /** A list whose items have a `name` counts as well. */
  readonly orList: boolean;
}

export type Row = TextRow | ChoiceRow<string> | NumberRow<string> | BooleanRow | ListRow | TreeRow;

/** What a setting can be. */
export type Value = string | number | boolean | readonly string[] | Tree;

/** What stands in the brackets of every builder. */
interface Basics<T> {
  readonly default: T;
  readonly reload: Reload;
  readonly doc: string;
}

/** Longest one-line text, characters: far above any name, address or key. */
const TEXT_MAX_CHARS = 1_000;
/** Longest text of several lines, characters: about 8,000 tokens, a quarter of a small model's context. */
const PROSE_MAX_CHARS = 32_000;

/** A header or an address takes these; anything else in a key is a slip of the clipboard. */
export const VISIBLE_ASCII: Pattern = {
  regex: /^[\x21-\x7e]*$/,
  says: "visible ASCII characters without spaces",
};
const NO_TILDE: Pattern = {
  regex: /^(?!~)/,
  says: "a path without ~ (write the full path)",
};

type TextOptions = Basics<string> & Partial<Pick<TextRow, "required" | "pattern" | "maxChars">>;

function textRow(options: TextOptions, rest: Partial<TextRow>): TextRow {
  return {
    kind: "text",
    unit: "",
    secret: false,
    isPassword: false,
    multiLine: false,
    required: false,
    pattern: null,
    maxChars: TEXT_MAX_CHARS,
    ...rest,
    ...options,
  };
}

/** A default that comes from the environment; without `otherwise` the variable must be set. */
export function fromEnvironment(name: string, otherwise?: string): string {
  return otherwise === undefined ? `\${${name}}` : `\${${name}:-${otherwise}}`;
}

/** Text of one line. */
export function text(options: TextOptions): TextRow {
  return textRow(options, {});
}

/** Text of any number of lines. */
export function prose(options: Basics<string>): TextRow {
  return textRow(options, { multiLine: true, maxChars: PROSE_MAX_CHARS });
}

/** Text that is never shown. */
export function secretText(
  options: Basics<string> & Partial<Pick<TextRow, "required" | "pattern">>,
): TextRow {
  return textRow(options, { secret: true, pattern: VISIBLE_ASCII });
}

/** A secret that somebody thought of. */
export function password(options: Basics<string> & Pick<TextRow, "pattern">): TextRow {
  return textRow(options, { secret: true, isPassword: true });
}

/** Files; relative ones count from the folder in which the program was started. */
export function paths(options: Omit<ListOptions, "pattern" | "loneText">): ListRow {
  return list({ ...options, pattern: NO_TILDE, loneText: true });
}

/** A file or folder; relative ones count from the folder in which the program was started. */
export function path(options: TextOptions): TextRow {
  return textRow(options, { pattern: NO_TILDE });
}

/** One of a few words. */
export function oneOf<const V extends string>(
  values: readonly V[],
  options: Basics<NoInfer<V>>,
): ChoiceRow<V> {
  return { kind: "choice", unit: "", values, ...options };
}

type NumberOptions<W extends string> = Basics<number | W> & {
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
};

/** A number, whole or not. */
export function number(options: NumberOptions<never>): NumberRow<never> {
  return { kind: "number", unit: "", whole: false, words: [], ...options };
}

/** A whole number. */
export function int(options: NumberOptions<never>): NumberRow<never> {
  return { kind: "number", unit: "", whole: true, words: [], ...options };
}

/** A whole number, or a word in its place. */
export function intOr<const W extends string>(
  words: readonly W[],
  options: NumberOptions<NoInfer<W>>,
): NumberRow<W> {
  return { kind: "number", unit: "", whole: true, words, ...options };
}

/** A number, whole or not, or a word in its place. */
export function numberOr<const W extends string>(
  words: readonly W[],
  options: NumberOptions<NoInfer<W>>,
): NumberRow<W> {
  return { kind: "number", unit: "", whole: false, words, ...options };
}

/** true or false. */
export function boolean(options: Basics<boolean>): BooleanRow {
  return { kind: "boolean", unit: "", ...options };
}

type ListOptions = Basics<readonly string[]> &
  Pick<ListRow, "minItems" | "maxItems" | "pattern" | "loneText">;

/** A block with names of the owner's choosing. */
export function tree(
  options: Basics<Tree> & Pick<TreeRow, "below"> & Partial<Pick<TreeRow, "orList">>,
): TreeRow {
  return { kind: "tree", unit: "", orList: false, ...options };
}

/** A list of texts. */
export function list(options: ListOptions): ListRow {
  return { kind: "list", unit: "", ...options };
}
