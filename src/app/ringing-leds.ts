/** The LEDs, with the ringing of a timer above whatever the appliance does otherwise. */

import type { Indication } from "../core/phase.ts";
import type { Leds } from "../ports.ts";

export class RingingLeds implements Leds {
  readonly #leds: Leds;
  #isRinging: boolean = false;
  /** What would be shown, and who wants to know of it. */
  #below: { readonly indication: Indication; readonly lit?: () => void } | null = null;

  constructor(leds: Leds) {
    this.#leds = leds;
  }

  show(indication: Indication, lit?: () => void): void {
    this.#below = lit === undefined ? { indication } : { indication, lit };
    if (!this.#isRinging) this.#leds.show(indication, lit);
  }

  /** It rings, or no longer. */
  ringing(on: boolean): void {
    if (on === this.#isRinging) return;
    this.#isRinging = on;
    if (on) this.#leds.show("ringing");
    else if (this.#below !== null) this.#leds.show(this.#below.indication, this.#below.lit);
  }

  close(): Promise<void> {
    return this.#leds.close();
  }
}
