/**
 * The speaker, simulated: keeps everything it played, and hears at the pace of the clock it is
 * given. Invariant: `heard` never passes what was queued, and never falls.
 */

import { applyGain, msToSamples, samplesToMs } from "../core/audio/pcm.ts";
import type { Clock, Speaker, SpeakerSink } from "../ports.ts";

/** Five minutes of sound: the longest reply, and some. */
const PLAYBACK_QUEUE_MAX_SAMPLES = msToSamples(300_000);

export class SimSpeaker implements Speaker {
  readonly #clock: Clock;
  readonly #played: Int16Array[] = [];
  /** Whom it reports to; a test may report its loss. */
  sink: SpeakerSink | null = null;
  /** From the first sample given to the first one heard, and from `flush` to silence. */
  startMs = 0;
  silenceMs = 0;
  /** Every loudness it was told. */
  readonly gains: number[] = [];
  #taken = 0;
  /** What had been heard at `#sinceMs`; sound runs from there. */
  #heardThen = 0;
  #sinceMs = 0;
  #sounding: boolean = false;
  /** Ran out of samples before its `finish`. */
  #dry: boolean = false;
  #finishing: boolean = false;
  #cancel: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All samples that were queued, in order, also those a flush dropped. */
  get queued(): Int16Array {
    const all = new Int16Array(this.#taken);
    let at = 0;
    for (const piece of this.#played) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  /** Lets go of what was queued so far, for lives longer than a story. */
  forget(): void {
    this.#played.length = 0;
  }

  start(sink: SpeakerSink): void {
    this.sink = sink;
    sink.flowing();
  }

  play(pcm: Int16Array): number {
    const room = PLAYBACK_QUEUE_MAX_SAMPLES - (this.#taken - this.heard());
    const piece = pcm.slice(0, Math.max(0, room));
    applyGain(piece, this.gains.at(-1) ?? 1);
    this.#played.push(piece);
    this.#begin();
    this.sink?.playing(piece, this.#sinceMs + samplesToMs(this.#taken - this.#heardThen));
    this.#taken += piece.length;
    this.#schedule();
    return piece.length;
  }

  /** Counts for what is queued from now on: tests look at `queued`. */
  gain(gain: number): void {
    this.gains.push(gain);
  }

  finish(): void {
    this.#finishing = true;
    this.#schedule();
  }

  async flush(): Promise<number> {
    if (this.silenceMs > 0) {
      await new Promise<void>((resolve) => this.#clock.after(this.silenceMs, resolve));
    }
    const heard = this.heard();
    this.sink?.silenced(this.#clock.nowMs());
    this.#cancel();
    this.#sounding = false;
    this.#dry = false;
    this.#finishing = false;
    this.#heardThen = this.#taken;
    return heard;
  }

  heard(): number {
    if (!this.#sounding) return this.#heardThen;
    const runMs = this.#clock.nowMs() - this.#sinceMs;
    return Math.min(this.#taken, this.#heardThen + msToSamples(Math.max(0, runMs)));
  }

  async close(): Promise<void> {
    this.#cancel();
    this.sink = null;
  }

  #begin(): void {
    if (this.#sounding) return;
    this.#sounding = true;
    this.#sinceMs = this.#clock.nowMs() + this.startMs;
    if (this.#dry) this.sink?.underrun();
    else this.sink?.sounded(this.#sinceMs);
    this.#dry = false;
  }

  /** One alarm, for the moment at which the queue will be empty. */
  #schedule(): void {
    this.#cancel();
    const waitMs = this.#sounding ? Math.max(0, this.#sinceMs - this.#clock.nowMs()) : 0;
    const leftMs = waitMs + samplesToMs(this.#taken - this.heard());
    this.#cancel = this.#clock.after(leftMs, () => this.#ranDry());
  }

  #ranDry(): void {
    this.#heardThen = this.#taken;
    this.#dry = (this.#sounding || this.#dry) && !this.#finishing;
    this.#sounding = false;
    if (!this.#finishing) return;
    this.#finishing = false;
    this.sink?.drained();
  }
}
