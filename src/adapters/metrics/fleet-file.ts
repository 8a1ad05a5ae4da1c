/**
 * The text file for node_exporter's textfile collector: whole or not at all, for everybody to read.
 *
 * Invariants: a temp file in the same folder, then a rename: a reader sees the old text or the new
 * one. Nothing is synced: after a power cut the file is written anew at the start anyway, and a card
 * is spared. The temp file has one name, which does not end in .prom, so there is never a second one.
 */

import { chmod, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Fault, fault } from "../../core/fault.ts";
import { within } from "../../core/timeout.ts";
import type { Clock, FleetFile } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import { isForeign } from "../os/own-file.ts";

/** The collector runs as another user. */
const MODE = 0o644;
/** The file that is there is not one of ours. */
const FOREIGN = "EFOREIGN";
/** A dying card can hold a write for minutes; the daemon's end must not wait for it. */
export const WRITE_MAX_MS = 2_000;

export class TextFleetFile implements FleetFile {
  readonly #path: string;
  readonly #clock: Clock;
  #stuck: Promise<unknown> | null = null;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  async write(text: string): Promise<Fault | null> {
    if (this.#stuck !== null) return this.#fault("ESTUCK");
    const done = this.#replace(text).then(
      () => null,
      (error: unknown) => {
        const code = errorCode(error);
        if (code === "") throw error;
        return this.#fault(code);
      },
    );
    return await this.#bounded(done);
  }

  async #replace(text: string): Promise<void> {
    if (isForeign(this.#path, (head) => /^# (HELP|TYPE) pipit_/m.test(head))) {
      throw Object.assign(new Error("not ours"), { code: FOREIGN });
    }
    const temp = join(dirname(this.#path), `.${basename(this.#path)}.tmp`);
    await writeFile(temp, text, { mode: MODE });
    await chmod(temp, MODE); // Whatever the umask is.
    await rename(temp, this.#path);
  }

  /** What does not come back in time goes on by itself, and until then nothing else is tried. */
  #bounded(done: Promise<Fault | null>): Promise<Fault | null> {
    return within(this.#clock, WRITE_MAX_MS, done, () => {
      const free = (): void => {
        this.#stuck = null;
      };
      this.#stuck = done.then(free, free);
      return this.#fault("ESTUCK");
    });
  }

  #fault(code: string): Fault {
    const path = this.#path;
    return fault("metrics-lost", "report", `${path} was not written (${code})`, remedy(code, path));
  }
}

function remedy(code: string, path: string): string {
  const folder = dirname(path);
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return `Create the folder ${folder}`;
    case FOREIGN:
      return "The file exists and is not Pipit's; set another metrics.textfile";
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return `Let the user pipit write to ${folder}; under systemd, also add ReadWritePaths=${folder}`;
    case "ENOSPC":
    case "EDQUOT":
      return `Free some space in ${folder}`;
    default:
      return `Check dmesg and ${folder}`;
  }
}
