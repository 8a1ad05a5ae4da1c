/** The optional package koffi: calls into the C library, for the few things that Node has no call for. */

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** A function of C's; `async` calls it on another thread, and gives (error, result) to its last argument. */
export type CFunction = ((...args: unknown[]) => unknown) & {
  readonly async: (...args: unknown[]) => void;
};

export interface Koffi {
  /** Null: what this process has loaded already. `definition`: as C has it. */
  load(library: string | null): {
    func(definition: string): CFunction;
    /** Its address. */
    symbol(name: string): unknown;
  };
  errno(): unknown;
}

/** Null where it is not installed, or was not built for this machine. */
export function loadKoffi(): Koffi | null {
  try {
    const koffi: unknown = require("koffi");
    return isKoffi(koffi) ? koffi : null;
  } catch {
    return null;
  }
}

function isKoffi(found: unknown): found is Koffi {
  if (typeof found !== "object" || found === null) return false;
  return typeof Reflect.get(found, "load") === "function" && "errno" in found;
}
