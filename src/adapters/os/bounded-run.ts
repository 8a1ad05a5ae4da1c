/**
 * Runs work whose length others decide, such as an expression of theirs over a text of somebody else's,
 * and breaks it off: V8 stops whatever runs within a script that has a time limit.
 */

import { Script } from "node:vm";
import { errorCode } from "./files.ts";

/** The place where the script finds its work. */
const PLACE = Symbol.for("pipit.bounded-run");

let script: Script | null = null;

/**
 * What the work comes to; "late": it was broken off after `maxMs`. What it throws passes through. It
 * costs half a millisecond, for the thread that watches.
 */
export function inTime<Result>(maxMs: number, work: () => Result): Result | "late" {
  script ??= new Script("globalThis[Symbol.for('pipit.bounded-run')]()");
  const results: Result[] = [];
  const run = (): void => {
    results.push(work());
  };
  Object.defineProperty(globalThis, PLACE, { value: run, configurable: true });
  try {
    script.runInThisContext({ timeout: maxMs });
  } catch (error) {
    if (errorCode(error) !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    return "late";
  } finally {
    Reflect.deleteProperty(globalThis, PLACE);
  }
  const [result] = results;
  return result === undefined ? "late" : result;
}
