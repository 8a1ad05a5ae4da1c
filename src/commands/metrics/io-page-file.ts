/**
 * Writes a file for the owner: whole or not at all.
 *
 * Invariant: what was there before stays until the new text is on the disk, and stays when anything
 * fails; only a page of Pipit's is ever replaced, never the owner's own file, a device, a pipe or a
 * folder.
 */

import { lstat, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../../adapters/os/files.ts";
import { isForeign } from "../../adapters/os/own-file.ts";

/** As a browser of another user should read it; the umask has the last word. */
const FILE_MODE = 0o644;

/** What every page of ours has at its beginning, those of earlier versions included. */
const OUR_PAGE = "<title>Pipit: metrics";

/** Null, or why it was not written, for one line behind the path. */
export async function writePage(path: string, text: string): Promise<string | null> {
  try {
    const target = await targetOf(path);
    if (target === null) return "is not an ordinary file; - prints the page";
    if (isForeign(target.path, (head) => head.includes(OUR_PAGE))) {
      return "exists and is not a page of Pipit's: choose another file, or remove it first";
    }
    const temp = join(dirname(target.path), `.${basename(target.path)}.${process.pid}.tmp`);
    try {
      await writeNew(temp, text, target.mode);
      await rename(temp, target.path);
    } catch (error) {
      await unlink(temp).catch(() => undefined); // It was not made, or it stays: the error counts.
      throw error;
    }
    return null;
  } catch (error) {
    const code = errorCode(error);
    if (code === "") throw error;
    return WHY[code] ?? `was not written (${code})`;
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: "there is no such folder",
  ENOTDIR: "there is no such folder",
  EACCES: "is not writable for this user",
  EPERM: "is not writable for this user",
  EROFS: "is on a read-only disk",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk is full",
  ENAMETOOLONG: "the name is too long",
};

/** Where to put it: behind links, with the mode of what it replaces; null: nothing to replace. */
async function targetOf(path: string): Promise<{ path: string; mode: number | null } | null> {
  const isThere = await lstat(path).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === "ENOENT") return false;
      throw error;
    },
  );
  if (!isThere) return { path, mode: null };
  const real = await realpath(path);
  const status = await stat(real);
  return status.isFile() ? { path: real, mode: status.mode & 0o777 } : null;
}

async function writeNew(path: string, text: string, mode: number | null): Promise<void> {
  // Ours from a run that was killed, or somebody's link to a file that is not to be overwritten.
  await unlink(path).catch(() => undefined);
  const file = await open(path, "wx", FILE_MODE);
  try {
    if (mode !== null) await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
