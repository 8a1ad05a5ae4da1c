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

export interface FileMicrophoneOptions {
  /** 24 kHz mono, from `loadWav`. */
  readonly pcm: Int16Array;
  readonly clock: Clock;
}

export class FileMicrophone implements Microphone {
  readonly #options: FileMicrophoneOptions;
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  #cancel: () => void = () => undefined;
  #startedMs = 0;
  #frames = 0;

  constructor(options: FileMicrophoneOptions) {
    this.#options = options;
  }

  start(sink: MicrophoneSink): void {
    this.#startedMs = this.#options.clock.nowMs();
    // After the caller is done with its own start.
    this.#cancel = this.#options.clock.after(0, () => {
      sink.flowing();
      this.#turn(sink);
    });
  }

  /** A recording is for trying out: what it costs is no matter. */
  nap(): void {}

  close(): Promise<void> {
    this.#cancel();
    this.#cancel = () => undefined;
    return Promise.resolve();
  }

  #turn(sink: MicrophoneSink): void {
    const { clock } = this.#options;
    let stopped = false;
    this.#cancel = () => {
      stopped = true;
    };
    const due = Math.floor((clock.nowMs() - this.#startedMs) / FRAME_MS);
    for (let n = 0; n < BURST_MAX_FRAMES && this.#frames < due && !stopped; n++) {
      this.#next();
      sink.frame(this.#frame);
    }
    if (stopped) return;
    const nextMs = this.#startedMs + (this.#frames + 1) * FRAME_MS;
    this.#cancel = clock.after(nextMs - clock.nowMs(), () => this.#turn(sink));
  }

  #next(): void {
    const from = this.#frames * FRAME_SAMPLES;
    const part = this.#options.pcm.subarray(from, from + FRAME_SAMPLES);
    this.#frame.fill(0);
    this.#frame.set(part);
    this.#frames += 1;
  }
}
