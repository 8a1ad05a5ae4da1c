/**
 * Is what stands at a path ours to overwrite? What a command or a setting names may be a slip, and
 * behind it the owner's only configuration.
 */

import { accessSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode, makeFoldersNow } from "./files.ts";

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

const FOLDER_MODE = 0o755;

/** Why no file can be written at `path`, in words that follow it; null: nothing is known against it. */
export function outputTrouble(path: string): string | null {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory() === true) return "is a folder; name a file in it";
    const target = there === undefined ? dirname(path) : path;
    accessSync(target, constants.W_OK);
    if (there !== undefined || statSync(target).isDirectory()) return null;
    return `cannot be written: ${target} is no folder`;
  } catch (error) {
    return `cannot be written: ${wordsOf(errorCode(error), dirname(path))}`;
  }
}

/** Makes the folder; why it cannot be, or null. */
export function folderTrouble(path: string): string | null {
  try {
    makeFoldersNow(path, FOLDER_MODE);
    return null;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return "is a file, and a folder is wanted";
    return `cannot be made: ${wordsOf(errorCode(error), dirname(path))}`;
  }
}

/** Why a file cannot be read, in words that follow it; null: nothing is known against it. */
export function inputTrouble(path: string): string | null {
  try {
    if (statSync(path).isDirectory()) return "is a folder; name a file in it";
    accessSync(path, constants.R_OK);
    return null;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file";
    return `cannot be read: ${wordsOf(code, dirname(path))}`;
  }
}

function wordsOf(code: string, folder: string): string {
  switch (code) {
    case "ENOENT":
      return `there is no folder ${folder}`;
    case "ENOTDIR":
      return `${folder} is no folder`;
    case "EACCES":
    case "EPERM":
      return "this user has no permission";
    case "EROFS":
      return "the disk is read-only";
    default:
      return code === "" ? "unknown error" : code;
  }
}
