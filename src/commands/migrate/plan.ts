/**
 * From the tree of a configuration file of any age to what is to be done with its lines.
 *
 * Invariants: every key of the tree is answered once (kept, changed, gone, or left to the validator);
 * a key of today's that the file sets is never overwritten by an older one; a file of today gives a
 * plan without edits.
 */

import type { Value } from "../../core/settings/row.ts";
import { isSettingKey, SECTIONS, type SettingKey } from "../../core/settings/table.ts";
import { TABLE } from "../../core/settings/table-rows.ts";
import type { Path } from "../../core/settings/validate.ts";
import {
  type Assignment,
  isTemplate,
  numeral,
  type Older,
  type OlderKey,
  type Outcome,
  truth,
} from "./older-key.ts";
import { goneSection, olderKey } from "./older-keys.ts";

export type Edit =
  /** The lines of the key become comments, below a note (none when it is empty). */
  | { readonly tag: "off"; readonly path: Path; readonly note: string }
  /** The line that opens a section, likewise; its keys have edits of their own. */
  | { readonly tag: "section-off"; readonly path: Path; readonly note: string }
  /** Another name, another value (null leaves it as it is written), at the same place. */
  | {
      readonly tag: "rewrite";
      readonly path: Path;
      readonly name: string;
      readonly value: Value | null;
    }
  /** A key of today: rewritten where the file has it, else added at the end of its section. */
  | { readonly tag: "put"; readonly key: SettingKey; readonly value: Value };

export interface Changed {
  readonly path: Path;
  readonly was: unknown;
  readonly now: readonly Assignment[];
  readonly why: string;
}

export interface Gone {
  readonly path: Path;
  readonly was: unknown;
  readonly why: string;
}

export interface Kept {
  readonly path: Path;
  readonly remark: string;
}

export interface PlanProblem {
  readonly path: Path;
  readonly message: string;
}

export interface Plan {
  readonly changed: readonly Changed[];
  readonly gone: readonly Gone[];
  readonly kept: readonly Kept[];
  readonly problems: readonly PlanProblem[];
  readonly edits: readonly Edit[];
}

/** Which part of `facts` depends on more than the file. */
export type PlanFacts = Omit<Older, "at">;

/** What migrating this tree takes. */
export function planMigration(tree: unknown, facts: PlanFacts): Plan {
  const planner = new Planner(tree, facts);
  planner.section(tree, []);
  return planner.plan();
}

/** The value at a dotted key; undefined where there is none. */
function valueAt(tree: unknown, key: string): unknown {
  let node: unknown = tree;
  for (const name of key.split(".")) {
    if (!isMap(node) || !Object.hasOwn(node, name)) return undefined;
    node = node[name];
  }
  return node;
}

function isMap(node: unknown): node is Record<string, unknown> {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}

function isSectionOfToday(path: readonly string[]): boolean {
  return Object.hasOwn(SECTIONS, path.join("."));
}

class Planner {
  readonly #tree: unknown;
  readonly #older: Older;
  readonly #changed: Changed[] = [];
  readonly #gone: Gone[] = [];
  readonly #kept: Kept[] = [];
  readonly #problems: PlanProblem[] = [];
  readonly #edits: Edit[] = [];
  /** Keys of today that an older one has been put into. */
  readonly #taken: Set<SettingKey> = new Set();
  /** The note that stands above the lines before; it is not repeated. */
  #note = "";

  constructor(tree: unknown, facts: PlanFacts) {
    this.#tree = tree;
    this.#older = { ...facts, at: (key) => valueAt(tree, key) };
  }

  plan(): Plan {
    return {
      changed: this.#changed,
      gone: this.#gone,
      kept: this.#kept,
      problems: this.#problems,
      edits: this.#edits,
    };
  }

  section(node: unknown, path: readonly string[]): void {
    if (!isMap(node)) return;
    this.#note = "";
    for (const [name, value] of Object.entries(node)) this.#key([...path, name], value);
    this.#note = "";
  }

