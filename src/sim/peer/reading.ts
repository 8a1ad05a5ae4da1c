/**
 * Reads a YAML (or JSON) document into typed values. Strict: an unknown key, a wrong type or a value
 * out of range is a problem with file, line and column; all problems are found in one go.
 * A field that cannot be read takes its default, so that reading goes on.
 */

import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type LineCounter } from "yaml";
import { didYouMean } from "../../core/suggest.ts";
import type { JsonValue } from "./json.ts";

/** Collects what is wrong with one document. */
export class Reading {
  readonly #file: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly problems: string[] = [];

  constructor(file: string, document: Document.Parsed, lines: LineCounter) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
  }

  fail(node: unknown, path: string, message: string): void {
    const key = path === "" ? "" : `${path}: `;
    this.problems.push(`${this.where(node)} ${key}${message}`);
  }

  /** `file:line:column` of a node. */
  where(node: unknown): string {
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${line}:${col}`;
  }

  resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  json(node: unknown): JsonValue {
    const value: JsonValue = isNode(node) ? node.toJS(this.#document) : null;
    return value;
  }
}

/** How a value is read, and what stands for it when it is absent. */
export interface Field<T> {
  readonly absent: T;
  readonly read: (node: unknown, reading: Reading, path: string) => T;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
export type Values<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

function scalar<T, A>(
  absent: A,
  what: string,
  accept: (value: unknown) => value is T,
): Field<T | A> {
  return {
    absent,
    read: (node, reading, path) => {
      const value = isScalar(node) ? node.value : undefined;
      if (accept(value)) return value;
      reading.fail(node, path, `expected ${what}`);
      return absent;
    },
  };
}

export function text<A>(absent: A): Field<string | A> {
  return scalar(absent, "a text", (value) => typeof value === "string");
}

export function flag<A>(absent: A): Field<boolean | A> {
  return scalar(absent, "true or false", (value) => typeof value === "boolean");
}

export function number<A>(absent: A, least: number, most: number): Field<number | A> {
  return scalar(
    absent,
    `a number from ${least} to ${most}`,
    (value): value is number => typeof value === "number" && value >= least && value <= most,
  );
}

export function integer<A>(absent: A, least: number, most: number): Field<number | A> {
  return scalar(
    absent,
    `a whole number from ${least} to ${most}`,
    (value): value is number =>
      typeof value === "number" && Number.isInteger(value) && value >= least && value <= most,
  );
}

export function oneOf<T extends string, A>(absent: A, names: readonly T[]): Field<T | A> {
  const known = new Map<unknown, T>(names.map((name) => [name, name]));
  return {
    absent,
    read: (node, reading, path) => {
      const value = isScalar(node) ? known.get(node.value) : undefined;
      if (value !== undefined) return value;
      reading.fail(
        node,
        path,
        `expected one of ${names.join(", ")}${didYouMean(shown(node), names)}`,
      );
      return absent;
    },
  };
}

/** Any JSON; undefined when absent. */
export function anything(): Field<JsonValue | undefined> {
  return { absent: undefined, read: (node, reading) => reading.json(node) };
}

/** Null where it says null. */
export function nullable<T>(field: Field<T>): Field<T | null> {
  return {
    absent: field.absent,
    read: (node, reading, path) =>
      isScalar(node) && node.value === null ? null : field.read(node, reading, path),
  };
}

/** Null when absent. */
export function optional<T>(field: Field<T>): Field<T | null> {
  return { absent: null, read: field.read };
}

export function list<T, A>(absent: A, item: Field<T>): Field<readonly T[] | A> {
  return {
    absent,
    read: (node, reading, path) => {
      if (!isSeq(node)) {
        reading.fail(node, path, "expected a list");
        return absent;
      }
      return node.items.map((entry, index) =>
        item.read(reading.resolve(entry), reading, `${path}[${index}]`),
      );
    },
  };
}

/** A map with exactly these keys, each of them optional. */
export function record<F extends Fields>(fields: F): Field<Values<F>> {
  return {
    absent: defaults(fields),
    read: (node, reading, path) => {
      if (isMap(node)) return readMap(node.items, fields, reading, path);
      reading.fail(node, path, "expected a map");
      return defaults(fields);
    },
  };
}

/** Reads, then makes something else of it; `make` may report a problem and answer all the same. */
export function made<T, U>(
  field: Field<T>,
  make: (value: T, fail: (message: string) => void, where: string) => U,
): Field<U> {
  return {
    absent: make(field.absent, () => {}, ""),
    read: (node, reading, path) => {
      const value = field.read(node, reading, path);
      const fail = (message: string): void => reading.fail(node, path, message);
      return make(value, fail, reading.where(node));
    },
  };
}

/** A map whose other keys depend on the value of one of them. */
export function variants<T>(
  key: string,
  cases: Readonly<Record<string, Field<T>>>,
  otherwise: T,
): Field<T> {
  const names = Object.keys(cases);
  return {
    absent: otherwise,
    read: (node, reading, path) => {
      const name = isMap(node) ? node.get(key) : undefined;
      const field = typeof name === "string" ? cases[name] : undefined;
      if (field !== undefined) return field.read(node, reading, path);
      const said = typeof name === "string" ? didYouMean(name, names) : "";
      reading.fail(node, path, `expected '${key}' to be one of ${names.join(", ")}${said}`);
      return otherwise;
    },
  };
}

function defaults<F extends Fields>(fields: F): Values<F> {
  const entries = Object.entries(fields).map(([key, field]) => [key, field.absent]);
  return typed<F>(Object.fromEntries(entries));
}

function readMap<F extends Fields>(
  pairs: readonly { readonly key: unknown; readonly value: unknown }[],
  fields: F,
  reading: Reading,
  path: string,
): Values<F> {
  const values: Record<string, unknown> = defaults(fields);
  for (const pair of pairs) {
    const key = shown(pair.key);
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const inner = path === "" ? key : `${path}.${key}`;
    if (field === undefined) {
      reading.fail(pair.key, inner, `unknown key${didYouMean(key, Object.keys(fields))}`);
    } else {
      values[key] = field.read(reading.resolve(pair.value), reading, inner);
    }
  }
  return typed<F>(values);
}

/** The one place where values read key by key become the type their fields make together. */
function typed<F extends Fields>(values: Record<string, unknown>): Values<F> {
  return values as Values<F>;
}

function shown(node: unknown): string {
  return isScalar(node) ? String(node.value) : String(node);
}
