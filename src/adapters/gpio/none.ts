/** What an appliance without LEDs or a button has: parts that do nothing, so that nobody asks. */

import type { Button, Leds } from "../../ports.ts";

export class NoneLeds implements Leds {
  show(): void {
    // There is nothing to light.
  }

  async close(): Promise<void> {
    // There is nothing to release.
  }
}

export class NoneButton implements Button {
  start(): void {
    // Nobody will ever press it.
  }

  async close(): Promise<void> {
    // There is nothing to release.
  }
}
