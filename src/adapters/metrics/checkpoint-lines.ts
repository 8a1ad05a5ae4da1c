/**
 * The lines of a file of checkpoints: each is a whole metrics file as it would be if it ended there,
 * deflated with the one before as its dictionary, so that a line costs little more than what has
 * changed. zlib's own checksum tells a whole line from a broken one.
 */

import { promisify } from "node:util";
import { deflate, inflate, type ZlibOptions } from "node:zlib";

const pack = promisify(deflate);
const unpack = promisify(inflate);

/** `previous`: the text of the line before this one; null for the first of a file. */
export async function lineOf(text: string, previous: string | null): Promise<string> {
  const packed = await pack(text, { level: 9, ...dictionary(previous) });
  return `${packed.toString("base64")}\n`;
}

/**
 * The text of the last line that is whole, as are all before it; null where there is none. No text
 * is longer than `maxBytes`.
 */
export async function newestWhole(lines: string, maxBytes: number): Promise<string | null> {
  let newest: string | null = null;
  // What follows the last line's end was torn, or is nothing.
  for (const line of lines.split("\n").slice(0, -1)) {
    try {
      const limits: ZlibOptions = { maxOutputLength: maxBytes, ...dictionary(newest) };
      newest = (await unpack(Buffer.from(line, "base64"), limits)).toString("utf8");
    } catch {
      break;
    }
  }
  return newest;
}

/** zlib looks no further back than 32 KiB, and takes the end of what it is given. */
function dictionary(previous: string | null): { dictionary?: Buffer } {
  return previous === null ? {} : { dictionary: Buffer.from(previous) };
}
