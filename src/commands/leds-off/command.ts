/** `pipit leds-off`: makes the LEDs dark and lets the pins go, after a crash. */

import { withCredentials } from "../../adapters/config/credentials.ts";
import { loadConfig } from "../../adapters/config/file.ts";
import type { Bank } from "../../adapters/gpio/bank.ts";
import { type GpioBackend, pickBank } from "../../adapters/gpio/pick.ts";
import { SystemClock } from "../../adapters/os/clock.ts";
import { FaultError } from "../../core/fault.ts";
import { DEFAULTS } from "../../core/settings/table.ts";
import { EXIT_FINE, readCommandLine } from "../args.ts";

/** Always succeeds: whatever cannot be made dark is not ours, or not there. */
export async function ledsOff(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(
    { name: "leds-off", summary: "Makes the LEDs dark, after a crash.", config: true },
    argv,
  );
  if (typeof line === "number") return line;
  await makeLedsDark(line.config);
  return EXIT_FINE;
}

/** `path`: the argument of --config. */
export async function makeLedsDark(path: string | undefined): Promise<void> {
  const loaded = loadConfig({
    path,
    env: withCredentials(process.env),
    missingVariables: "default",
  });
  const settings = loaded.ok ? loaded.settings : DEFAULTS;
  const banks = banksFor(settings["leds.backend"]);
  for (const pin of [settings["leds.listening_pin"], settings["leds.status_pin"]]) {
    if (pin !== "none") await darken(pin, settings["leds.active_low"], banks);
  }
}

/** A pin that onoff left exported is taken, for the character device: onoff then has its turn. */
function banksFor(backend: GpioBackend): readonly Bank[] {
  const clock = new SystemClock();
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
