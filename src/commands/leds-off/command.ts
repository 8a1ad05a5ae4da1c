/** `pipit leds-off`: makes the LEDs dark and lets the pins go, after a crash. */

import { makeLedsDark } from "../../adapters/gpio/dark.ts";
import { SystemClock } from "../../adapters/os/clock.ts";
import { type CommandSpec, EXIT_FINE, readCommandLine } from "../args.ts";
import { settingsOrDefaults } from "../load-settings.ts";

export const SPEC: CommandSpec = {
  name: "leds-off",
  summary: "Turns the LEDs off, after a crash.",
  config: true,
};

/** Always succeeds: whatever cannot be made dark is not ours, or not there. */
export async function ledsOff(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const came = await makeLedsDark(settingsOrDefaults(line.config), new SystemClock());
  process.stdout.write(`${came}\n`);
  return EXIT_FINE;
}
