/**
 * `pipit post-stop`: what systemd calls when the daemon has ended, however it did. The LEDs first,
 * because they are what somebody in the room sees; then the record of how it ended.
 */

import { makeLedsDark } from "../../adapters/gpio/dark.ts";
import { SystemClock } from "../../adapters/os/clock.ts";
import { ExitRecord } from "../../adapters/systemd/exit-record.ts";
import { type CommandSpec, EXIT_FINE, readCommandLine } from "../args.ts";
import { settingsOrDefaults } from "../load-settings.ts";

function remembered({
  SERVICE_RESULT: result,
  STATE_DIRECTORY: folder,
}: NodeJS.ProcessEnv): string {
  if (!result) return "The result is unknown: systemd passes it in SERVICE_RESULT";
  return folder ? `Recorded: ${result}` : `It ended: ${result}; no STATE_DIRECTORY`;
}

export const SPEC: CommandSpec = {
  name: "post-stop",
  summary: "Turns the LEDs off and records how the daemon ended.",
  config: true,
};

/** Always succeeds: there is nobody left who could do anything about it. */
export async function postStop(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const clock = new SystemClock();
  try {
    process.stdout.write(`${await makeLedsDark(settingsOrDefaults(line.config), clock)}\n`);
  } finally {
    new ExitRecord({ env: process.env, clock }).serviceEnded(process.env);
    process.stdout.write(`${remembered(process.env)}\n`);
  }
  return EXIT_FINE;
}
