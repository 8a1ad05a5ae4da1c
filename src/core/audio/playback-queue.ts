/**
 * Samples waiting for a speaker, with the ends of utterances among them.
 *
 * Invariant: `given <= taken <= given + capacity`; both are positions in everything ever taken and
 * only grow. A read never runs past the end of an utterance. Overflow refuses the newest samples.
 */

import { applyGain } from "./pcm.ts";

/** Longest reply that waits for the speaker: the server sends faster than real time. */
export const PLAYBACK_QUEUE_MAX_S = 240;
/** Ends of utterances kept; more of them join the last one. */
const ENDS_MAX = 1_024;

export class PlaybackQueue {
  /** Fresh pages cost no memory until written; indices restart at 0 whenever it runs empty. */
  readonly #ring: Int16Array;
  #readAt = 0;
  #given = 0;
  #taken = 0;
  #refused = 0;
  #lastEnd = 0;
  readonly #ends: number[] = [];
  /** How loud the next read is: linear, 1 is as it came. */
  gain = 1;

  constructor(capacitySamples: number) {
    this.#ring = new Int16Array(capacitySamples);
  }

  /** Position after the last sample taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Position of the next sample to read. */
  get given(): number {
    return this.#given;
  }

  /** Samples refused because it was full, since the beginning. */
  get refused(): number {
    return this.#refused;
  }

  /** Samples that a read would give now, up to the end of the utterance. */
  get available(): number {
    return (this.#ends[0] ?? this.#taken) - this.#given;
  }

  /** Whether the utterance being read is known to be complete. */
  get endKnown(): boolean {
    return this.#ends.length > 0;
  }

  /** Whether the utterance has been read to its end. */
  get atEnd(): boolean {
    return this.#ends[0] === this.#given;
  }

  /** Copies samples in; returns how many fitted. */
  push(pcm: Int16Array): number {
    if (this.#taken === this.#given) this.#readAt = 0;
    const size = this.#ring.length;
    const count = Math.min(pcm.length, size - (this.#taken - this.#given));
    const writeAt = (this.#readAt + this.#taken - this.#given) % size;
    const first = Math.min(count, size - writeAt);
    this.#ring.set(pcm.subarray(0, first), writeAt);
    this.#ring.set(pcm.subarray(first, count), 0);
    this.#taken += count;
    this.#refused += pcm.length - count;
    return count;
  }

  /** Ends the utterance after what was taken; false when nothing was taken since the last end. */
  end(): boolean {
    if (this.#taken === this.#lastEnd) return false;
    if (this.#ends.length >= ENDS_MAX) this.#ends.pop();
    this.#ends.push(this.#taken);
    this.#lastEnd = this.#taken;
    return true;
  }

  /** Goes on to the next utterance; call when `atEnd`. */
  passEnd(): void {
    this.#ends.shift();
  }

  /** Moves samples out, at most `out.length` and not past an end; returns how many. */
  read(out: Int16Array): number {
    const size = this.#ring.length;
    const count = Math.min(out.length, this.available);
    const first = Math.min(count, size - this.#readAt);
    out.set(this.#ring.subarray(this.#readAt, this.#readAt + first), 0);
    out.set(this.#ring.subarray(0, count - first), first);
    this.#readAt = (this.#readAt + count) % size;
    this.#given += count;
    applyGain(out.subarray(0, count), this.gain);
    return count;
  }

  /** Skips everything, and forgets the ends. */
  drop(): void {
    this.#given = this.#taken;
    this.#lastEnd = this.#taken;
    this.#ends.length = 0;
    this.#readAt = 0;
  }
}
