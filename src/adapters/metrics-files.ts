/**
 * One metrics file per conversation, whole or not at all, and never more than a set number of them.
 *
 * Invariants: a name of ours in the folder is always a whole file, also after a power cut (temp file
 * in the same folder, fsync, rename, fsync of the folder); there is at most one temp file per
 * process; only names of our own pattern are ever removed, and never the one just written.
 */

import { join } from "node:path";
import { type Fault, fault } from "../core/fault.ts";
import type { PastConversation } from "../core/ledger.ts";
import { pastMicroUsd } from "../core/past-cost.ts";
import { record } from "../core/realtime/fields.ts";
import type { Clock, MetricsStore } from "../ports.ts";
import { errorCode, type Files, realFiles } from "./files.ts";

/** The contract: session_<YYYYMMDD>_<HHMMSS>_<id>.json. Sorted by name is sorted by time. */
export const METRICS_NAME = /^session_\d{8}_\d{6}_[A-Za-z0-9-]{1,64}\.json$/;
/** Files waiting to be written: conversations are minutes apart, so a second one is already odd. */
export const PENDING_MAX = 4;
/** A write takes milliseconds; a dying card can hold one for minutes. */
export const SAVE_MAX_MS = 10_000;
/** Files that are read at the start, the newest: a day of talking without a pause has fewer. */
export const PAST_MAX = 4_000;
/** Largest file that is read, bytes: all lists full, a file has about 60 KB. */
export const METRICS_FILE_MAX_BYTES = 262_144;
/** A temp file older than this is a leftover even if another process has its number now. */
export const TEMP_OLD_MS = 600_000;

const DAY_MS = 86_400_000;
const TEMP_NAME = /^\.session\.(\d{1,10})\.tmp$/;

export interface MetricsFilesOptions {
  readonly dir: string;
  /** Files to keep, at least 1. */
  readonly maxFiles: number;
  readonly clock: Clock;
  readonly files?: Files;
}

