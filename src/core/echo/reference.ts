/**
 * What the loudspeaker plays, laid beside what the microphone hears: by positions of the capture
 * clock, however the two devices count.
 *
 * Invariants: sound that follows without a gap in the speaker stays without a gap here; where nothing
 * is known to sound there is silence. One preallocated array; nothing is allocated for a sample.
 *
 * Only the beginning of a stretch of sound is placed by time; what follows is counted. So the jitter
 * of two clocks that are read by a busy program moves whole answers, and never tears one.
 */

import { msToSamples, samplesToMs } from "../audio/pcm.ts";

/** Sound that can wait for the microphone's clock to reach it; speakers tell less than 0.5 s ahead. */
const CAPACITY_SAMPLES = msToSamples(2_000);
/** A piece that begins so close to where the last one ended continues it. */
const SEAM_MS = 1;

export class EchoReference {
  readonly #samples = new Int16Array(CAPACITY_SAMPLES);
  readonly #positionAt: (atMs: number) => number | null;
  /** [begin, end): positions of the capture clock whose sound is held. */
  #begin = 0;
  #end = 0;
  /** When `end` sounds. */
  #endMs = Number.NEGATIVE_INFINITY;
  #delaySamples = 0;
  /** Samples of the stretch that begins, for which it is too late. */
  #late = 0;
  #runs = 0;
  #droppedSamples = 0;

  /** `positionAt`: where the capture clock is at a monotonic time; null before there is sound. */
  constructor(positionAt: (atMs: number) => number | null) {
    this.#positionAt = positionAt;
  }

  /** The position after the last sample known to sound. */
  get end(): number {
    return this.#end;
  }

  /** Stretches of sound without a gap, so far. */
  get runs(): number {
    return this.#runs;
  }

  /** Samples that came for a time too far ahead. */
  get droppedSamples(): number {
    return this.#droppedSamples;
  }

  /** From the next stretch on everything is placed so much later (or earlier) than it is said to sound. */
  delay(samples: number): void {
    this.#delaySamples = samples;
  }

  /** These samples sound, the first of them at `atMs`. Copied. */
  playing(pcm: Int16Array, atMs: number): void {
    if (Math.abs(atMs - this.#endMs) > SEAM_MS && !this.#startRun(atMs)) return;
    const late = Math.min(this.#late, pcm.length);
    this.#late -= late;
    const rest = pcm.subarray(late);
    const room = this.#begin + CAPACITY_SAMPLES - this.#end;
    const kept = Math.min(rest.length, Math.max(0, room));
    this.#droppedSamples += rest.length - kept;
    this.#put(rest, kept);
    this.#endMs = atMs + samplesToMs(pcm.length);
    if (kept < rest.length) this.#endMs = Number.NEGATIVE_INFINITY; // What follows is placed anew.
  }

  /** What was said to sound from `atMs` on does not. */
  silenced(atMs: number): void {
    const less = Math.max(0, msToSamples(this.#endMs - atMs));
    if (!Number.isFinite(less)) return;
    this.#end = Math.max(this.#begin, this.#end - less);
    this.#endMs = Number.NEGATIVE_INFINITY;
  }

  /** What sounds from position `from` on, silence where nothing does. What lies before is forgotten. */
  read(from: number, out: Int16Array): void {
    out.fill(0);
    this.#begin = Math.max(this.#begin, Math.min(from, this.#end));
    const first = Math.max(from, this.#begin);
    const last = Math.min(from + out.length, this.#end);
    for (let at = first; at < last; at++) {
      out[at - from] = this.#samples[at % CAPACITY_SAMPLES] ?? 0;
    }
  }

  #startRun(atMs: number): boolean {
    const at = this.#positionAt(atMs);
    if (at === null) return false;
    const position = Math.round(at) + this.#delaySamples;
    const isEmpty = this.#begin === this.#end;
    // Never before what is held, nor before the first sound of all.
    const place = Math.max(0, isEmpty ? position : Math.max(position, this.#begin));
    this.#late = place - position;
    this.#runs += 1;
    if (isEmpty || place >= this.#end + CAPACITY_SAMPLES) {
      this.#begin = this.#end = place;
      return true;
    }
    // Silence between the two, or the new one over the end of the old one.
    while (this.#end < place) this.#samples[this.#end++ % CAPACITY_SAMPLES] = 0;
    this.#end = place;
    return true;
  }

  #put(pcm: Int16Array, count: number): void {
    const at = this.#end % CAPACITY_SAMPLES;
    const first = Math.min(count, CAPACITY_SAMPLES - at);
    this.#samples.set(pcm.subarray(0, first), at);
    this.#samples.set(pcm.subarray(first, count), 0);
    this.#end += count;
  }
}
