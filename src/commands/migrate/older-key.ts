/**
 * What a row of the table of older keys is made of: the key as the migration guide's system had it,
 * and what becomes of it here.
 *
 * Invariants: a mapping is pure and total, whatever stands in the file; a value that it sets is valid
 * by the row of its key, or is a `${NAME}` that only the service's environment can judge.
 */

import type { OlderName } from "../../core/settings/older-names.ts";
import { readValue } from "../../core/settings/read-value.ts";
import type { Value } from "../../core/settings/row.ts";
import type { SettingKey } from "../../core/settings/table.ts";
import { TABLE } from "../../core/settings/table-rows.ts";

/** What a mapping may look at besides its own value. */
export interface Older {
  /** The value at this dotted key of the file; undefined where there is none. */
  readonly at: (key: string) => unknown;
  /** YYYY-MM-DD; which models are gone depends on it. */
  readonly today: string;
  /** A Picovoice AccessKey is set somewhere: in the file, the environment or the old .env. */
  readonly hasAccessKey: boolean;
}

export interface Assignment {
  readonly key: SettingKey;
  readonly value: Value;
}

export type Outcome =
  /** It stands as it is; a remark where it means something else today. */
  | { readonly tag: "keep"; readonly remark: string }
  | { readonly tag: "set"; readonly values: readonly Assignment[]; readonly why: string }
  /** Its lines become comments. */
  | { readonly tag: "gone"; readonly why: string }
  | { readonly tag: "problem"; readonly message: string };

export interface OlderKey {
  /** Dotted, as in the older file. */
  readonly key: OlderName;
  /** The keys of today that may take its place; none where it is gone. */
  readonly now: readonly SettingKey[];
  /** One sentence for config/MIGRATING.md and for the list that the owner reads. */
  readonly why: string;
  readonly move: (value: unknown, older: Older) => Outcome;
}

/** The row of a key that nothing takes the place of. */
export function gone(key: OlderName, why: string): OlderKey {
  return { key, now: [], why, move: () => ({ tag: "gone", why }) };
}

/** The row of a key whose value `convert` makes into one of today's. */
export function becomes(
  key: OlderName,
  now: SettingKey | readonly SettingKey[],
  why: string,
  move: (value: unknown, older: Older) => Outcome,
): OlderKey {
  return { key, now: typeof now === "string" ? [now] : now, why, move };
}

/** The row of a key that keeps its value under another name. */
export function renamed(key: OlderName, now: SettingKey, why: string): OlderKey {
  return becomes(key, now, why, (value) => assign(now, value, why));
}

/** Number under another name, forced into the bounds of today's key after `scale`. */
export function renamedNumber(key: OlderName, now: SettingKey, why: string, scale = 1): OlderKey {
  return becomes(key, now, why, (value) => assignNumber(now, value, why, scale));
}

/** Sets one key, or says why the value cannot be it. Nothing to set leaves the line as a comment. */
export function assign(key: SettingKey, value: unknown, why: string): Outcome {
  if (value === null || value === undefined) return { tag: "gone", why: "It has no value" };
  const around = { env: {}, missing: "default" } as const;
  const reading = readValue(TABLE[key], value, around);
  if (!reading.ok) {
    const [problem] = reading.problems;
    return { tag: "problem", message: `becomes ${key}, which ${problem?.message ?? "differs"}` };
  }
  // A template stays as it is written: it is the service's environment that expands it.
  const kept = typeof value === "string" && isTemplate(value) ? value : reading.value;
  return { tag: "set", values: [{ key, value: kept }], why };
}

export function assignNumber(key: SettingKey, value: unknown, why: string, scale = 1): Outcome {
  const given = numeral(value);
  if (given === null) return assign(key, value, why);
  const row = TABLE[key];
  if (row.kind !== "number") return assign(key, value, why);
  const scaled = row.whole ? Math.round(given * scale) : given * scale;
  const fit = Math.min(row.max, Math.max(row.min, scaled));
  const note = fit === scaled ? why : `${why}; from ${row.min} to ${row.max} is allowed`;
  return assign(key, fit, note);
}

/** Contains a `${NAME}`: what it will be is not known here. */
export function isTemplate(value: unknown): boolean {
  return typeof value === "string" && value.includes("${");
}

const NUMERAL = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)\s*$/;

/** A number, or text that is one; the older system took both. */
export function numeral(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  return typeof value === "string" && NUMERAL.test(value) ? Number(value) : null;
}

/** true and false as YAML 1.1 and the older system wrote them; null for anything else. */
export function truth(value: unknown): boolean | null {
  if (typeof value === "boolean") return value;
  if (typeof value !== "string") return null;
  const word = value.toLowerCase();
  if (["true", "yes", "on"].includes(word)) return true;
  return ["false", "no", "off"].includes(word) ? false : null;
}

export function keep(remark = ""): Outcome {
  return { tag: "keep", remark };
}
