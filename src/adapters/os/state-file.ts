/**
 * A small text of ours that outlives the process, whole or not at all.
 *
 * Invariants: one write at a time, answered in bounded time; the temp file has one name, so that
 * there is never a second one; what cannot be used is kept beside it, once.
 */

import { join } from "node:path";
import { type Fault, fault } from "../../core/fault.ts";
import type { Clock, StateFile } from "../../ports.ts";
import { writeWhole } from "./atomic-file.ts";
import { errorCode, type Files, realFiles } from "./files.ts";
import { isForbidden, ownershipRemedy } from "./ownership.ts";
import { WriteQueue } from "./write-queue.ts";

/** Nothing of ours is a tenth of it. */
const READ_MAX_BYTES = 1_048_576;

export interface StateFileOptions {
  readonly dir: string;
  readonly name: string;
  /** What it holds, as the beginning of a line about a failure: "The timers". */
  readonly what: string;
  readonly clock: Clock;
  readonly files?: Files;
}

export class FolderStateFile implements StateFile {
  readonly #options: StateFileOptions;
  readonly #files: Files;
  readonly #queue: WriteQueue;
  /** What is there could not be read: it is kept before anything is written in its place. */
  #isUnread: boolean = false;
  /** A save that has not begun: a newer text takes its place, for each is the whole. */
  #waiting: { text: string; readonly done: Promise<Fault | null> } | null = null;

  constructor(options: StateFileOptions) {
    this.#options = options;
    this.#files = options.files ?? realFiles;
    this.#queue = new WriteQueue(options.clock, options.dir);
  }

  async load(): ReturnType<StateFile["load"]> {
    const { dir, name, what } = this.#options;
    try {
      const text = await this.#files.read(join(dir, name), READ_MAX_BYTES);
      this.#isUnread = false;
      return { ok: true, text };
    } catch (error) {
      const code = errorCode(error);
      if (code === "") throw error;
      this.#isUnread = code !== "ENOENT";
      if (code === "ENOENT") return { ok: true, text: null };
      const path = join(dir, name);
      const look = isForbidden(code) ? ownershipRemedy(path) : `Look at ${path}`;
      const remedy = `${look}; it is kept as ${name}.broken when it is next written`;
      return {
        ok: false,
        fault: fault("not-stored", "report", `${what} cannot be read (${code})`, remedy),
      };
    }
  }

  save(text: string): Promise<Fault | null> {
    const { what } = this.#options;
    if (this.#waiting !== null) {
      this.#waiting.text = text;
      return this.#waiting.done;
    }
    const waiting = { text, done: Promise.resolve<Fault | null>(null) };
    const run = async (): Promise<void> => {
      this.#waiting = null;
      await this.#write(waiting.text);
    };
    const failed = `${what} could not be stored`;
    this.#waiting = waiting;
    waiting.done = this.#queue.take({ loss: "not-stored", failed, run });
    return waiting.done;
  }

  async #write(text: string): Promise<void> {
    const { dir, name } = this.#options;
    const renamed = async (): Promise<void> => undefined;
    await this.#files.makeFolder(dir);
    if (this.#isUnread) await this.#keep();
    this.#isUnread = false;
    await writeWhole(this.#files, { dir, name, text, temp: `.${name}.tmp`, renamed });
  }

  async setAside(): Promise<void> {
    try {
      await this.#keep();
    } catch (error) {
      // It will be overwritten: nothing in it could be used.
      if (errorCode(error) === "") throw error;
    }
  }

  async #keep(): Promise<void> {
    const path = join(this.#options.dir, this.#options.name);
    await this.#files.rename(path, `${path}.broken`);
  }
}
