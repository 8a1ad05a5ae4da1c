/**
 * A mark that tells this process from all others, also from one that gets its number later: the boot
 * (random/boot_id of proc(5)), the number, and the start in ticks since the boot (field 22 of
 * /proc/PID/stat). Where there is no /proc, only the number is known.
 */

import { readFileSync } from "node:fs";
import { errorCode } from "./files.ts";

const MARK = /^([0-9a-f]{8})-(\d+)-(\d+)$/;

/** BOOT-PID-START of this process: hexadecimal digits and two whole numbers. */
export function processIdentity(): string {
  return `${bootId()}-${process.pid}-${startOf(process.pid) ?? 0}`;
}

/** The marked process has ended. */
export function isGone(mark: string): boolean {
  const [, boot = "", pid = "", start = ""] = MARK.exec(mark) ?? [];
  if (boot !== bootId()) return true;
  const now = startOf(Number(pid));
  if (now !== null) return now !== start;
  return mark !== processIdentity() && !isAlive(Number(pid));
}

/** There is a process of this number; EPERM says that it is there and somebody else's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}

function bootId(): string {
  return /^[0-9a-f]{8}/.exec(read("/proc/sys/kernel/random/boot_id"))?.[0] ?? "00000000";
}

/** The name in field 2 may hold blanks and brackets; field 3 is the first after the last bracket. */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3] ?? null;
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
