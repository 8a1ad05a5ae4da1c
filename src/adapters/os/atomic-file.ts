/**
 * A file that is there whole or not at all, also after a power cut: temp file in the same folder,
 * fsync, rename, fsync of the folder.
 */

import { join } from "node:path";
import type { Files, OpenFile } from "./files.ts";

export interface WholeFile {
  readonly dir: string;
  readonly name: string;
  readonly text: string;
  /** The temp file, in the same folder; it is empty, of an earlier life, or not there. */
  readonly temp: string;
  /** Done between the rename and the fsync of the folder, which makes both durable at once. */
  readonly renamed: () => Promise<void>;
}

export async function writeWhole(files: Files, whole: WholeFile): Promise<void> {
  await put(files, whole, true);
  await whole.renamed();
  await files.syncFolder(whole.dir);
}

/** Whole for whoever opens it, and after the end of this process; not after a power cut. */
export async function replace(files: Files, whole: Omit<WholeFile, "renamed">): Promise<void> {
  await put(files, whole, false);
}

/** Writes all of it, and closes whatever happens. */
export async function fill(file: OpenFile, text: string, isDurable: boolean): Promise<void> {
  try {
    await file.write(text);
    if (isDurable) await file.sync();
  } finally {
    await file.close();
  }
}

type Parts = Omit<WholeFile, "renamed">;

async function put(files: Files, { dir, name, text, temp }: Parts, durable: boolean) {
  const path = join(dir, temp);
  try {
    await fill(await files.create(path), text, durable);
    await files.rename(path, join(dir, name));
  } catch (error) {
    await files.remove(path).catch(() => {
      // Gone already, or it stays: the next write empties this same file.
    });
    throw error;
  }
}
