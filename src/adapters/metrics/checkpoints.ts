/**
 * Checkpoints of the conversation under way, and what earlier processes left of theirs.
 *
 * Invariants: one small hidden file a conversation, of at most CHECKPOINT_MAX_BYTES; it is not
 * fsynced: the process's death leaves it whole in the page cache, a power cut may take what the
 * kernel has not written by itself. It goes when the conversation's own file is there. No more than
 * LEFTOVERS_MAX are ever kept.
 */

import { join } from "node:path";
import { record } from "../../core/json.ts";
import { fill, replace } from "../os/atomic-file.ts";
import { errorCode, type Files } from "../os/files.ts";
import { isGone } from "../os/process-identity.ts";
import { lineOf, newestWhole } from "./checkpoint-lines.ts";
import { byName, type CheckpointOf, checkpointName, checkpointOf } from "./names.ts";

/** A line has some 300 bytes, the first 1 KiB: enough for 200 answers; beyond, it begins anew. */
export const CHECKPOINT_MAX_BYTES = 65_536;
/** Conversations that wait for their files: of a full disk, or of a process that dies again and again. */
export const LEFTOVERS_MAX = 32;

export interface CheckpointsOptions {
  readonly dir: string;
  readonly files: Files;
  /** Of this process. */
  readonly mark: string;
  readonly temp: string;
  /** Of a metrics file. */
  readonly maxTextBytes: number;
}

interface Kept {
  readonly bytes: number;
  /** The text of the last line; null where the file may end with half a line. */
  readonly last: string | null;
}

export class Checkpoints {
  readonly #options: CheckpointsOptions;
  /** By the name of the metrics file. */
  readonly #kept = new Map<string, Kept>();
  /** Their metrics files are there, and they could not be removed. */
  readonly #done = new Set<string>();

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** Notes that the file would be `text` if the conversation ended now. */
  async write(fileName: string, text: string): Promise<void> {
    const { dir, files, mark, temp } = this.#options;
    const { bytes, last } = this.#kept.get(fileName) ?? { bytes: 0, last: null };
    await this.#makeRoom(fileName);
    // Until it is known to be whole.
    this.#kept.set(fileName, { bytes, last: null });
    const name = checkpointName(mark, fileName);
    const line = await lineOf(text, last);
    if (last !== null && bytes + line.length <= CHECKPOINT_MAX_BYTES) {
      await fill(await files.append(join(dir, name)), line, false);
      this.#kept.set(fileName, { bytes: bytes + line.length, last: text });
      return;
    }
    const whole = last === null ? line : await lineOf(text, null);
    if (whole.length > CHECKPOINT_MAX_BYTES) throw tooLarge(name);
    await replace(files, { dir, name, text: whole, temp });
    this.#kept.set(fileName, { bytes: whole.length, last: text });
  }

  /** The conversation's own file is there. Never rejects: what stays is tried again next time. */
  async done(fileName: string): Promise<void> {
    if (this.#kept.delete(fileName)) this.#done.add(fileName);
    for (const name of this.#done) {
      const isGone = await this.#remove(checkpointName(this.#options.mark, name)).then(
        () => true,
        () => false,
      );
      if (isGone || this.#done.size > LEFTOVERS_MAX) this.#done.delete(name);
    }
  }

  /** The conversation's own file could not be written: the next start makes it of what is here. */
  abandon(fileName: string): void {
    const kept = this.#kept.get(fileName);
    if (kept !== undefined) this.#kept.set(fileName, { ...kept, last: null });
  }

  /**
   * Gives `save` what dead processes left, a whole text for each conversation that has no file yet,
   * and removes the rest; `save` removes nothing. Goes on after trouble with one, and then rejects.
   */
  async recover(
    names: readonly string[],
    save: (fileName: string, text: string, saved: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const left = names
      .map(checkpointOf)
      .filter((each) => each !== null)
      .filter(({ mark, fileName }) => this.#isLeftover(mark, fileName))
      .toSorted((a, b) => byName(a.fileName, b.fileName));
    let trouble: unknown = null;
    for (const [at, each] of left.entries()) {
      const isWanted = at >= left.length - LEFTOVERS_MAX && !names.includes(each.fileName);
      try {
        const text = isWanted ? await this.#textOf(each) : null;
        const saved = () => this.#remove(each.name);
        await (text === null ? saved() : save(each.fileName, text, saved));
      } catch (error) {
        trouble ??= error;
      }
    }
    if (trouble !== null) throw trouble;
  }

  #isLeftover(mark: string, fileName: string): boolean {
    const isOurs = mark === this.#options.mark;
    return isOurs ? !this.#kept.has(fileName) && !this.#done.has(fileName) : isGone(mark);
  }

  /** Null where nothing is whole, or nothing was said. */
  async #textOf({ name }: CheckpointOf): Promise<string | null> {
    const { dir, files, maxTextBytes } = this.#options;
    const lines = await files.read(join(dir, name), CHECKPOINT_MAX_BYTES).catch((error) => {
      if (errorCode(error) === "EFBIG") return ""; // not as we write them
      throw error;
    });
    const text = await newestWhole(lines, maxTextBytes);
    return text !== null && wasSpoken(text) ? text : null;
  }

  /** A place among LEFTOVERS_MAX; the oldest goes. */
  async #makeRoom(fileName: string): Promise<void> {
    if (this.#kept.has(fileName) || this.#kept.size < LEFTOVERS_MAX) return;
    const [oldest = fileName] = this.#kept.keys();
    await this.#remove(checkpointName(this.#options.mark, oldest));
    this.#kept.delete(oldest);
  }

  async #remove(name: string): Promise<void> {
    const { dir, files } = this.#options;
    try {
      await files.remove(join(dir, name));
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
}

function wasSpoken(text: string): boolean {
  try {
    const turns = record(JSON.parse(text))?.["turns"];
    return typeof turns === "number" && turns > 0;
  } catch {
    return false;
  }
}

function tooLarge(name: string): Error {
  return Object.assign(new Error(`${name} would be too large`), { code: "EFBIG" });
}
