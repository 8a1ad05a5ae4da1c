/**
 * Reads a file that somebody has named. It may be anything: a pipe without a writer would block the
 * process for ever, signals and all; a device has no end.
 *
 * Invariant: it returns at once with a whole ordinary file of at most `maxBytes`, or throws an Error
 * whose message says why not, with Node's code, NO_FILE or EFBIG.
 */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { errorCode } from "./files.ts";

/** The code where there is something, but no ordinary file and no folder. */
export const NO_FILE = "NO_FILE";
const PIECE_BYTES = 65_536;

/** By the code of an error: what is said behind the name of a file that cannot be read. */
export const WHY_NOT: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "does not exist",
  EACCES: "may not be read",
  EISDIR: "is a folder",
  [NO_FILE]: "is not an ordinary file",
  EFBIG: "is too large",
};

export function readOrdinary(path: string, maxBytes: number): Buffer {
  const fd = opened(path);
  try {
    const facts = fstatSync(fd);
    if (facts.isDirectory()) throw refused("EISDIR");
    if (!facts.isFile()) throw refused(NO_FILE);
    if (facts.size > maxBytes) throw tooLarge(maxBytes);
    return readAll(fd, facts.size, maxBytes);
  } finally {
    closeSync(fd);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const words = WHY_NOT[errorCode(error)];
    if (error instanceof Error && words !== undefined) error.message = `it ${words}`;
    throw error;
  }
}

/** To its end, which may not be where its size says: files of the kernel's have none. */
function readAll(fd: number, size: number, maxBytes: number): Buffer {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (let next = size + 1; ; next = PIECE_BYTES) {
    const piece = Buffer.allocUnsafe(next);
    const count = readSync(fd, piece, 0, next, null);
    if (count === 0) break;
    pieces.push(piece.subarray(0, count));
    bytes += count;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
  }
  const [first = Buffer.alloc(0)] = pieces;
  return pieces.length <= 1 ? first : Buffer.concat(pieces);
}

function tooLarge(maxBytes: number): Error {
  return refused("EFBIG", `it has more than ${maxBytes} bytes`);
}

function refused(code: string, message = `it ${WHY_NOT[code]}`): Error {
  return Object.assign(new Error(message), { code });
}
