/** The LEDs, with what is shown above whatever the appliance does otherwise: ringing, the camera, news. */

import { loudnessOf } from "../core/panel/strip.ts";
import type { Indication } from "../core/phase.ts";
import type { Leds } from "../ports.ts";

/** The first of these that is on is shown. A camera that looks is never hidden; news waits for rest. */
const OVERLAYS = ["looking", "ringing", "news"] as const;

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
    const before = this.#top;
    this.#below = lit === undefined ? { indication } : { indication, lit };
    const now = this.#top;
    if (now === null) this.#leds.show(indication, lit);
    else if (now !== before) this.#leds.show(now);
  }

  /** It rings, looks, or has something to tell; or no longer. */
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
    const isRest = this.#below?.indication === "idle";
    return OVERLAYS.find((one) => this.#on.has(one) && (one !== "news" || isRest)) ?? null;
  }
}
