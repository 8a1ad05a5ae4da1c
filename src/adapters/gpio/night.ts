/** The quiet hours, as the players of LEDs ask for them. */

import { isQuiet } from "../../core/panel/led-pattern.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Clock } from "../../ports.ts";
import { localTime } from "../os/local-time.ts";

/** How often the quiet hours are looked at while at rest. */
export const QUIET_LOOK_MS = 20_000;

export function hasQuietHours(settings: Settings): boolean {
  return settings["leds.quiet_from"] !== "" && settings["leds.quiet_to"] !== "";
}

export function isNight(settings: Settings, clock: Pick<Clock, "wallMs">): boolean {
  const now = localTime.date(clock.wallMs());
  const minute = now.getHours() * 60 + now.getMinutes();
  return isQuiet(minute, settings["leds.quiet_from"], settings["leds.quiet_to"]);
}
