/**
 * One metrics file per conversation, whole or not at all, and never too many of them.
 *
 * Invariants: a name of ours in the folder is always a whole file, also after a power cut; there is
 * at most one temp file per process; only names of our own patterns are ever removed, and never the
 * one just written; nothing rejects for trouble with the disk, and nothing waits for it for ever.
 */

import { join } from "node:path";
import { DAY_MS } from "../../core/duration.ts";
import { type Fault, fault } from "../../core/fault.ts";
import { record } from "../../core/json.ts";
import { ANNOUNCEMENT } from "../../core/metrics/session-file.ts";
import type { PastConversation } from "../../core/money/ledger.ts";
import { pastMicroUsd } from "../../core/money/past-cost.ts";
import { Redactor } from "../../core/redact.ts";
import type { Clock, MetricsStore, Past, Recovered } from "../../ports.ts";
import { writeWhole } from "../os/atomic-file.ts";
import { errorCode, type Files, realFiles } from "../os/files.ts";
import { isForbidden, ownershipRemedy } from "../os/ownership.ts";
import { isAlive, processIdentity } from "../os/process-identity.ts";
import { WriteQueue } from "../os/write-queue.ts";
import { Checkpoints } from "./checkpoints.ts";
import { byName, dayName, METRICS_NAME, tempName, tempOwner } from "./names.ts";
import { type MetricsLimits, MetricsRotation } from "./rotation.ts";

/** Files that are read at the start, the newest: a day of talking without a pause has fewer. */
export const PAST_MAX = 4_000;
/** Files read at a time: Node's pool has four threads, and each read is several calls. */
const READS_AT_ONCE = 8;
/** Largest file that is read, bytes: all lists full of the longest texts, a file has some 600 KB. */
export const METRICS_FILE_MAX_BYTES = 1_048_576;
/** A temp file older than this is a leftover even if another process has its number now. */
export const TEMP_OLD_MS = 600_000;

export interface MetricsFilesOptions {
  readonly dir: string;
  /** Asked at each rotation. */
  readonly limits: () => MetricsLimits;
  readonly clock: Clock;
  /** What must never be written. */
  readonly secrets?: Redactor;
  readonly files?: Files;
  /** Of this process; another one in tests. */
  readonly mark?: string;
}

/** Keeps metrics files in a folder. */
export class MetricsFiles implements MetricsStore {
  readonly #dir: string;
  readonly #limits: () => MetricsLimits;
  readonly #clock: Clock;
  readonly #files: Files;
  readonly #secrets: Redactor;
  readonly #temp = tempName(process.pid);
  readonly #queue: WriteQueue;
  readonly #checkpoints: Checkpoints;
  readonly #rotation: MetricsRotation;
  /** Checkpoints that wait for their turn: of each conversation only the newest. */
  readonly #waiting = new Map<string, string>();
  #prepared: boolean = false;
  #recovering: Promise<unknown> = Promise.resolve();

