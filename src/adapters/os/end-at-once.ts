/**
 * The end of this process with an exit code, whatever its threads are in the middle of. Node's own exit
 * waits for the threads of its pool, for ever if a name server or a disk does not answer them.
 */

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

interface Koffi {
  load(path: null): { func(signature: string): (code: number) => void };
}

function isKoffi(value: unknown): value is Koffi {
  return typeof value === "object" && value !== null && "load" in value;
}

/** Returns only where koffi is not installed, or was not built for this machine. */
export function endAtOnce(code: number): void {
  try {
    const koffi: unknown = require("koffi");
    if (isKoffi(koffi)) koffi.load(null).func("void _exit(int)")(code);
  } catch {
    // The caller has another way.
  }
}
