/**
 * The few file-system calls that durable files are made of, behind an interface, so that a test can
 * make the Nth of them fail.
 *
 * Invariant: each function is one call of the operating system (or a handful that fail as one), and
 * rejects with Node's error, code included.
 */

import { constants, mkdirSync, statSync } from "node:fs";
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  stat,
  unlink,
} from "node:fs/promises";
import { dirname } from "node:path";

export interface OpenFile {
  /** Writes all of it. */
  write(text: string): Promise<void>;
  /** Returns when the device has it. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What a folder's entry is; a link is a link, whatever it points to. */
export interface FileFacts {
  readonly isFile: boolean;
  readonly bytes: number;
  /** When it was last changed, milliseconds since 1970. */
  readonly changedMs: number;
}

export interface Files {
  makeFolder(path: string): Promise<void>;
  /** Opens for writing; makes the file, or empties it. */
  create(path: string): Promise<OpenFile>;
  /** Opens for writing at the end; makes the file where there is none. */
  append(path: string): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Makes renames and removals in the folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Names of the entries, in no order. */
  list(path: string): Promise<readonly string[]>;
  remove(path: string): Promise<void>;
  /** The text of a file, of at most `maxBytes`; rejects (EFBIG) for a longer one. */
  read(path: string, maxBytes: number): Promise<string>;
  facts(path: string): Promise<FileFacts>;
}

/** Owner writes, group reads: the owner of the appliance is in the service's group. */
const FILE_MODE = 0o640;
const FOLDER_MODE = 0o750;
/** PATH_MAX of Linux holds more, but no owner does. */
const LEVELS_MAX = 64;

/** The real file system. */
export const realFiles: Files = {
  async makeFolder(path) {
    await makeFolders(path, FOLDER_MODE);
  },
  create: async (path) => openFile(await open(path, "w", FILE_MODE)),
  append: async (path) => openFile(await open(path, "a", FILE_MODE)),
  rename,
  async syncFolder(path) {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  list: (path) => readdir(path),
  remove: unlink,
  async read(path, maxBytes) {
    // A pipe that somebody has put here would keep a plain open waiting for its writer.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(Math.min((await handle.stat()).size, maxBytes) + 1);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      if (bytesRead > maxBytes) throw Object.assign(new Error("file too large"), { code: "EFBIG" });
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await handle.close();
    }
  },
  async facts(path) {
    const entry = await lstat(path);
    return { isFile: entry.isFile(), bytes: entry.size, changedMs: entry.mtimeMs };
  },
};

function openFile(handle: FileHandle): OpenFile {
  return {
    write: (text) => handle.writeFile(text),
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

/** Node's name of an error (ENOSPC, EACCES …); empty when it has none. */
export function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/**
 * Makes a folder and what is missing above it, with this mode; rejects with Node's error. It ends:
 * Node's own recursive `mkdir` goes round for ever where the system says ENOENT although the parent
 * is there, as below /proc; here each level is tried twice and no more.
 */
export async function makeFolders(path: string, mode: number, levels = LEVELS_MAX): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (errorCode(error) === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (!isMissingParent(error, path, levels)) throw error;
    await makeFolders(dirname(path), mode, levels - 1);
    await mkdir(path, { mode }).catch(unlessThere);
  }
}

/** The same, before it returns; throws Node's error. */
export function makeFoldersNow(path: string, mode: number, levels = LEVELS_MAX): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (errorCode(error) === "EEXIST" && statSync(path).isDirectory()) return;
    if (!isMissingParent(error, path, levels)) throw error;
    makeFoldersNow(dirname(path), mode, levels - 1);
    try {
      mkdirSync(path, { mode });
    } catch (again) {
      unlessThere(again);
    }
  }
}

function isMissingParent(error: unknown, path: string, levels: number): boolean {
  return errorCode(error) === "ENOENT" && levels > 0 && dirname(path) !== path;
}

/** Somebody else was faster: as good as made. */
function unlessThere(error: unknown): void {
  if (errorCode(error) !== "EEXIST") throw error;
}
