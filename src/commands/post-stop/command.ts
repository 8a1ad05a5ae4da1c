/**
 * `pipit post-stop`: what systemd calls when the daemon has ended, however it did. The LEDs first,
 * because they are what somebody in the room sees; then the record of how it ended.
 */

import { makeLedsDark } from "../../adapters/gpio/dark.ts";
import { SystemClock } from "../../adapters/os/clock.ts";
import { ExitRecord } from "../../adapters/systemd/exit-record.ts";
import { EXIT_FINE, readCommandLine } from "../args.ts";
import { settingsOrDefaults } from "../load-settings.ts";

/** Always succeeds: there is nobody left who could do anything about it. */
export async function postStop(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(
    {
      name: "post-stop",
      summary: "Makes the LEDs dark and remembers how the daemon ended.",
      config: true,
    },
    argv,
  );
  if (typeof line === "number") return line;
  const clock = new SystemClock();
  try {
    await makeLedsDark(settingsOrDefaults(line.config), clock);
  } finally {
    new ExitRecord({ env: process.env, clock }).serviceEnded(process.env);
  }
  return EXIT_FINE;
}
