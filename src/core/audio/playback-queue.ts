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
/** Pieces that wait: four minutes of 12 ms each. A server that sends smaller ones is refused the rest. */
const PIECES_MAX = 20_000;
/** Pieces that were read are let go of in lots, since each time the others move up. */
const LOT = 256;

export class PlaybackQueue {
  readonly #capacitySamples: number;
  /** As they were given: a copy in a buffer of its own would be memory for the longest reply ever. */
  #pieces: Int16Array[] = [];
  /** The next sample to read: of which piece, and where in it. */
  #nextPiece = 0;
  #nextSample = 0;
  #given = 0;
  #taken = 0;
  #refused = 0;
  #lastEnd = 0;
  readonly #ends: number[] = [];
  /** How loud the next read is: linear, 1 is as it came. */
  gain = 1;

  constructor(capacitySamples: number) {
    this.#capacitySamples = capacitySamples;
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

  /** Keeps the samples, which must not change any more; returns how many fitted. */
  push(pcm: Int16Array): number {
    const room = this.#capacitySamples - (this.#taken - this.#given);
    const hasPlace = this.#pieces.length - this.#nextPiece < PIECES_MAX;
    const count = hasPlace ? Math.min(pcm.length, room) : 0;
    if (count > 0) this.#pieces.push(count < pcm.length ? pcm.subarray(0, count) : pcm);
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

  /** Copies samples out, at most `out.length` and not past an end; returns how many. */
  read(out: Int16Array): number {
    const count = Math.min(out.length, this.available);
    for (let done = 0; done < count; ) done += this.#readPiece(out.subarray(done, count));
    this.#given += count;
    applyGain(out.subarray(0, count), this.gain);
    return count;
  }

  /** Skips everything, and forgets the ends. */
  drop(): void {
    this.#given = this.#taken;
    this.#lastEnd = this.#taken;
    this.#ends.length = 0;
    this.#forget();
  }

  #readPiece(out: Int16Array): number {
    const piece = this.#pieces[this.#nextPiece];
    if (piece === undefined) throw new Error("less waits than was counted");
    const part = piece.subarray(this.#nextSample, this.#nextSample + out.length);
    out.set(part);
    this.#nextSample += part.length;
    if (this.#nextSample === piece.length) this.#passPiece();
    return part.length;
  }

  #passPiece(): void {
    this.#nextSample = 0;
    this.#nextPiece += 1;
    if (this.#nextPiece === this.#pieces.length) this.#forget();
    else if (this.#nextPiece === LOT) {
      this.#pieces.splice(0, LOT);
      this.#nextPiece = 0;
    }
  }

  #forget(): void {
    this.#pieces = [];
    this.#nextPiece = 0;
    this.#nextSample = 0;
  }
}
