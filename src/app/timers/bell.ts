/**
 * The ringing as sound: a short local recording again and again, softly at first. Nothing is
 * streamed: between two strokes the wake word can be heard, and a stop is silence at once.
 */

import type { Clock } from "../../ports.ts";
import type { Downlink } from "../audio/downlink.ts";
import type { Bell } from "./alarm-clock.ts";

/** From one stroke to the next; the recording is shorter, and leaves a pause. */
const STROKE_MS = 2_000;
/** How long it takes to reach its loudest. */
const RAMP_MS = 30_000;
/** Where it begins, of its loudest. */
const RAMP_FLOOR = 0.2;

export interface DownlinkBellOptions {
  readonly clock: Clock;
  readonly downlink: () => Pick<Downlink, "playSound" | "quiet">;
  /** 24 kHz mono; null: there is no recording, and only the LEDs show it. */
  readonly stroke: () => Int16Array | null;
  /** Linear, 0 to 1. */
  readonly volume: () => number;
}

export class DownlinkBell implements Bell {
  readonly #options: DownlinkBellOptions;
  #sinceMs = 0;
  #cancel: () => void = () => {};

  constructor(options: DownlinkBellOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancel();
    this.#sinceMs = this.#options.clock.nowMs();
    this.#strike();
  }

  stop(): void {
    this.#cancel();
    this.#cancel = () => {};
    this.#options.downlink().quiet();
  }

  #strike(): void {
    const { clock, downlink, stroke, volume } = this.#options;
    const grown = Math.min(1, (clock.nowMs() - this.#sinceMs) / RAMP_MS);
    const sound = stroke();
    if (sound !== null)
      downlink().playSound(sound, volume() * (RAMP_FLOOR + (1 - RAMP_FLOOR) * grown));
    this.#cancel = clock.after(STROKE_MS, () => this.#strike());
  }
}