  #key(path: readonly string[], value: unknown): void {
    const key = path.join(".");
    const row = olderKey(key);
    // What was gone may be a key of today in a later version.
    const reborn = isSettingKey(key) && row?.now.length === 0;
    const why = goneSection(key) ?? goneSection(path.slice(0, -1).join("."));
    if (row !== null && !reborn) this.#move(row, path, value);
    else if (isSettingKey(key)) this.#keep(path, "", value);
    else if (Object.hasOwn(SECTIONS, key)) this.section(value, path);
    else if (goneSection(key) !== null && why !== null) this.#goneSection(path, value, why);
    else if (why !== null && !isSectionOfToday(path.slice(0, -1))) this.#drop(path, value, why);
    // Anything else is left to the validator, which knows best what may have been meant.
  }

  #goneSection(path: readonly string[], value: unknown, why: string): void {
    if (!isMap(value) || Object.keys(value).length === 0) {
      this.#drop(path, value, why);
      return;
    }
    this.#edits.push({ tag: "section-off", path, note: why === this.#note ? "" : why });
    const before = this.#note;
    this.#note = why;
    for (const [name, below] of Object.entries(value)) this.#key([...path, name], below);
    this.#note = before;
  }

  #move(row: OlderKey, path: readonly string[], value: unknown): void {
    const outcome: Outcome = row.move(value, this.#older);
    switch (outcome.tag) {
      case "keep":
        this.#keep(path, outcome.remark, value);
        break;
      case "gone":
        this.#drop(path, value, outcome.why);
        break;
      case "problem":
        this.#problems.push({ path, message: outcome.message });
        break;
      case "set":
        this.#set(path, value, outcome);
        break;
    }
  }

  #keep(path: readonly string[], remark: string, value: unknown): void {
    const key = path.join(".");
    const repaired = isSettingKey(key) ? unquoted(key, value) : null;
    if (repaired !== null && isSettingKey(key)) {
      const now = [{ key, value: repaired }];
      this.#changed.push({ path, was: value, now, why: remark === "" ? UNQUOTED : remark });
      const name = path.at(-1) ?? key;
      this.#edits.push({ tag: "rewrite", path, name, value: repaired });
    } else this.#kept.push({ path, remark });
    this.#note = "";
  }

  #drop(path: Path, was: unknown, why: string): void {
    this.#gone.push({ path, was, why });
    this.#edits.push({ tag: "off", path, note: why === this.#note ? "" : why });
    this.#note = why;
  }

  #set(path: readonly string[], was: unknown, set: Extract<Outcome, { tag: "set" }>): void {
    const key = path.join(".");
    const free = set.values.filter((its) => its.key === key || this.#isFree(its.key));
    const [first] = free;
    if (first === undefined) {
      const names = set.values.map((its) => its.key).join(" and ");
      this.#drop(path, was, `${names} is set already`);
      return;
    }
    for (const { key: taken } of free) this.#taken.add(taken);
    this.#changed.push({ path, was, now: free, why: set.why });
    const parent = path.slice(0, -1).join(".");
    const here = free.find((its) => its.key.split(".").slice(0, -1).join(".") === parent);
    if (here === undefined) {
      const names = free.map((its) => its.key).join(", ");
      this.#edits.push({ tag: "off", path, note: `Now ${names}` });
    } else {
      const name = here.key.split(".").at(-1) ?? here.key;
      this.#edits.push({ tag: "rewrite", path, name, value: sameValue(was, here.value) });
    }
    this.#note = "";
    for (const its of free) if (its !== here) this.#edits.push({ tag: "put", ...its });
  }

  #isFree(key: SettingKey): boolean {
    return !this.#taken.has(key) && valueAt(this.#tree, key) === undefined;
  }
}

const UNQUOTED = "Numbers, true and false are written without quotes";

/** A number or a yes in quotes, as it is meant; null for what may stay as it is written. */
function unquoted(key: SettingKey, value: unknown): Value | null {
  const row = TABLE[key];
  if (typeof value !== "string" || isTemplate(value)) return null;
  if (row.kind === "boolean") return truth(value);
  if (row.kind !== "number" || row.words.some((word) => word === value)) return null;
  return numeral(value);
}

/** Null when the value may stay as it is written; a lone text counts as a list of one. */
function sameValue(was: unknown, now: Value): Value | null {
  if (was === now) return null;
  const [only, ...more] = Array.isArray(now) ? now : [];
  return more.length === 0 && only !== undefined && only === was ? null : now;
}
