/**
 * From microphone frames to the frames of a wake-word engine: 3:2 down, 512 samples each, without a
 * gap and without a gate.
 */

import {
  Downsampler,
  RESAMPLE_DELAY_SAMPLES,
  RESAMPLE_RATIO,
  resampledMax,
  WAKE_FRAME_SAMPLES,
} from "./downsampler.ts";

export class WakeFrames {
  readonly #resampler = new Downsampler();
  readonly #frame = new Int16Array(WAKE_FRAME_SAMPLES);
  #output = new Int16Array(0);
  #filled = 0;
  /** End of what is in `#frame`, as a position in the 24 kHz input. */
  #end = -RESAMPLE_DELAY_SAMPLES;

  /** What comes next has this position in the 24 kHz input, and nothing to do with what came before. */
  restart(position: number): void {
    this.#resampler.reset();
    this.#end = position - RESAMPLE_DELAY_SAMPLES;
    this.#filled = 0;
  }

  /** `each` gets a frame (overwritten afterwards), and its end as a position in the 24 kHz input. */
  push(pcm: Int16Array, each: (frame: Int16Array, endSample: number) => void): void {
    const most = resampledMax(pcm.length);
    if (this.#output.length < most) this.#output = new Int16Array(most);
    const count = this.#resampler.process(pcm, this.#output);
    for (let at = 0; at < count; ) {
      const part = Math.min(count - at, WAKE_FRAME_SAMPLES - this.#filled);
      this.#frame.set(this.#output.subarray(at, at + part), this.#filled);
      this.#filled += part;
      this.#end += part * RESAMPLE_RATIO;
      at += part;
      if (this.#filled < WAKE_FRAME_SAMPLES) continue;
      this.#filled = 0;
      each(this.#frame, this.#end);
    }
  }
}
