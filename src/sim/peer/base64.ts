/** Samples as the wire carries them: base64 of 16-bit little-endian, whatever the machine's order. */

import { endianness } from "node:os";

const SWAPS = endianness() === "BE";

export function base64Of(pcm: Int16Array): string {
  const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  return (SWAPS ? Buffer.from(bytes).swap16() : bytes).toString("base64");
}

/** A last odd byte is dropped; what is not base64 has been refused before. */
export function samplesOf(base64: string): Int16Array {
  const bytes = Buffer.from(base64, "base64");
  const pcm = new Int16Array(Math.floor(bytes.length / 2));
  const target = Buffer.from(pcm.buffer);
  bytes.copy(target, 0, 0, target.length);
  if (SWAPS) target.swap16();
  return pcm;
}
