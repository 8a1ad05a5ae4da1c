/**
 * Jobs on one folder, one after another.
 *
 * Invariants: no two jobs run at a time; at most PENDING_MAX wait; the caller is answered within
 * SAVE_MAX_MS, also by a disk that never answers; trouble with the disk is a fault, a bug rejects.
 */

import { type Fault, type FaultCode, fault } from "../../core/fault.ts";
import type { Clock } from "../../ports.ts";
import { errorCode } from "./files.ts";
import { ownershipRemedy } from "./ownership.ts";

/** Jobs that wait: conversations are minutes apart, so a second one is already odd. */
export const PENDING_MAX = 4;
/** A write takes milliseconds; a dying card can hold one for minutes. */
export const SAVE_MAX_MS = 10_000;

/** What has become of what was to be written: lost, or only not as it should be. */
type DiskLoss = Extract<FaultCode, "metrics-lost" | "metrics-disk" | "not-stored">;

export interface DiskJob {
  readonly loss: DiskLoss;
  /** What has not happened when it fails, as the beginning of a line. */
  readonly failed: string;
  readonly run: () => Promise<void>;
}

export class WriteQueue {
  readonly #clock: Clock;
  readonly #dir: string;
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, dir: string) {
    this.#clock = clock;
    this.#dir = dir;
  }

  /** The next job would be refused. */
  get isFull(): boolean {
    return this.#pending >= PENDING_MAX;
  }

  take({ loss, failed, run }: DiskJob): Promise<Fault | null> {
    const stuck = (): Fault => diskFault(loss, failed, "ESTUCK", this.#dir);
    if (this.isFull) return Promise.resolve(stuck());
    this.#pending++;
    const done = this.#last.then(run).then(
      () => null,
      (error: unknown) => {
        const code = errorCode(error);
        if (code === "") throw error;
        return diskFault(loss, failed, code, this.#dir);
      },
    );
    this.#last = done.then(
      () => this.#pending--,
      () => this.#pending--,
    );
    return new Promise((resolve, reject) => {
      const takeBack = this.#clock.after(SAVE_MAX_MS, () => resolve(stuck()));
      done.then(resolve, reject).finally(takeBack);
    });
  }
}

/**
 * Trouble with the folder as one line for the owner. `failed` says what did not happen; `code` is
 * Node's name of the error, or ESTUCK.
 */
function diskFault(loss: DiskLoss, failed: string, code: string, dir: string): Fault {
  const [what, remedy] = diskWords(code, dir);
  return fault(loss, "report", `${failed}: ${what} (${code})`, remedy);
}

function diskWords(code: string, dir: string): readonly [string, string] {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return ["the disk is full", `Free some space for ${dir}, or lower metrics.max_mb`];
    case "EROFS":
      return ["the file system is read-only", "Check dmesg: a failing card is mounted read-only"];
    case "EACCES":
    case "EPERM":
      return [`no permission to write in ${dir}`, ownershipRemedy(dir)];
    case "ENOTDIR":
    case "EEXIST":
      return [`${dir} is not a folder`, "Set metrics.dir to a folder"];
    case "ESTUCK":
      return ["the disk does not answer", "Check dmesg: the card may be failing"];
    default:
      return [`the disk refused it`, `Check dmesg and ${dir}`];
  }
}
