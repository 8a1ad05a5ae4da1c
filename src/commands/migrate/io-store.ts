/**
 * Replaces a configuration file: backup first, then the new text in one step.
 *
 * Invariants: at every moment the file is whole, the old one or the new one, also after a power cut
 * (temp file beside it, fsync, rename, fsync of the folder); mode and owner stay; a backup is never
 * overwritten; where a step fails, what it had made is removed and the original is untouched.
 */

import { constants } from "node:fs";
import { open, readdir, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CONFIG_MAX_BYTES } from "../../adapters/config/file.ts";
import { errorCode, type Files, realFiles } from "../../adapters/os/files.ts";
import { type Fault, fault } from "../../core/fault.ts";

/** Backups by number; beyond it the owner is asked to clear up. */
export const BACKUPS_MAX = 100;

export interface Status {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly changedMs: number;
}

/** A file that has just been made, and nobody else may read yet. */
export interface NewFile {
  write(bytes: Uint8Array): Promise<void>;
  own(uid: number, gid: number): Promise<void>;
  setMode(mode: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What replacing a file takes; one call of the operating system each, so that each can be failed. */
export interface ReplaceFiles extends Pick<Files, "rename" | "remove" | "syncFolder" | "list"> {
  /** The path without symbolic links. */
  real(path: string): Promise<string>;
  status(path: string): Promise<Status>;
  /** Rejects with EFBIG beyond `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Uint8Array>;
  /** Rejects with EEXIST where there is something by this name, be it a dangling link. */
  createNew(path: string): Promise<NewFile>;
}

const PRIVATE_MODE = 0o600;

export const realReplaceFiles: ReplaceFiles = {
  rename,
  remove: unlink,
  syncFolder: realFiles.syncFolder,
  list: (path) => readdir(path),
  real: (path) => realpath(path),
  async status(path) {
    const { mode, uid, gid, size, mtimeMs } = await stat(path);
    return { mode: mode & 0o7777, uid, gid, bytes: size, changedMs: mtimeMs };
  },
  async read(path, maxBytes) {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw Object.assign(new Error("no ordinary file"), { code: "EINVAL" });
      if (status.size > maxBytes) throw Object.assign(new Error("too large"), { code: "EFBIG" });
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  },
  async createNew(path) {
    const handle = await open(path, "wx", PRIVATE_MODE);
    return {
      write: (bytes) => handle.writeFile(bytes),
      own: (uid, gid) => handle.chown(uid, gid),
      setMode: (mode) => handle.chmod(mode),
      sync: () => handle.sync(),
      close: () => handle.close(),
    };
  },
};

export type Replaced =
  | {
      readonly ok: true;
      /** The file that was replaced, links followed. */
      readonly path: string;
      /** Where the old one is now. */
      readonly backup: string;
    }
  | { readonly ok: false; readonly fault: Fault };

/** Writes `text` in place of the file whose bytes are still `expected`. */
export function replaceConfig(
  path: string,
  expected: Uint8Array,
  text: string,
  files: ReplaceFiles = realReplaceFiles,
): Promise<Replaced> {
  return reporting(path, async () => {
    const real = await files.real(path);
    const status = await files.status(real);
    const backup = await saveBeside(real, ".backup", expected, status, files);
    try {
      await swap(real, Buffer.from(text), expected, status, files);
    } catch (error) {
      // Nothing was changed: a backup of nothing would be taken for the one to go back to.
      await files.remove(backup).catch(() => undefined);
      throw error;
    }
    return { ok: true, path: real, backup };
  });
}

/** Puts the newest backup back; the file that it replaces is kept beside it. Null: there is none. */
export function rollbackConfig(
  path: string,
  files: ReplaceFiles = realReplaceFiles,
): Promise<(Replaced & { readonly from?: string; readonly same?: boolean }) | null> {
  return reporting(path, async () => {
    const real = await files.real(path);
    const from = await newestBackup(real, files);
    if (from === null) return null;
    const [present, old] = [
      await files.read(real, CONFIG_MAX_BYTES),
      await files.read(from, CONFIG_MAX_BYTES),
    ];
    if (Buffer.compare(present, old) === 0) {
      return { ok: true, path: real, backup: "", from, same: true };
    }
    const status = await files.status(real);
    const aside = await saveBeside(real, ".before-rollback", present, status, files);
    try {
      await swap(real, old, present, status, files);
    } catch (error) {
      await files.remove(aside).catch(() => undefined);
      throw error;
    }
    return { ok: true, path: real, backup: aside, from };
  });
}

/** The backup that was written last; of two of the same moment, the one with the higher number. */
async function newestBackup(real: string, files: ReplaceFiles): Promise<string | null> {
  const folder = dirname(real);
  let newest: {
    readonly name: string;
    readonly changedMs: number;
    readonly number: number;
  } | null = null;
  for (const name of await files.list(folder)) {
    const rest = name.startsWith(`${basename(real)}.backup`)
      ? name.slice(basename(real).length)
      : "";
    const number = /^\.backup(?:-([1-9]\d{0,2}))?$/.exec(rest);
    if (number === null) continue;
    const { changedMs } = await files.status(join(folder, name));
    const found = { name, changedMs, number: Number(number[1] ?? 0) };
    const later = newest === null || found.changedMs > newest.changedMs;
    const higher = newest?.changedMs === found.changedMs && found.number > newest.number;
    if (later || higher) newest = found;
  }
  return newest && join(folder, newest.name);
}

/** A copy under the first free name; returns the name. */
async function saveBeside(
  real: string,
  suffix: string,
  bytes: Uint8Array,
  status: Status,
  files: ReplaceFiles,
): Promise<string> {
  for (let number = 0; number < BACKUPS_MAX; number++) {
    const name = `${real}${suffix}${number === 0 ? "" : `-${number}`}`;
    try {
      await write(name, bytes, status, files);
    } catch (error) {
      if (errorCode(error) === "EEXIST") continue;
      throw error;
    }
    try {
      // The backup must outlast a power cut before the file that it saves is replaced.
      await files.syncFolder(dirname(real));
    } catch (error) {
      await files.remove(name).catch(() => undefined);
      throw error;
    }
    return name;
  }
  throw Object.assign(new Error("too many backups"), { code: "EBACKUPS" });
}

async function swap(
  real: string,
  bytes: Uint8Array,
  expected: Uint8Array,
  status: Status,
  files: ReplaceFiles,
): Promise<void> {
  const temp = join(dirname(real), `.${basename(real)}.${process.pid}.tmp`);
  // What a process that was killed left under our number.
  await files.remove(temp).catch(() => undefined);
  await write(temp, bytes, status, files);
  try {
    const present = await files.read(real, CONFIG_MAX_BYTES);
    if (Buffer.compare(present, expected) !== 0) {
      throw Object.assign(new Error("changed meanwhile"), { code: "ECHANGED" });
    }
    await files.rename(temp, real);
  } catch (error) {
    await files.remove(temp).catch(() => undefined);
    throw error;
  }
  // The new file is in force; whether a power cut now brings the old one back, both are whole.
  await files.syncFolder(dirname(real)).catch(() => undefined);
}

/** A new file, on the device when this returns; removed again when it cannot be whole. */
async function write(
  path: string,
  bytes: Uint8Array,
  status: Status,
  files: ReplaceFiles,
): Promise<void> {
  const file = await files.createNew(path);
  try {
    try {
      await file.write(bytes);
      await file.own(status.uid, status.gid);
      await file.setMode(status.mode);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await files.remove(path).catch(() => undefined);
    throw error;
  }
}

/** What a failed call means to the owner; a bug goes on. */
async function reporting<T>(
  path: string,
  job: () => Promise<T>,
): Promise<T | Extract<Replaced, { ok: false }>> {
  try {
    return await job();
  } catch (error) {
    const code = errorCode(error);
    if (code === "") throw error;
    const message = `${path} was left as it is: ${MEANING[code] ?? code}`;
    return { ok: false, fault: fault("config", "report", message, REMEDY[code] ?? "") };
  }
}

const MEANING: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the device (ENOSPC)",
  EDQUOT: "your quota is used up (EDQUOT)",
  EROFS: "the file system is mounted read-only (EROFS)",
  EACCES: "this user may not write to its folder (EACCES)",
  EPERM: "this user may not give the new file the owner of the old one (EPERM)",
  EIO: "the device cannot read or write (EIO)",
  ENOENT: "it does not exist (ENOENT)",
  EBACKUPS: `there are ${BACKUPS_MAX} backups already`,
  ECHANGED: "somebody else has just changed it",
};
const REMEDY: Readonly<Record<string, string>> = {
  ENOSPC: "Free some space (df -h shows which disk is full) and run it again",
  EROFS:
    "A card that has become read-only may be failing; sudo mount -o remount,rw / tries it again",
  EACCES: "Run it with sudo",
  EPERM: "Run it with sudo",
  EBACKUPS: "Remove the older ones and run it again",
  ECHANGED: "Run it again",
};
