/**
 * Bytes of s16le sound, cut anyhow, made into exact frames.
 *
 * Invariant: the frames handed out, end to end, are the bytes put in, whatever the chunking; at most
 * one frame less a byte is held back. Assumes a little-endian host, as every supported one is.
 */
import { FRAME_SAMPLES } from "./pcm.ts";

export class Framer {
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  readonly #bytes = new Uint8Array(this.#frame.buffer);
  #filled = 0;

  /** Takes a chunk; calls `take` for each frame that it completes. The array is used again. */
  push(chunk: Uint8Array, take: (frame: Int16Array) => void): void {
    let at = 0;
    while (at < chunk.length) {
      const count = Math.min(chunk.length - at, this.#bytes.length - this.#filled);
      this.#bytes.set(chunk.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#bytes.length) {
        this.#filled = 0;
        take(this.#frame);
      }
    }
  }

  /** Forgets a part frame: what comes next is not its continuation. */
  reset(): void {
    this.#filled = 0;
  }
}
