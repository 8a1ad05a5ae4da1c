/**
 * Several wake-word engines as one: all hear the same sound, and what any of them detects counts.
 *
 * Invariant: it flows while at least one of them does, so that a model that cannot be read does not
 * make the appliance deaf to the other words; that one of several is lost is told through `onPartial`.
 * Only at the start it waits until each has reported, or START_MAX_MS: whoever is told that it is
 * ready may say any of its words.
 */

import type { Fault } from "../../core/fault.ts";
import type { Clock, WakeEngine, WakeSink } from "../../ports.ts";

/** The first that is ready waits so long for the others. One on a busy machine took 2 s. */
const START_MAX_MS = 5_000;

/** An engine that tells how far it is behind. */
export interface PacedEngine extends WakeEngine {
  /** Frames given and not yet heard. */
  readonly framesWaiting: number;
  /** Frames not taken: the engine was not ready, or too far behind. */
  readonly framesDropped: number;
}

export interface WakeGroupOptions {
  readonly engines: readonly PacedEngine[];
  readonly clock: Clock;
  /** One engine stopped while others go on. */
  readonly onPartial: (fault: Fault) => void;
}

export class WakeGroup implements PacedEngine {
  readonly #options: WakeGroupOptions;
  readonly #flowing: Set<WakeEngine> = new Set();
  /** Those that have not reported since the start. */
  readonly #awaited: Set<WakeEngine> = new Set();
  /** The sink was told that it flows, and not since that it is lost. */
  #isTold: boolean = false;
  #stopWaiting: () => void = () => undefined;

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
    const { engines } = this.#options;
    for (const engine of engines) this.#awaited.add(engine);
    for (const engine of engines) {
      engine.start({
        detected: (keyword, endSample) => sink.detected(keyword, endSample),
        flowing: () => this.#flows(engine, sink),
        lost: (fault) => this.#lost(engine, fault, sink),
      });
    }
  }

  #flows(engine: WakeEngine, sink: WakeSink): void {
    this.#awaited.delete(engine);
    this.#flowing.add(engine);
    if (this.#flowing.size === 1 && this.#awaited.size > 0) {
      this.#stopWaiting = this.#options.clock.after(START_MAX_MS, () => {
        this.#awaited.clear();
        this.#tell(sink);
      });
    }
    this.#tell(sink);
  }

  #tell(sink: WakeSink): void {
    if (this.#isTold || this.#awaited.size > 0 || this.#flowing.size === 0) return;
    this.#stopWaiting();
    this.#isTold = true;
    sink.flowing();
  }

  #lost(engine: WakeEngine, fault: Fault, sink: WakeSink): void {
    this.#awaited.delete(engine);
    this.#flowing.delete(engine);
    if (this.#flowing.size + this.#awaited.size > 0) {
      this.#options.onPartial(fault);
      this.#tell(sink);
      return;
    }
    this.#stopWaiting();
    this.#isTold = false;
    sink.lost(fault);
  }

  feed(frame: Int16Array, endSample: number): void {
    for (const engine of this.#flowing) engine.feed(frame, endSample);
  }

  listenFor(keyword: string, on: boolean): void {
    for (const engine of this.#options.engines) engine.listenFor(keyword, on);
  }

  async close(): Promise<void> {
    this.#stopWaiting();
    this.#awaited.clear();
    this.#flowing.clear();
    await Promise.all(this.#options.engines.map((engine) => engine.close()));
  }
}
