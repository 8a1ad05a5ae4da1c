/**
 * Several wake-word engines as one: all hear the same sound, and what any of them detects counts.
 *
 * Invariant: it flows while at least one of them does, so that a model that cannot be read does not
 * make the appliance deaf to the other words; that one of several is lost is told through `onPartial`.
 */

import type { Fault } from "../../core/fault.ts";
import type { WakeEngine, WakeSink } from "../../ports.ts";

/** An engine that tells how far it is behind. */
export interface PacedEngine extends WakeEngine {
  /** Frames given and not yet heard. */
  readonly framesWaiting: number;
  /** Frames not taken: the engine was not ready, or too far behind. */
  readonly framesDropped: number;
}

export interface WakeGroupOptions {
  readonly engines: readonly PacedEngine[];
  /** One engine stopped while others go on. */
  readonly onPartial: (fault: Fault) => void;
}

export class WakeGroup implements PacedEngine {
  readonly #options: WakeGroupOptions;
  readonly #flowing: Set<WakeEngine> = new Set();

  constructor(options: WakeGroupOptions) {
    this.#options = options;
  }

  get framesWaiting(): number {
    return Math.max(...this.#options.engines.map((engine) => engine.framesWaiting));
  }

  get framesDropped(): number {
    return Math.max(...this.#options.engines.map((engine) => engine.framesDropped));
  }

  /** Throws a FaultError when the settings of one of them cannot work. */
  start(sink: WakeSink): void {
    for (const engine of this.#options.engines) {
      engine.start({
        detected: (keyword, endSample) => sink.detected(keyword, endSample),
        flowing: () => {
          this.#flowing.add(engine);
          if (this.#flowing.size === 1) sink.flowing();
        },
        lost: (fault) => this.#lost(engine, fault, sink),
      });
    }
  }

  #lost(engine: WakeEngine, fault: Fault, sink: WakeSink): void {
    const wasLast = this.#flowing.delete(engine) && this.#flowing.size === 0;
    const neverFlowed = this.#flowing.size === 0 && !wasLast;
    if (wasLast || neverFlowed) sink.lost(fault);
    else this.#options.onPartial(fault);
  }

  feed(frame: Int16Array, endSample: number): void {
    for (const engine of this.#flowing) engine.feed(frame, endSample);
  }

  listenFor(keyword: string, on: boolean): void {
    for (const engine of this.#options.engines) engine.listenFor(keyword, on);
  }

  async close(): Promise<void> {
    this.#flowing.clear();
    await Promise.all(this.#options.engines.map((engine) => engine.close()));
  }
}
