/**
 * What the model may call: one row a function. The session gets name, description and parameters of
 * it, and nothing else: any other field would fail the whole set-up.
 */

import { utf8Bytes } from "./result.ts";

/** JSON Schema of the arguments: an object. */
export type Parameters = Readonly<Record<string, unknown>>;

/** As the session is told of a function. */
export interface FunctionSpec {
  readonly name: string;
  readonly description: string;
  readonly parameters: Parameters;
}

export interface FunctionRow {
  /** As the owner and the model know it; see `wireName`. */
  readonly name: string;
  /** One or two sentences for the model: what it does, and when to call it. */
  readonly description: string;
  readonly parameters: Parameters;
  /** Where it runs. */
  readonly where: "built-in" | "command" | "http" | "mcp";
  /** After this it is ended, milliseconds. */
  readonly timeLimitMs: number;
  /** Of its result for the model, bytes of UTF-8. */
  readonly resultMaxBytes: number;
  /** The user is asked first. */
  readonly confirm: boolean;
  /** It takes long: the model is told at once that it has begun, and of the result later. */
  readonly long: boolean;
  /** A result that comes after the conversation may be spoken. */
  readonly after: boolean;
}

/** What is usual: the row says only what is different. */
export const USUAL = {
  timeLimitMs: 8_000,
  resultMaxBytes: 8_192,
  confirm: false,
  long: false,
  after: false,
} as const;

/** The API takes letters, digits, - and _, at most 64 of them. */
const NAME_MAX_CHARS = 64;
/** More than this, and the model chooses badly and each turn is dear. */
export const FUNCTIONS_MAX = 64;
/**
 * Of all functions together, about: half of what the API takes. It fails a set-up of more than 16,384
 * tokens ("Instructions cannot be longer than 16384 tokens"; community.openai.com/t/1378932,
 * 2026-04-14), and its developers' notes count functions with the instructions. The other half
 * is for those: the owner's, the memory, what Home Assistant tells of the house.
 */
export const OFFER_MAX_TOKENS = 8_192;

/** The name by which the API knows a function; two that would be one are told apart by a number. */
export function wireName(name: string, taken: ReadonlySet<string>): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, NAME_MAX_CHARS) || "_";
  let found = plain;
  for (let n = 2; taken.has(found); n++) {
    const mark = `_${n}`;
    found = plain.slice(0, NAME_MAX_CHARS - mark.length) + mark;
  }
  return found;
}

/** Of English and of JSON, about. */
export const BYTES_PER_TOKEN = 4;

/** What a function costs in each conversation, in tokens, about. */
export function tokensOf({ name, description, parameters }: FunctionSpec): number {
  const told = JSON.stringify({ type: "function", name, description, parameters });
  return Math.ceil(utf8Bytes(told) / BYTES_PER_TOKEN);
}

/** All functions of one moment, by the name that the API knows. Who is listed first is offered. */
export class Registry {
  readonly #rows = new Map<string, FunctionRow>();
  /** Names of rows for which there was no room: too many, or too long. */
  readonly surplus: readonly string[];
  /** Of all that are offered, about. */
  readonly tokens: number;

  constructor(rows: readonly FunctionRow[], disabled: readonly string[] = []) {
    const surplus: string[] = [];
    let tokens = 0;
    for (const row of rows) {
      if (disabled.includes(row.name)) continue;
      const own = tokensOf(row);
      // What does not fit is left out by itself: one huge schema costs no other function its place.
      if (this.#rows.size >= FUNCTIONS_MAX || tokens + own > OFFER_MAX_TOKENS) {
        surplus.push(row.name);
        continue;
      }
      tokens += own;
      this.#rows.set(wireName(row.name, new Set(this.#rows.keys())), row);
    }
    this.surplus = surplus;
    this.tokens = tokens;
  }

  /** `name`: the API's, or, where nothing else has it, the owner's. */
  find(name: string): FunctionRow | undefined {
    return this.#rows.get(name) ?? [...this.#rows.values()].find((row) => row.name === name);
  }

  get rows(): readonly FunctionRow[] {
    return [...this.#rows.values()];
  }

  /** As the session is told of them, in a fixed order: the same bytes each time. */
  get specs(): readonly FunctionSpec[] {
    return [...this.#rows].map(([name, { description, parameters }]) => ({
      name,
      description,
      parameters,
    }));
  }
}
