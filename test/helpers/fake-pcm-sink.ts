/**
 * A device for the paced writer that lives in simulated time: takes chunks at once and plays them at
 * the pace of its clock, and misbehaves when told.
 */
import type { PcmSink, PcmSinkListener } from "../../src/adapters/speaker/pcm-sink.ts";
import { samplesToMs } from "../../src/core/audio/pcm.ts";
import { fault } from "../../src/core/fault.ts";
import type { Clock } from "../../src/ports.ts";

export class FakePcmSink implements PcmSink {
  readonly played: number[] = [];
  /** Chunks it was given. */
  writes = 0;
  /** When true, chunks are swallowed and never accepted. */
  stuck: boolean = false;
  /** When true, chunks that do not sound at once are told of when somebody looks. */
  patient: boolean = false;
  /** Largest lead of what was written over what has sounded, ms. */
  leadMaxMs = 0;
  kills = 0;
  /** What the device has before our first sample. */
  bufferMs = 0;
  readonly #clock: Clock;
  #sink: PcmSinkListener | null = null;
  #endMs = 0;
  #cancel: () => void = () => undefined;
  /** What is told when somebody looks. */
  #untold: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(sink: PcmSinkListener): void {
    this.#sink = sink;
  }

  ready(): void {
    this.#sink?.ready();
  }

  lose(): void {
    this.#cancel();
    this.#endMs = 0;
    this.#sink?.lost(fault("speaker-lost", "retry", "pulled"));
  }

  write(chunk: Int16Array): void {
    if (this.stuck) return;
    this.writes += 1;
    this.played.push(...chunk);
    const nowMs = this.#clock.nowMs();
    const startMs = Math.max(nowMs + this.bufferMs, this.#endMs);
    this.#endMs = startMs + samplesToMs(chunk.length);
    this.leadMaxMs = Math.max(this.leadMaxMs, this.#endMs - nowMs);
    const tell = (): void => this.#sink?.accepted(startMs - this.#clock.nowMs());
    if (this.patient && startMs > nowMs + this.bufferMs) this.#untold.push(tell);
    else tell();
  }

  look(): void {
    for (const tell of this.#untold.splice(0)) tell();
  }

  finish(): void {
    this.look();
    this.#cancel = this.#clock.after(this.#endMs - this.#clock.nowMs(), () => {
      this.#sink?.drained();
      this.#sink?.ready();
    });
  }

  drop(): Promise<void> {
    this.look();
    this.#cancel();
    this.#endMs = 0;
    return new Promise((resolve) => {
      this.#clock.after(5, () => {
        resolve();
        this.#sink?.ready();
      });
    });
  }

  kill(): void {
    this.kills += 1;
    this.lose();
  }

  close(): Promise<void> {
    this.#cancel();
    return Promise.resolve();
  }
}
