/**
 * What the paced writer asks of a device that plays chunks: the seam between what all speakers share
 * and what each does in its own way.
 *
 * Invariant: reports come in order, and `accepted` once for each chunk written, unless it was dropped.
 */
import type { Fault } from "../../core/fault.ts";

export interface PcmSinkListener {
  /** Takes chunks: after the start, after each `finish` and `drop`, and after each `lost`. */
  ready(): void;
  /**
   * The oldest chunk not yet accepted has reached the device; of the first of a run, it sounds in
   * `delayMs` from now.
   */
  accepted(delayMs: number): void;
  /** All of it has been heard, after `finish`; `ready` follows. */
  drained(): void;
  /** Not ready any more; once for each outage. `ready` follows when it is over. */
  lost(fault: Fault): void;
}

/** A device, started and supervised by its adapter. Chunks are 100 ms at most, and 20 ms at least, but for the last. */
export interface PcmSink {
  start(sink: PcmSinkListener): void;
  /** Only while ready. The device may keep the array. */
  write(chunk: Int16Array): void;
  /** Called with each feeding: what the device has said and did not need to be told at once is told. */
  look?(): void;
  /** No more chunks in this run: `drained` follows, then `ready`. */
  finish(): void;
  /** Silence now; resolves within 200 ms, when it is silent. Then `ready` follows. */
  drop(): Promise<void>;
  /** It hangs: end it by force; `lost` follows. */
  kill(): void;
  close(): Promise<void>;
}
