/** Runs one check of `pipit doctor`: whatever becomes of it, findings come, and in bounded time. */

import { FaultError, thrownText } from "../../core/fault.ts";
import { within } from "../../core/timeout.ts";
import type { Clock } from "../../ports.ts";
import { type Finding, finding, fromFault } from "./finding.ts";

/** Longest wait for a check that does not name its own. */
export const CHECK_MAX_MS = 5_000;

export interface Check {
  readonly name: string;
  /** Longest wait, milliseconds; CHECK_MAX_MS when not given. */
  readonly maxMs?: number;
  readonly run: () => Promise<Finding | readonly Finding[]> | Finding | readonly Finding[];
}

/** Never rejects. A check that hangs is left behind, and said to have failed. */
export async function runCheck(check: Check, clock: Clock): Promise<readonly Finding[]> {
  const { name, maxMs = CHECK_MAX_MS } = check;
  const says = `Did not answer in ${Math.round(maxMs / 1000)} s`;
  try {
    const found = await within(clock, maxMs, start(check), () => finding(name, "fail", says));
    return Array.isArray(found) ? found : [found].flat();
  } catch (error) {
    if (error instanceof FaultError) return [fromFault(name, "fail", error.fault)];
    const why = thrownText(error);
    return [finding(name, "fail", `This is a bug in the check: ${why}`)];
  }
}

/** What is thrown at once is rejected, too. */
async function start({ run }: Check): Promise<Finding | readonly Finding[]> {
  return await run();
}
