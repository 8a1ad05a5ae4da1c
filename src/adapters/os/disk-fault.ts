/** Trouble with a folder of ours as one line for the owner: what is wrong, and what would help. */

import { type Fault, type FaultCode, fault } from "../../core/fault.ts";

/** What has become of what was to be written: lost, or only not as it should be. */
export type DiskLoss = Extract<FaultCode, "metrics-lost" | "metrics-disk" | "not-stored">;

/** `failed` says what did not happen; `code` is Node's name of the error, or ESTUCK. */
export function diskFault(loss: DiskLoss, failed: string, code: string, dir: string): Fault {
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
      return [`no permission to write in ${dir}`, `Let the user that runs pipit write to ${dir}`];
    case "ENOTDIR":
    case "EEXIST":
      return [`${dir} is not a folder`, "Set metrics.dir to a folder"];
    case "ESTUCK":
      return ["the disk does not answer", "Check dmesg: the card may be failing"];
    default:
      return [`the disk refused it`, `Check dmesg and ${dir}`];
  }
}
