/**
 * The end of this process with an exit code, whatever its threads are in the middle of. Node's own exit
 * waits for the threads of its pool, for ever if a name server or a disk does not answer them.
 */

import { loadKoffi } from "./koffi.ts";

/** Returns only where koffi is missing, or the call cannot be made: the caller has another way. */
export function endAtOnce(code: number): void {
  try {
    loadKoffi()?.load(null).func("void _exit(int)")(code);
  } catch {
    // A library without that call.
  }
}
