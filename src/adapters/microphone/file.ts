/**
 * A recording as the microphone: its frames at real pace, then silence for ever.
 *
 * Invariant: frame n is due n frames after the start by the clock; a late timer is made up for, and
 * no frame is ever skipped, so the sound has no gap and no drift.
 */
import { FRAME_MS, FRAME_SAMPLES } from "../../core/audio/pcm.ts";
import type { Clock, Microphone, MicrophoneSink } from "../../ports.ts";

/** Frames made up for in one go (5 s); the rest follows at once, after others had their turn. */
const BURST_MAX_FRAMES = 250;
/** Sound comes in periods of so much, as from arecord: it is being woken that costs. */
const PERIOD_MS = 40;

export interface FileMicrophoneOptions {
  /** 24 kHz mono, from `loadWav`. */
  readonly pcm: Int16Array;
  readonly clock: Clock;
}

export class FileMicrophone implements Microphone {
  readonly #options: FileMicrophoneOptions;
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  /** Null before `flowing` and after `close`. */
  #sink: MicrophoneSink | null = null;
  #cancel: () => void = () => undefined;
  #startedMs = 0;
  #frames = 0;
  #napMs = 0;
  /** Frames are being handed over: whoever takes them may want another nap. */
  #handing: boolean = false;

  constructor(options: FileMicrophoneOptions) {
    this.#options = options;
  }

  start(sink: MicrophoneSink): void {
    this.#startedMs = this.#options.clock.nowMs();
    // After the caller is done with its own start.
    this.#cancel = this.#options.clock.after(0, () => {
      this.#sink = sink;
      sink.flowing();
      this.#turn();
    });
  }

  nap(ms: number): void {
    const isShorter = ms < this.#napMs;
    this.#napMs = ms;
    if (isShorter && !this.#handing && this.#sink !== null) this.#turn();
  }

  close(): Promise<void> {
    this.#sink = null;
    this.#cancel();
    return Promise.resolve();
  }

  #turn(): void {
    this.#cancel();
    this.#handOver();
    if (this.#sink === null) return;
    const { clock } = this.#options;
    const periodMs = Math.max(PERIOD_MS, this.#napMs);
    const nextMs = this.#startedMs + this.#frames * FRAME_MS + periodMs;
    this.#cancel = clock.after(nextMs - clock.nowMs(), () => this.#turn());
  }

  /** What is due; whoever takes it may close us. */
  #handOver(): void {
    const due = Math.floor((this.#options.clock.nowMs() - this.#startedMs) / FRAME_MS);
    this.#handing = true;
    try {
      for (let n = 0; n < BURST_MAX_FRAMES && this.#frames < due && this.#sink !== null; n++) {
        this.#next();
        this.#sink.frame(this.#frame);
      }
    } finally {
      this.#handing = false;
    }
  }

  #next(): void {
    const from = this.#frames * FRAME_SAMPLES;
    const part = this.#options.pcm.subarray(from, from + FRAME_SAMPLES);
    this.#frame.fill(0);
    this.#frame.set(part);
    this.#frames += 1;
  }
}
