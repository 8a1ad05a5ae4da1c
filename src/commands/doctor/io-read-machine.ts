/** Facts about the computer itself: time, disk, memory, power. */

import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import { errorCode } from "../../adapters/os/files.ts";
import { runProgram } from "../../adapters/os/run-program.ts";
import { readNames, readText } from "./io-read-files.ts";
import type { CardErrors, DiskFacts } from "./machine.ts";

/** Just below the wait for a check. */
const ASK_MAX_MS = 4_500;

/** Null: nobody here knows. */
export async function isSynchronised(): Promise<boolean | null> {
  if (existsSync("/run/systemd/timesync/synchronized")) return true;
  const args = ["show", "--property=NTPSynchronized", "--value"];
  const { stdout } = await runProgram("timedatectl", args, { maxMs: ASK_MAX_MS });
  const said = stdout.trim();
  return said === "yes" ? true : said === "no" ? false : null;
}

/** What the firmware says of voltage and temperature; null where there is none. */
export async function throttled(): Promise<string | null> {
  const file = readText("/sys/devices/platform/soc/soc:firmware/get_throttled");
  if (file !== null) return file;
  const { code, stdout } = await runProgram("vcgencmd", ["get_throttled"], { maxMs: ASK_MAX_MS });
  return code === 0 ? stdout : null;
}

const EXT4 = "/sys/fs/ext4";

/** The error counts of the ext4 file systems. */
export function cardErrors(): readonly CardErrors[] {
  return readNames(EXT4).flatMap((device) => {
    const count = readText(join(EXT4, device, "errors_count"));
    return count === null ? [] : [{ device, errors: Number(count.trim()) || 0 }];
  });
}

/** About the file system that holds `path`, or will: the nearest folder that can be looked at. */
export function diskFacts(path: string, mayAsk: boolean): DiskFacts {
  let nearest = path;
  for (;;) {
    try {
      const { bavail, blocks, bsize, ffree, files } = statfsSync(nearest);
      return {
        path,
        freeBytes: bavail * bsize,
        totalBytes: blocks * bsize,
        // btrfs and the like have no fixed number.
        freeFiles: files === 0 ? null : ffree,
        trouble: "",
        isReadOnly: isReadOnly(nearest),
        isWritable: mayAsk ? isWritable(nearest) : null,
      };
    } catch (error) {
      const code = errorCode(error);
      const goesUp = ["ENOENT", "EACCES"].includes(code) && dirname(nearest) !== nearest;
      if (goesUp) {
        nearest = dirname(nearest);
        continue;
      }
      const none = { freeBytes: null, totalBytes: null, freeFiles: null };
      const trouble = `cannot be looked at (${code || "unknown error"})`;
      return { path, ...none, trouble, isReadOnly: false, isWritable: null };
    }
  }
}

/** The mount with the longest name that `path` begins with; the last of several at one place counts. */
function isReadOnly(path: string): boolean {
  let best = { point: "", options: "" };
  for (const line of (readText("/proc/self/mounts") ?? "").split("\n")) {
    const [, point = "", , options = ""] = line.split(" ");
    const holds = path === point || path.startsWith(point === "/" ? "/" : `${point}/`);
    if (point !== "" && holds && point.length >= best.point.length) best = { point, options };
  }
  return best.options.split(",").includes("ro");
}

/** Whether two paths are on one file system, as far as it can be told. */
export function isSameDisk(a: string, b: string): boolean {
  try {
    return statSync(a).dev === statSync(b).dev;
  } catch {
    return false;
  }
}

export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The networks that this machine is in, other than itself: `wlan0 192.168.1.20`. */
export function networks(): readonly string[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map((address) => ({ name, ...address })),
  );
  return all
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ name, address }) => `${name} ${address}`);
}
