/** Small helps for tests against the host: waiting for something, sinks. */

import type { LineSink } from "../../src/adapters/os/line-sink.ts";

/** Far beyond what a loaded machine needs: only a test that fails waits this long. */
export const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 5;

/**
 * Resolves as soon as `predicate` holds; rejects, naming `what`, when it never does. By the clock, not by
 * a number of looks: what a look costs differs from machine to machine.
 */
export async function eventually(
  what: string,
  predicate: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!(await predicate())) {
    if (performance.now() > endMs) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** A sink that keeps its lines; `broken` loses them. */
export interface KeptLines extends LineSink {
  readonly lines: string[];
  broken: boolean;
}

export function keptLines(kind: { tty?: boolean; journald?: boolean } = {}): KeptLines {
  const kept: KeptLines = {
    lines: [],
    broken: false,
    tty: kind.tty ?? false,
    journald: kind.journald ?? false,
    write(line) {
      if (kept.broken) return false;
      kept.lines.push(line);
      return true;
    },
  };
  return kept;
}