/** Keeps metrics files in a folder. */
export class MetricsFiles implements MetricsStore {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #files: Files;
  readonly #temp: string;
  #maxFiles: number;
  #prepared: boolean = false;
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: MetricsFilesOptions) {
    this.#dir = options.dir;
    this.#clock = options.clock;
    this.#files = options.files ?? realFiles;
    this.#maxFiles = Math.max(1, options.maxFiles);
    this.#temp = join(options.dir, `.session.${process.pid}.tmp`);
  }

  /** How many files the next save leaves; at least 1. */
  setMaxFiles(maxFiles: number): void {
    this.#maxFiles = Math.max(1, maxFiles);
  }

  /** Makes the folder and clears what dead processes left; `save` does it too if this failed. */
  start(): Promise<Fault | null> {
    return this.#inTurn("The metrics folder cannot be used", () => this.#prepare());
  }

  /**
   * Writes one file, then removes the oldest beyond the limit. Rejects only for a bug: a name that
   * is not of the contract's pattern.
   */
  async save(fileName: string, json: string): Promise<Fault | null> {
    if (!METRICS_NAME.test(fileName))
      throw new Error(`not the name of a metrics file: ${fileName}`);
    const failed = `Metrics file ${fileName} was not written`;
    const lost = await this.#inTurn(failed, async () => {
      await this.#prepare();
      await this.#write(fileName, json);
    });
    if (lost !== null) return lost;
    return this.#inTurn("Old metrics files were not removed", () => this.#rotate(fileName));
  }

  /** Files that cannot be read, or are not whole, are passed over; rejects where the folder cannot. */
  async past(sinceWallMs: number): Promise<readonly PastConversation[]> {
    const names = await this.#files.list(this.#dir).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return []; // The very first start.
      throw error;
    });
    // Named for their beginning, and no conversation lasts as long as a day.
    const first = `session_${dayName(sinceWallMs - DAY_MS)}`;
    const wanted = names.filter((name) => METRICS_NAME.test(name) && name >= first);
    const found: PastConversation[] = [];
    for (const name of wanted.toSorted(byName).slice(-PAST_MAX)) {
      const one = await this.#pastOf(join(this.#dir, name));
      if (one !== null && one.endedWallMs >= sinceWallMs) found.push(one);
    }
    return found;
  }

  async #pastOf(path: string): Promise<PastConversation | null> {
    try {
      const file = record(JSON.parse(await this.#files.read(path, METRICS_FILE_MAX_BYTES)));
      const endedWallMs = Date.parse(String(file?.["ended_at"]));
      if (file === null || Number.isNaN(endedWallMs)) return null;
      return { endedWallMs, microUsd: pastMicroUsd(file) };
    } catch {
      return null; // Removed meanwhile, or not ours to read: the total lacks it.
    }
  }

  /** Runs jobs one after another, each within SAVE_MAX_MS as far as the caller is concerned. */
  async #inTurn(failed: string, job: () => Promise<void>): Promise<Fault | null> {
    if (this.#pending >= PENDING_MAX) return diskFault(failed, "ESTUCK", this.#dir);
    this.#pending++;
    const done = this.#last.then(job).then(
      () => null,
      (error: unknown) => {
        const code = errorCode(error);
        if (code === "") throw error;
        return diskFault(failed, code, this.#dir);
      },
    );
    this.#last = done.then(
      () => this.#pending--,
      () => this.#pending--,
    );
    return this.#within(done, () => diskFault(failed, "ESTUCK", this.#dir));
  }

  #within(done: Promise<Fault | null>, late: () => Fault): Promise<Fault | null> {
    return new Promise((resolve, reject) => {
      const takeBack = this.#clock.after(SAVE_MAX_MS, () => resolve(late()));
      done.then(resolve, reject).finally(takeBack);
    });
  }

  async #prepare(): Promise<void> {
    if (this.#prepared) return;
    await this.#files.makeFolder(this.#dir);
    for (const name of await this.#files.list(this.#dir)) {
      const pid = TEMP_NAME.exec(name)?.[1];
      if (pid !== undefined) await this.#clearTemp(join(this.#dir, name), Number(pid));
    }
    this.#prepared = true;
  }

  async #clearTemp(path: string, pid: number): Promise<void> {
    try {
      // Our own number on a file we have not made yet: an earlier life of ours (pid 1 in a container).
      const dead = pid === process.pid || !isAlive(pid);
      const ageMs = dead ? 0 : this.#clock.wallMs() - (await this.#files.changedMs(path));
      if (dead || ageMs > TEMP_OLD_MS) await this.#files.remove(path);
    } catch {
      // A leftover costs a few kilobytes; it must not cost the file that is to be written.
    }
  }

  async #write(fileName: string, json: string): Promise<void> {
    try {
      const file = await this.#files.create(this.#temp);
      try {
        await file.write(json);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#files.rename(this.#temp, join(this.#dir, fileName));
    } catch (error) {
      this.#prepared = false; // the folder may have gone, or a card may have been changed
      await this.#files.remove(this.#temp).catch(() => {
        // Gone already, or it stays: the next write empties this same file.
      });
      throw error;
    }
    await this.#files.syncFolder(this.#dir);
  }

  async #rotate(justWritten: string): Promise<void> {
    const names = (await this.#files.list(this.#dir)).filter((name) => METRICS_NAME.test(name));
    const others = names.filter((name) => name !== justWritten).toSorted(byName);
    const surplus = Math.max(0, names.length - this.#maxFiles);
    for (const name of others.slice(0, surplus)) await this.#remove(join(this.#dir, name));
  }

  async #remove(path: string): Promise<void> {
    try {
      await this.#files.remove(path);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error; // the owner was faster: as good as removed
    }
  }
}

/** By the code units, as the pattern of the names wants it. */
function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** The day in UTC as in the names of the files. */
function dayName(wallMs: number): string {
  return new Date(Math.max(0, wallMs)).toISOString().slice(0, 10).replaceAll("-", "");
}

/** EPERM says that the process is there and somebody else's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}

/** Trouble with the disk as one line for the owner. */
function diskFault(failed: string, code: string, dir: string): Fault {
  const [what, remedy] = diskWords(code, dir);
  return fault("metrics-lost", "tell", `${failed}: ${what} (${code})`, remedy);
}

function diskWords(code: string, dir: string): readonly [string, string] {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return ["the disk is full", `Free some space for ${dir}, or lower metrics.max_files`];
    case "EROFS":
      return ["the file system is read-only", "Look at dmesg: a failing card is mounted read-only"];
    case "EACCES":
    case "EPERM":
      return [`no permission to write in ${dir}`, `Give ${dir} to the user that runs pipit`];
    case "ENOTDIR":
    case "EEXIST":
      return [`${dir} is not a folder`, "Set metrics.dir to a folder"];
    case "ESTUCK":
      return ["the disk does not answer", "Look at dmesg: the card may be failing"];
    default:
      return [`the disk refused it`, `Look at dmesg and at ${dir}`];
  }
}
