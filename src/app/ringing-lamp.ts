/** The lamps, with the ringing of a timer above whatever the appliance does otherwise. */

import type { Indication } from "../core/phase.ts";
import type { Lamp } from "../ports.ts";

export class RingingLamp implements Lamp {
  readonly #lamp: Lamp;
  #isRinging: boolean = false;
  /** What would be shown, and who wants to know of it. */
  #below: { readonly indication: Indication; readonly lit?: () => void } | null = null;

  constructor(lamp: Lamp) {
    this.#lamp = lamp;
  }

  show(indication: Indication, lit?: () => void): void {
    this.#below = lit === undefined ? { indication } : { indication, lit };
    if (!this.#isRinging) this.#lamp.show(indication, lit);
  }

  /** It rings, or no longer. */
  ringing(on: boolean): void {
    if (on === this.#isRinging) return;
    this.#isRinging = on;
    if (on) this.#lamp.show("ringing");
    else if (this.#below !== null) this.#lamp.show(this.#below.indication, this.#below.lit);
  }

  close(): Promise<void> {
    return this.#lamp.close();
  }
}
