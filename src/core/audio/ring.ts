/**
 * The last seconds of what the microphone heard. Invariant: holds exactly the samples
 * [tail, head) of the capture clock, in one preallocated array; writing never fails, never
 * allocates, and forgets the oldest by design.
 */

export class Ring {
  readonly #samples: Int16Array;
  #head = 0;

  /** `capacitySamples`: how much is remembered, in samples. */
  constructor(capacitySamples: number) {
    if (!Number.isInteger(capacitySamples) || capacitySamples < 1) {
      throw new RangeError(`ring capacity must be a positive integer, not ${capacitySamples}`);
    }
    this.#samples = new Int16Array(capacitySamples);
  }

  /** Samples ever written: the position just after the newest. */
  get head(): number {
    return this.#head;
  }

  /** The oldest position still held. */
  get tail(): number {
    return Math.max(0, this.#head - this.#samples.length);
  }

  /** Appends; of more than the capacity only the newest part is kept, but all of it counts. */
  write(frame: Int16Array): void {
    const capacity = this.#samples.length;
    const kept = frame.length > capacity ? frame.subarray(frame.length - capacity) : frame;
    const at = (this.#head + frame.length - kept.length) % capacity;
    const first = Math.min(kept.length, capacity - at);
    this.#samples.set(kept.subarray(0, first), at);
    this.#samples.set(kept.subarray(first), 0);
    this.#head += frame.length;
  }

  /**
   * Copies from position `from` up to the end of `out` or to `head`; returns the count.
   * Throws a RangeError for a position that is no longer, or not yet, held.
   */
  read(from: number, out: Int16Array): number {
    if (from < this.tail || from > this.#head) {
      throw new RangeError(`position ${from} is outside [${this.tail}, ${this.#head}]`);
    }
    const capacity = this.#samples.length;
    const count = Math.min(out.length, this.#head - from);
    const at = from % capacity;
    const first = Math.min(count, capacity - at);
    out.set(this.#samples.subarray(at, at + first), 0);
    out.set(this.#samples.subarray(0, count - first), first);
    return count;
  }
}
