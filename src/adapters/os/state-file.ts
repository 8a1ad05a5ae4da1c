/**
 * A small text of ours that outlives the process, whole or not at all.
 *
 * Invariants: one write at a time, answered in bounded time; the temp file has one name, so that
 * there is never a second one; what cannot be used is kept beside it, once.
 */

import { join } from "node:path";
import type { Fault } from "../../core/fault.ts";
import type { Clock, StateFile } from "../../ports.ts";
import { writeWhole } from "./atomic-file.ts";
import { diskFault } from "./disk-fault.ts";
import { errorCode, type Files, realFiles } from "./files.ts";
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

  constructor(options: StateFileOptions) {
    this.#options = options;
    this.#files = options.files ?? realFiles;
    this.#queue = new WriteQueue(options.clock, options.dir);
  }

  async load(): ReturnType<StateFile["load"]> {
    const { dir, name, what } = this.#options;
    try {
      return { ok: true, text: await this.#files.read(join(dir, name), READ_MAX_BYTES) };
    } catch (error) {
      const code = errorCode(error);
      if (code === "") throw error;
      if (code === "ENOENT") return { ok: true, text: null };
      return { ok: false, fault: diskFault("not-stored", `${what} cannot be read`, code, dir) };
    }
  }

  save(text: string): Promise<Fault | null> {
    const { dir, name, what } = this.#options;
    const renamed = async (): Promise<void> => undefined;
    return this.#queue.take({
      loss: "not-stored",
      failed: `${what} could not be stored`,
      run: async () => {
        await this.#files.makeFolder(dir);
        await writeWhole(this.#files, { dir, name, text, temp: `.${name}.tmp`, renamed });
      },
    });
  }

  async setAside(): Promise<void> {
    const path = join(this.#options.dir, this.#options.name);
    try {
      await this.#files.rename(path, `${path}.broken`);
    } catch (error) {
      // It will be overwritten: nothing in it could be used.
      if (errorCode(error) === "") throw error;
    }
  }
}
