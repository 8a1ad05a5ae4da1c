/**
 * How the process ends when something in it does not: a handle that stays open, or a thread of Node's
 * pool that never comes back (a card that does not answer, a pipe without a reader). Node's own exit
 * waits for its threads, for ever.
 *
 * Invariant: after the work is done, the process is gone within LINGER_MAX_MS.
 */

import { killLeftBehind } from "../adapters/os/left-behind.ts";

/** With the longest stop of the parts, within the 3 s that the owner waits. */
export const LINGER_MAX_MS = 250;

/** A request that Node has handed to its pool of threads. */
const IN_THE_POOL = /Req/;
/** The number of a host's name is asked for there, too. */
const OF_NAMES = /^Get(?:Addr|Name)Info/;

/** Ends the process when its work is done and it does not end by itself. */
export function endSoon(): void {
  setTimeout(end, LINGER_MAX_MS).unref();
}

/** Ends the process at once, with its exit code. */
export function end(): void {
  killLeftBehind();
  const waits = process.getActiveResourcesInfo().filter((name) => IN_THE_POOL.test(name));
  if (waits.length === 0) process.exit();
  const isOfNames = waits.every((name) => OF_NAMES.test(name));
  const what = isOfNames ? "the name server" : "a disk or a device";
  process.stderr.write(`pipit: ${what} did not answer; ended without waiting for it\n`);
  // SIGTERM in its deadly meaning first: to systemd that is an end in good order.
  process.removeAllListeners("SIGTERM");
  process.kill(process.pid, "SIGTERM");
  process.kill(process.pid, "SIGKILL");
}
