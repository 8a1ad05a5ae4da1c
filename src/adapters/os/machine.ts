/** Which machine this is: by its own number, hashed, so that nothing that is told names it elsewhere. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { oneLine } from "../../core/fault.ts";
import type { Machine } from "../../ports.ts";

/**
 * machine-id(5) asks that its number be hashed with something of the program's; the serial number of
 * the Raspberry Pi is what there is without systemd.
 */
const NUMBERS = ["/etc/machine-id", "/var/lib/dbus/machine-id", "/proc/device-tree/serial-number"];
const MODEL = "/proc/device-tree/model";
const ID_CHARS = 12;
const HARDWARE_MAX_CHARS = 80;

/** `root`: another file system than this one. */
export function thisMachine(root = ""): Machine {
  const name = hostname();
  const number = NUMBERS.map((path) => readText(`${root}${path}`)).find((text) => text !== "");
  const id = createHash("sha256")
    .update(`pipit presence ${number ?? name}`)
    .digest("hex");
  const hardware = oneLine(readText(`${root}${MODEL}`), HARDWARE_MAX_CHARS) || process.arch;
  return { id: id.slice(0, ID_CHARS), hostname: oneLine(name, HARDWARE_MAX_CHARS), hardware };
}

/** Without the NUL that ends texts of the device tree; empty where there is none. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").replaceAll("\0", "").trim();
  } catch {
    return "";
  }
}
