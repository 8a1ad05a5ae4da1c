/**
 * Bytes of s16le sound, cut anyhow, made into exact frames.
 *
 * Invariant: the frames handed out, end to end, are the bytes put in, whatever the chunking; at most
 * one frame less a byte is held back. Assumes a little-endian host, as every supported one is.
 */
import { FRAME_SAMPLES } from "./pcm.ts";

export class Framer {
  readonly #channels: number;
  readonly #index: number;
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  /** What the bytes are put into: the frame itself, or the frame with all its channels. */
  readonly #whole: Int16Array;
  readonly #bytes: Uint8Array;
  #filled = 0;

  /** Of `channels` interleaved ones, that of `index` (from 0) is taken. */
  constructor(channels = 1, index = 0) {
    this.#channels = channels;
    this.#index = index;
    this.#whole = channels === 1 ? this.#frame : new Int16Array(FRAME_SAMPLES * channels);
    this.#bytes = new Uint8Array(this.#whole.buffer);
  }

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
        if (this.#channels > 1) this.#pick();
        take(this.#frame);
      }
    }
  }

  #pick(): void {
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      this.#frame[i] = this.#whole[i * this.#channels + this.#index] ?? 0;
    }
  }

  /** Forgets a part frame: what comes next is not its continuation. */
  reset(): void {
    this.#filled = 0;
  }
}
