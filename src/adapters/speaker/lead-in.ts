/**
 * Silence before the first sound after a pause: an HDMI screen, a USB amplifier or Bluetooth sleeps
 * in silence, and swallows what wakes it.
 *
 * Invariant: the paced writer above knows nothing of it but that its first chunk sounds later, and so
 * positions, latencies and what was heard count from the audible part.
 */

import { FRAME_MS, FRAME_SAMPLES } from "../../core/audio/pcm.ts";
import type { Fault } from "../../core/fault.ts";
import type { Clock } from "../../ports.ts";
import type { PcmSink, PcmSinkListener } from "./pcm-sink.ts";

/** A pause this long may have put the device to sleep; those that are quicker are rare. */
export const PAUSE_MS = 2_000;

/** The device as it is, where no lead-in is wanted. */
export function withLeadIn(device: PcmSink, clock: Clock, leadInMs: number): PcmSink {
  return leadInMs === 0 ? device : new LeadIn(device, clock, leadInMs);
}

class LeadIn implements PcmSink, PcmSinkListener {
  readonly #device: PcmSink;
  readonly #clock: Clock;
  readonly #chunks: number;
  #sink: PcmSinkListener | null = null;
  /** When the device last had something to play; null: never, or it was opened anew since. */
  #awakeMs: number | null = null;
  /** Chunks of silence not yet accepted. */
  #silent = 0;
  /** When the first real sample is heard, once the first of the silence was accepted. */
  #audibleMs: number | null = null;

  constructor(device: PcmSink, clock: Clock, leadInMs: number) {
    this.#device = device;
    this.#clock = clock;
    this.#chunks = Math.ceil(leadInMs / FRAME_MS);
  }

  start(sink: PcmSinkListener): void {
    this.#sink = sink;
    this.#device.start(this);
  }

  write(chunk: Int16Array): void {
    const nowMs = this.#clock.nowMs();
    if (this.#awakeMs === null || nowMs - this.#awakeMs > PAUSE_MS) this.#wake();
    this.#awakeMs = nowMs;
    this.#device.write(chunk);
  }

  #wake(): void {
    this.#silent = this.#chunks;
    this.#audibleMs = null;
    for (let n = 0; n < this.#chunks; n++) this.#device.write(new Int16Array(FRAME_SAMPLES));
  }

  look(): void {
    this.#device.look?.();
  }

  finish(): void {
    this.#device.finish();
  }

  drop(): Promise<void> {
    this.#quiet();
    return this.#device.drop();
  }

  kill(): void {
    this.#device.kill();
  }

  close(): Promise<void> {
    return this.#device.close();
  }

  ready(): void {
    this.#sink?.ready();
  }

  accepted(delayMs: number): void {
    const nowMs = this.#clock.nowMs();
    this.#awakeMs = nowMs;
    if (this.#silent > 0) {
      this.#audibleMs ??= nowMs + delayMs + this.#chunks * FRAME_MS;
      this.#silent -= 1;
      return;
    }
    const audibleMs = this.#audibleMs;
    this.#audibleMs = null; // only the first chunk of a run is asked for its time
    this.#sink?.accepted(audibleMs === null ? delayMs : Math.max(delayMs, audibleMs - nowMs));
  }

  drained(): void {
    this.#awakeMs = this.#clock.nowMs();
    this.#sink?.drained();
  }

  lost(fault: Fault): void {
    this.#quiet();
    this.#awakeMs = null;
    this.#sink?.lost(fault);
  }

  /** Nothing more of the silence will be accepted. */
  #quiet(): void {
    this.#silent = 0;
    this.#audibleMs = null;
  }
}
