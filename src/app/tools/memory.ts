/** What Pipit was asked to remember: in a file the owner may read and edit, with the last word his. */

import { type Fault, faultLine } from "../../core/fault.ts";
import {
  factsAbout,
  factsIn,
  factsText,
  type ReadFacts,
  remembered,
} from "../../core/functions/memory.ts";
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
  /** What was wrong with the file when it was last read: told once. */
  #told: string | null = null;
  /** One change at a time: each begins with what is in the file. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: MemoryOptions) {
    this.#options = options;
  }

  /** As of the last `read`. */
  get facts(): readonly string[] {
    return this.#facts;
  }

  /** Reads the file again: the owner may have edited it. What cannot be read changes nothing. */
  async read(): Promise<boolean> {
    return (await this.#load()) !== null;
  }

  remember(fact: string): Promise<Remembered> {
    return this.#inTurn(async () => {
      const facts = remembered(this.#facts, fact);
      if (typeof facts === "string") return { ok: false, problem: facts };
      return await this.#write(facts, facts.slice(-1));
    });
  }

  forget(about: string): Promise<Remembered> {
    return this.#inTurn(async () => {
      const gone = factsAbout(this.#facts, about);
      if (gone.length === 0) return { ok: false, problem: "Nothing like that is remembered" };
      return await this.#write(
        this.#facts.filter((fact) => !gone.includes(fact)),
        gone,
      );
    });
  }

  /** The model asks for two things at once, and both count. */
  #inTurn(change: () => Promise<Remembered>): Promise<Remembered> {
    const done = this.#turn.then(async (): Promise<Remembered> => {
      const read = await this.#load();
      if (read === null) return UNREADABLE;
      if (read.beyond === null) return await change();
      const problem = `The memory file holds ${read.beyond}; the owner must shorten it first`;
      return { ok: false, problem };
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Null: it cannot be read. */
  async #load(): Promise<ReadFacts | null> {
    const { store, readYaml } = this.#options;
    const found = await store.load();
    if (!found.ok) {
      this.#tell(faultLine(found.fault));
      return null;
    }
    const tree = found.text === null ? { tree: null } : await readYaml(found.text);
    const read = tree === null ? null : factsIn(tree.tree);
    if (read === null) {
      this.#tell("The memory file is not a list of facts (facts: […]): it is left alone");
      return null;
    }
    this.#facts = read.facts;
    const { beyond } = read;
    this.#tell(beyond === null ? null : `The memory file holds ${beyond}: it is not written to`);
    return read;
  }

  #tell(trouble: string | null): void {
    if (trouble !== null && trouble !== this.#told) this.#options.journal.log("warning", trouble);
    this.#told = trouble;
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