  constructor({
    dir,
    limits,
    clock,
    secrets = new Redactor(),
    files = realFiles,
    mark,
  }: MetricsFilesOptions) {
    this.#dir = dir;
    this.#limits = limits;
    this.#clock = clock;
    this.#secrets = secrets;
    this.#files = files;
    this.#queue = new WriteQueue(clock, dir);
    this.#rotation = new MetricsRotation(dir, files);
    this.#checkpoints = new Checkpoints({
      dir,
      files,
      mark: mark ?? processIdentity(),
      temp: this.#temp,
      maxTextBytes: METRICS_FILE_MAX_BYTES,
    });
  }

  /** Makes the folder, too, and clears what dead processes left. */
  async recover(): Promise<Recovered> {
    const names: string[] = [];
    const recovering = this.#queue.take({
      loss: "metrics-disk",
      failed: "The search for interrupted conversations did not finish",
      run: async () => {
        await this.#prepare();
        const found = await this.#files.list(this.#dir);
        await this.#checkpoints.recover(found, async (name, text, renamed) => {
          await this.#write(name, text, renamed);
          names.push(name);
        });
      },
    });
    this.#recovering = recovering;
    return { trouble: await recovering, names };
  }

  /** Rejects only for a bug, as `save`. */
  async checkpoint(fileName: string, json: string): Promise<Fault | null> {
    assertName(fileName);
    // The one that waits takes this one along.
    const isWaiting = this.#waiting.has(fileName);
    if (isWaiting || !this.#queue.isFull) this.#waiting.set(fileName, this.#secrets.text(json));
    if (isWaiting) return null;
    return this.#queue.take({
      loss: "metrics-disk",
      failed: "The checkpoint of the conversation was not written",
      run: async () => {
        const newest = this.#waiting.get(fileName);
        this.#waiting.delete(fileName);
        if (newest === undefined) return;
        await this.#prepare();
        await this.#orPrepareAnew(() => this.#checkpoints.write(fileName, newest));
      },
    });
  }

  /**
   * Writes one file, then removes the oldest beyond the limits. Rejects only for a bug: a name that
   * is not of the contract's pattern.
   */
  async save(fileName: string, json: string): Promise<Fault | null> {
    assertName(fileName);
    this.#waiting.delete(fileName);
    const lost = await this.#queue.take({
      loss: "metrics-lost",
      failed: `Metrics file ${fileName} was not written`,
      run: async () => {
        try {
          await this.#prepare();
          await this.#write(fileName, this.#secrets.text(json), () =>
            this.#checkpoints.done(fileName),
          );
        } catch (error) {
          this.#checkpoints.abandon(fileName);
          throw error;
        }
      },
    });
    if (lost !== null) return lost;
    return this.#queue.take({
      loss: "metrics-disk",
      failed: "Old metrics files were not removed",
      run: () => this.#rotation.rotate(fileName, this.#limits(), this.#clock.wallMs()),
    });
  }

  /** Files that are not whole are passed over; rejects where the folder cannot be read. */
  async past(sinceWallMs: number): Promise<Past> {
    await this.#recovering;
    const names = await this.#files.list(this.#dir).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return []; // The very first start.
      throw error;
    });
    // Named for their beginning, and no conversation lasts as long as a day.
    const first = `session_${dayName(sinceWallMs - DAY_MS)}`;
    const wanted = names
      .filter((name) => METRICS_NAME.test(name) && name >= first)
      .toSorted(byName)
      .slice(-PAST_MAX);
    const found: PastConversation[] = [];
    let unread = 0;
    for (let at = 0; at < wanted.length; at += READS_AT_ONCE) {
      const some = wanted.slice(at, at + READS_AT_ONCE).map((name) => this.#pastOf(name));
      for (const one of await Promise.all(some)) {
        if (one === "not-ours") unread += 1;
        else if (one !== null && one.endedWallMs >= sinceWallMs) found.push(one);
      }
    }
    return { found, unread: unread === 0 ? null : this.#unread(unread) };
  }

  #unread(count: number): Fault {
    const what = `${count} of the newest metrics files may not be read: today's cost, and the budget, lack them`;
    return fault("metrics-lost", "report", what, ownershipRemedy(this.#dir));
  }

  async #pastOf(name: string): Promise<PastConversation | "not-ours" | null> {
    try {
      const text = await this.#files.read(join(this.#dir, name), METRICS_FILE_MAX_BYTES);
      const file = record(JSON.parse(text));
      const endedWallMs = Date.parse(String(file?.["ended_at"]));
      if (file === null || Number.isNaN(endedWallMs)) return null;
      const past = { endedWallMs, microUsd: pastMicroUsd(file) };
      return file["trigger"] === ANNOUNCEMENT ? { ...past, isAnnouncement: true } : past;
    } catch (error) {
      return isForbidden(errorCode(error)) ? "not-ours" : null; // Removed meanwhile, or torn.
    }
  }

  async #prepare(): Promise<void> {
    if (this.#prepared) return;
    await this.#files.makeFolder(this.#dir);
    for (const name of await this.#files.list(this.#dir)) {
      const pid = tempOwner(name);
      if (pid !== null) await this.#clearTemp(join(this.#dir, name), pid);
    }
    this.#prepared = true;
  }

  async #clearTemp(path: string, pid: number): Promise<void> {
    try {
      // Our own number on a file we have not made yet: an earlier life of ours (pid 1 in a container).
      const dead = pid === process.pid || !isAlive(pid);
      const ageMs = dead ? 0 : this.#clock.wallMs() - (await this.#files.facts(path)).changedMs;
      if (dead || ageMs > TEMP_OLD_MS) await this.#files.remove(path);
    } catch {
      // A leftover costs a few kilobytes; it must not cost the file that is to be written.
    }
  }

  #write(name: string, text: string, renamed: () => Promise<void>): Promise<void> {
    const whole = { dir: this.#dir, name, text, temp: this.#temp, renamed };
    return this.#orPrepareAnew(() => writeWhole(this.#files, whole));
  }

  /**
   * After trouble: the folder may have gone, or a card may have been changed. Where it is gone (an
   * owner who cleans up, a new tmpfs), it is made anew and this very file is written into it.
   */
  async #orPrepareAnew(job: () => Promise<void>, isAgain = false): Promise<void> {
    try {
      await job();
    } catch (error) {
      this.#prepared = false;
      if (isAgain || errorCode(error) !== "ENOENT") throw error;
      await this.#prepare();
      await this.#orPrepareAnew(job, true);
    }
  }
}

function assertName(fileName: string): void {
  if (!METRICS_NAME.test(fileName)) throw new Error(`not the name of a metrics file: ${fileName}`);
}
