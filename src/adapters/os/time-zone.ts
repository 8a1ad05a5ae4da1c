/** What the machine knows about its place in time: the zone, and whether its clock was set. */

import { existsSync, readlinkSync } from "node:fs";
import { isZone } from "../../core/timers/wall-time.ts";

const LOCALTIME = "/etc/localtime";
const ZONES = "/zoneinfo/";
/** systemd-timesyncd makes the folder when it runs, and the file when it has set the clock. */
const TIMESYNC = "/run/systemd/timesync";
/** The folder is there: when it runs, the file says that it has set the clock since power came. */
const SYNCHRONISED = "/run/systemd/timesync/synchronized";

/**
 * The name of the time zone: that of $TZ, else what /etc/localtime leads to (read anew each time:
 * Node itself asks once), else Node's own idea.
 */
export function systemZone(tz: string | undefined, localtime = LOCALTIME): string {
  const named = tz?.replace(/^:/, "") ?? "";
  if (named !== "" && isZone(named)) return named;
  const linked = linkedZone(localtime);
  return linked !== null && isZone(linked)
    ? linked
    : new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Where nobody sets the clock by the network, it is taken for set. */
export function clockIsSet(folder = TIMESYNC, file = SYNCHRONISED): boolean {
  return !existsSync(folder) || existsSync(file);
}

function linkedZone(path: string): string | null {
  try {
    const target = readlinkSync(path);
    const at = target.indexOf(ZONES);
    return at < 0 ? null : target.slice(at + ZONES.length);
  } catch {
    return null; // A copy of the file, or none: common in containers.
  }
}
