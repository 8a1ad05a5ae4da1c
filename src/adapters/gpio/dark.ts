/** Makes LEDs dark and lets their pins go: for a daemon that could not do it itself. */

import { FaultError } from "../../core/fault.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Clock } from "../../ports.ts";
import type { Bank } from "./bank.ts";
import { type GpioBackend, pickBank } from "./pick.ts";

/** Always succeeds: whatever cannot be made dark is not ours, or not there. */
export async function makeLedsDark(settings: Settings, clock: Clock): Promise<void> {
  const banks = banksFor(settings["leds.backend"], clock);
  for (const pin of [settings["leds.listening_pin"], settings["leds.status_pin"]]) {
    if (pin !== "none") await darken(pin, settings["leds.active_low"], banks);
  }
}

/** A pin that onoff left exported is taken, for the character device: onoff then has its turn. */
function banksFor(backend: GpioBackend, clock: Clock): readonly Bank[] {
  const names: readonly GpioBackend[] = backend === "auto" ? ["gpiochip", "onoff"] : [backend];
  return names.flatMap((name) => pickBank(name, { clock, onNotice: () => {} }).bank ?? []);
}

async function darken(pin: number, activeLow: boolean, banks: readonly Bank[]): Promise<void> {
  for (const bank of banks) {
    try {
      const line = await bank.output({ pin, activeLow });
      line.release();
      return;
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
    }
  }
}
