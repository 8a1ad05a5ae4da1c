/** The LEDs, with what is shown above whatever the appliance does otherwise: ringing, the camera. */

import { loudnessOf } from "../core/panel/strip.ts";
import type { Indication } from "../core/phase.ts";
import type { Leds } from "../ports.ts";

/** The first of these that is on is shown. A camera that looks is never hidden. */
const OVERLAYS = ["looking", "ringing"] as const;

export type Overlay = (typeof OVERLAYS)[number];

interface Shown {
  readonly indication: Indication;
  /** Who wants to know of its first light. */
  readonly lit?: () => void;
}

export class OverlaidLeds implements Leds {
  readonly #leds: Leds;
  readonly #on = new Set<Overlay>();
  /** What would be shown without overlays. */
  #below: Shown | null = null;

  constructor(leds: Leds) {
    this.#leds = leds;
  }

  show(indication: Indication, lit?: () => void): void {
    this.#below = lit === undefined ? { indication } : { indication, lit };
    if (this.#top === null) this.#leds.show(indication, lit);
  }

  /** It rings, or looks; or no longer. */
  overlay(what: Overlay, on: boolean): void {
    const before = this.#top;
    if (on) this.#on.add(what);
    else this.#on.delete(what);
    const now = this.#top;
    if (now === before) return;
    if (now !== null) this.#leds.show(now);
    else if (this.#below !== null) this.#leds.show(this.#below.indication, this.#below.lit);
  }

  /** What sounds from `atMs` on; looked at only where the LEDs can show it. */
  playing(pcm: Int16Array, atMs: number): void {
    this.#leds.loudness?.(loudnessOf(pcm), atMs);
  }

  countdown(dueMs: number | null): void {
    this.#leds.countdown?.(dueMs);
  }

  close(): Promise<void> {
    return this.#leds.close();
  }

  get #top(): Overlay | null {
    return OVERLAYS.find((one) => this.#on.has(one)) ?? null;
  }
}
