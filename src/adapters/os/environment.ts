/**
 * Variables that change what Node does, and are not the owner's to hand down by chance: what was
 * exported for another program, or once for a trial, decides nothing here.
 */

import { isZone } from "../../core/timers/wall-time.ts";

/** What was put right, for the journal. */
const found: string[] = [];

/** Puts the variables right, for this process and its children. */
export function settleEnvironment(env: NodeJS.ProcessEnv): void {
  const tls = env["NODE_TLS_REJECT_UNAUTHORIZED"];
  if (tls === "0") {
    // The key would go to whoever answers in the server's place.
    delete env["NODE_TLS_REJECT_UNAUTHORIZED"];
    found.push(
      "NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are always checked. For an authority of your own, name its file in NODE_EXTRA_CA_CERTS",
    );
  }
  const zone = env["TZ"];
  if (zone === undefined || isZone(zone.replace(/^:/, ""))) return;
  // Node would take UTC for it: alarms, quiet hours and the budget's midnight would be hours off.
  delete env["TZ"];
  if (zone === "") return;
  found.push(
    `TZ=${zone} is ignored: it is no time zone that Pipit knows, so the machine's own counts. Write a name such as Europe/Berlin`,
  );
}

/** One line for each variable that was put right. */
export function environmentNotes(): readonly string[] {
  return found;
}
