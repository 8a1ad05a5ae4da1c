/**
 * Is what stands at a path ours to overwrite? What a command or a setting names may be a slip, and
 * behind it the owner's only configuration.
 */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** As much of a file as its marks are looked for in. */
const HEAD_BYTES = 4_096;

/**
 * True where an ordinary file with something in it stands at `path` and `isOurs` does not know its
 * beginning. What is missing, empty or not readable is not foreign: writing says what is wrong.
 */
export function isForeign(path: string, isOurs: (head: string) => boolean): boolean {
  let file: number;
  try {
    // A pipe without a writer would block for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    if (!fstatSync(file).isFile()) return false;
    const buffer = Buffer.alloc(HEAD_BYTES);
    const head = buffer.toString("latin1", 0, readSync(file, buffer, 0, buffer.length, 0));
    return head !== "" && !isOurs(head);
  } catch {
    return false;
  } finally {
    closeSync(file);
  }
}

/** A sound file, from whomever: what records into one has always begun it anew. */
export function isWave(head: string): boolean {
  return head.startsWith("RIFF") && head.slice(8, 12) === "WAVE";
}
