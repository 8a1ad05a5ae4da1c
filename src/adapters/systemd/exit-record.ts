/**
 * The file in $STATE_DIRECTORY that outlives a run and says how it ended; the journal of an
 * appliance is often kept in memory, and a power cut takes it along.
 *
 * Invariants: whole or absent (temp file, fsync, rename); at most EXIT_RECORD_MAX_BYTES; two or
 * three writes a run; trouble with the disk (full, read-only, gone) is nobody's trouble; nothing
 * is read or written where there is no $STATE_DIRECTORY.
 */

import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  begun,
  type ExitNews,
  ended,
  exitNews,
  exitText,
  type OwnWord,
  parseRecord,
  type RunEnd,
  type RunRecord,
  recordText,
  type Start,
} from "../../core/last-exit.ts";
import { Redactor } from "../../core/redact.ts";
import type { Env } from "../../core/settings/expand-env.ts";
import { NOTHING_WRITTEN, type Written } from "../../core/settings/loss.ts";
import type { Clock } from "../../ports.ts";
import { fill } from "../os/atomic-file.ts";
import { type Files, realFiles } from "../os/files.ts";

export const EXIT_RECORD_NAME = "last-exit.json";
/** A record with everything at its longest has some 2 KiB. */
export const EXIT_RECORD_MAX_BYTES = 8_192;
const BOOT_ID = "/proc/sys/kernel/random/boot_id";
const FILE_MODE = 0o640;

export interface ExitRecordOptions {
  readonly env: Env;
  readonly clock: Clock;
  /** What must never be written. */
  readonly secrets?: Redactor;
  readonly files?: Files;
  /** Another one in tests. */
  readonly bootId?: string;
}

export class ExitRecord {
  readonly #path: string | null;
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #secrets: Redactor;
  readonly #now: Start;
  /** What was found: the run before, or, for the last word about a run, that run. */
  readonly #found: RunRecord | null;
  #run: RunRecord | null = null;

  constructor({
    env,
    clock,
    secrets = new Redactor(),
    files = realFiles,
    bootId,
  }: ExitRecordOptions) {
    // systemd joins several folders with colons; ours is the first.
    const [folder = ""] = (env["STATE_DIRECTORY"] ?? "").split(":");
    this.#path = folder === "" ? null : join(folder, EXIT_RECORD_NAME);
    this.#files = files;
    this.#clock = clock;
    this.#secrets = secrets;
    this.#found = this.#path === null ? null : parseRecord(readStart(this.#path));
    this.#now = {
      bootId: bootId ?? readStart(BOOT_ID).trim(),
      invocation: env["INVOCATION_ID"] ?? "",
      startedMs: clock.wallMs(),
    };
  }

  /** What the owner should hear about the run before. */
  get news(): ExitNews | null {
    const news = exitNews(this.#found, this.#now);
    return news === null ? null : { ...news, line: this.#secrets.text(news.line) };
  }

  /** How the run before ended; null when nothing is known. */
  get text(): string | null {
    const text = exitText(this.#found, this.#now);
    return text === null ? null : this.#secrets.text(text);
  }

  /** What the configuration of the run before said itself. */
  get written(): Written {
    return this.#found?.written ?? NOTHING_WRITTEN;
  }

  /** This run has begun, with a configuration that says this. Resolves when that is on the disk, or cannot be; never rejects. */
  async begin(written: Written = NOTHING_WRITTEN): Promise<void> {
    this.#run = { ...begun(this.#found, this.#now), written };
    if (this.#path === null) return;
    const temp = `${this.#path}.${process.pid}.tmp`;
    try {
      await fill(await this.#files.create(temp), recordText(this.#run), true);
      // A last word that was said meanwhile is newer.
      if (this.#run.end === null) await this.#files.rename(temp, this.#path);
      else await this.#files.remove(temp);
    } catch {
      await this.#files.remove(temp).catch(() => undefined);
    }
  }

  /** The run's own last word, written before it returns: the process is about to end. */
  lastWord(own: OwnWord, message: string): void {
    const run = this.#run ?? begun(this.#found, this.#now);
    this.#finish(run, { atMs: this.#clock.wallMs(), own, message: this.#secrets.text(message) });
  }

  /** What systemd tells its ExecStopPost about the run that has ended (systemd.exec(5)). */
  serviceEnded(env: Env): void {
    const { SERVICE_RESULT: result = "", EXIT_STATUS: status = "" } = env;
    if (result === "") return;
    // A run that could not even begin its record is not the one before it.
    const isThis = this.#found !== null && this.#found.invocation === this.#now.invocation;
    const run = isThis && this.#found !== null ? this.#found : begun(this.#found, this.#now);
    this.#finish(run, { atMs: this.#clock.wallMs(), result, status });
  }

  #finish(run: RunRecord, word: Partial<RunEnd> & { readonly atMs: number }): void {
    this.#run = ended(run, word);
    if (this.#path !== null) writeWhole(this.#path, recordText(this.#run));
  }
}

/** The start of a small file, as text; empty when it cannot be read. */
function readStart(path: string): string {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return "";
  }
  try {
    const buffer = Buffer.alloc(EXIT_RECORD_MAX_BYTES);
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, 0));
  } catch {
    return "";
  } finally {
    closeSync(file);
  }
}

function writeWhole(path: string, text: string): void {
  const temp = `${path}.${process.pid}.end.tmp`;
  try {
    const file = openSync(temp, "w", FILE_MODE);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temp, path);
  } catch {
    try {
      unlinkSync(temp);
    } catch {
      // It was not made, or it stays: a few hundred bytes.
    }
  }
}
