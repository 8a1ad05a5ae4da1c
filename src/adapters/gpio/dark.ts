/** Makes LEDs dark and lets their pins go: for a daemon that could not do it itself. */

import { FaultError } from "../../core/fault.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Clock } from "../../ports.ts";
import type { Bank } from "./bank.ts";
import { type GpioBackend, pickBank } from "./pick.ts";
import { openSpi } from "./spi.ts";
import { darkBytes } from "./strip.ts";

/**
 * Always succeeds: whatever cannot be made dark is not ours, or not there. Returns what came of it,
 * a sentence for the owner.
 */
export async function makeLedsDark(settings: Settings, clock: Clock): Promise<string> {
  const backend = settings["leds.backend"];
  if (backend === "apa102") return stripDark(settings["leds.device"], settings["leds.count"]);
  const banks = banksFor(backend, clock);
  const pins = [settings["leds.listening_pin"], settings["leds.status_pin"]].filter(
    (pin) => pin !== "none",
  );
  const dark: number[] = [];
  for (const pin of pins) {
    if (await darken(pin, settings["leds.active_low"], banks)) dark.push(pin);
  }
  if (dark.length > 0) return `The LEDs are off (${pinsText(dark)})`;
  if (pins.length === 0) return "No LEDs are configured: nothing to turn off";
  const why = banks.length === 0 ? "there is no GPIO here" : "another program uses the pins";
  return `The LEDs were left alone (${pinsText(pins)}): ${why}`;
}

/** Its supply, where a pin switches it, went with the daemon. */
function stripDark(path: string, count: number): string {
  try {
    const line = openSpi(path);
    const isDark = line.write(darkBytes(count));
    line.release();
    return isDark
      ? `The LEDs are off (${path})`
      : `The LEDs were left alone: ${path} takes nothing`;
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return `The LEDs were left alone: ${error.fault.message}`;
  }
}

function pinsText(pins: readonly number[]): string {
  return `${pins.length === 1 ? "pin" : "pins"} ${pins.join(" and ")}`;
}

/** A pin that onoff left exported is taken, for the character device: onoff then has its turn. */
function banksFor(backend: GpioBackend, clock: Clock): readonly Bank[] {
  const names: readonly GpioBackend[] = backend === "auto" ? ["gpiochip", "onoff"] : [backend];
  return names.flatMap((name) => pickBank(name, { clock, onNotice: () => {} }).bank ?? []);
}

async function darken(pin: number, activeLow: boolean, banks: readonly Bank[]): Promise<boolean> {
  for (const bank of banks) {
    try {
      const line = await bank.output({ pin, activeLow });
      line.release();
      return true;
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
    }
  }
  return false;
}
