/** The webcams that are plugged in: the kernel's list of video devices. */

import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../os/files.ts";

export const VIDEO_CLASS = "/sys/class/video4linux";

/**
 * Device files of the cameras at USB ports, by their number. Each camera has two or more: only
 * the first takes pictures, the others tell of them. What is not at USB belongs to the ribbon cable.
 */
export function webcams(root = VIDEO_CLASS): readonly string[] {
  return names(root)
    .filter((name) => isWebcam(join(root, name)))
    .sort((a, b) => numberOf(a) - numberOf(b))
    .map((name) => `/dev/${name}`);
}

function names(root: string): readonly string[] {
  try {
    return readdirSync(root).filter((name) => /^video\d+$/.test(name));
  } catch (error) {
    if (errorCode(error) === "") throw error;
    return []; // No video device has ever been seen.
  }
}

function isWebcam(folder: string): boolean {
  try {
    const index = readFileSync(join(folder, "index"), "utf8").trim();
    return index === "0" && realpathSync(join(folder, "device")).includes("/usb");
  } catch (error) {
    if (errorCode(error) === "") throw error;
    return false; // Unplugged just now.
  }
}

function numberOf(name: string): number {
  return Number(name.slice("video".length));
}
