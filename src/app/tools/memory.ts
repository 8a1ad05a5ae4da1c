/** What Pipit was asked to remember: in a file the owner may read and edit, with the last word his. */

import { type Fault, faultLine } from "../../core/fault.ts";
import { factsAbout, factsIn, factsText, remembered } from "../../core/functions/memory.ts";
import type { Journal, StateFile } from "../../ports.ts";

export interface MemoryOptions {
  readonly store: StateFile;
  readonly journal: Journal;
  /** Any text is answered: with its tree, or null where it is no YAML. */
  readonly readYaml: (text: string) => Promise<{ readonly tree: unknown } | null>;
}

export type Remembered =
  | { readonly ok: true; readonly facts: readonly string[]; readonly unsaved: Fault | null }
  | { readonly ok: false; readonly problem: string };

export class Memory {
  readonly #options: MemoryOptions;
  #facts: readonly string[] = [];
  /** The text that could not be understood, so that it is told once. */
  #odd: string | null = null;

  constructor(options: MemoryOptions) {
    this.#options = options;
  }

  /** As of the last `read`. */
  get facts(): readonly string[] {
    return this.#facts;
  }

  /** Reads the file again: the owner may have edited it. What cannot be read changes nothing. */
  async read(): Promise<boolean> {
    const { store, journal, readYaml } = this.#options;
    const found = await store.load();
    if (!found.ok) {
      journal.log("warning", faultLine(found.fault));
      return false;
    }
    const read = found.text === null ? { tree: null } : await readYaml(found.text);
    const facts = read === null ? null : factsIn(read.tree);
    if (facts !== null) this.#facts = facts;
    else if (found.text !== this.#odd) {
      journal.log(
        "warning",
        "The memory file is not a list of facts (facts: […]): it is left alone",
      );
    }
    this.#odd = facts === null ? found.text : null;
    return facts !== null;
  }

  async remember(fact: string): Promise<Remembered> {
    if (!(await this.read())) return UNREADABLE;
    const facts = remembered(this.#facts, fact);
    if (typeof facts === "string") return { ok: false, problem: facts };
    return await this.#write(facts, facts.slice(-1));
  }

  async forget(about: string): Promise<Remembered> {
    if (!(await this.read())) return UNREADABLE;
    const gone = factsAbout(this.#facts, about);
    if (gone.length === 0) return { ok: false, problem: "Nothing like that is remembered" };
    return await this.#write(
      this.#facts.filter((fact) => !gone.includes(fact)),
      gone,
    );
  }

  async #write(facts: readonly string[], touched: readonly string[]): Promise<Remembered> {
    this.#facts = facts;
    const unsaved = await this.#options.store.save(factsText(facts));
    if (unsaved !== null) this.#options.journal.log("warning", faultLine(unsaved));
    return { ok: true, facts: touched, unsaved };
  }
}

const UNREADABLE: Remembered = {
  ok: false,
  problem: "The memory file cannot be read; the owner must repair it first",
};
