/**
 * Start in order, stop in reverse, each stop in bounded time; and the watchdog, which is fed only
 * while sound arrives (or its absence is known and being mended) and the event loop turns.
 */

import { within } from "../core/timeout.ts";
import type { Clock, Journal, Notifier } from "../ports.ts";

/** Longest a single part may take to stop; all together stay within STOP_MAX_MS. */
const CLOSE_MAX_MS = 1_200;
/** Saying so to the service manager. */
const NOTIFY_MAX_MS = 400;
/** All parts together; with NOTIFY_MAX_MS and the process's own end it stays within the 3 s that the owner waits. */
const STOP_MAX_MS = 2_200;
/** Without a frame for this long, and no word about it, the capture hangs: do not say "alive". */
const FRAME_AGE_MAX_MS = 10_000;

export interface Health {
  /** Monotonic time of the newest microphone frame; null before the first. */
  readonly lastFrameMs: number | null;
  /** The microphone is known to be away, and its adapter is trying. */
  readonly microphoneIsLost: boolean;
}

interface Part {
  readonly name: string;
  readonly close: () => Promise<void>;
}

export interface LifecycleOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly notifier: Notifier;
}

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #parts: Part[] = [];
  #cancelWatch: () => void = () => {};
  #readyMs = 0;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Remembers how to stop what has just been started. */
  add(name: string, close: () => Promise<void>): void {
    this.#parts.push({ name, close });
  }

  /** `status` for the service manager, `line` for the journal. */
  async ready(status: string, line: string, health: () => Health): Promise<void> {
    const { notifier, journal, clock } = this.#options;
    this.#readyMs = clock.nowMs();
    await notifier.ready(status);
    journal.log("info", line);
    this.#watch(health);
  }

  async stopping(): Promise<void> {
    this.#cancelWatch();
    await this.#within("service manager", NOTIFY_MAX_MS, () => this.#options.notifier.stopping());
  }

  /** Stops what was started, newest first. A part that hangs is left behind, and named. */
  async stop(): Promise<void> {
    const untilMs = this.#options.clock.nowMs() + STOP_MAX_MS;
    for (const { name, close } of this.#parts.toReversed()) {
      const leftMs = Math.max(0, untilMs - this.#options.clock.nowMs());
      await this.#within(name, Math.min(CLOSE_MAX_MS, leftMs), close);
    }
    this.#parts.length = 0;
  }

  async #within(name: string, limitMs: number, work: () => Promise<void>): Promise<void> {
    const { clock } = this.#options;
    const stopped = work().then(() => null, String);
    const problem = await within(clock, limitMs, stopped, () => "did not stop in time");
    if (problem !== null) this.#options.journal.log("warning", `Stopping: ${name}: ${problem}`);
  }

  #watch(health: () => Health): void {
    const { notifier, clock } = this.#options;
    const periodMs = notifier.watchdogMs;
    if (periodMs === null) return;
    this.#cancelWatch = clock.after(periodMs, () => {
      if (this.#isAlive(health())) notifier.watchdog();
      this.#watch(health);
    });
  }

  #isAlive({ lastFrameMs, microphoneIsLost }: Health): boolean {
    if (microphoneIsLost) return true;
    const since = lastFrameMs ?? this.#readyMs;
    return this.#options.clock.nowMs() - since < FRAME_AGE_MAX_MS;
  }
}
