/** Two small things that both homes of a wake-word engine, thread and process, need. */

import type { Clock } from "../../ports.ts";

/** The program beside the caller, compiled or not as the caller is. */
export function siblingProgram(callerUrl: string, name: string): URL {
  return new URL(`./${name}${callerUrl.endsWith(".ts") ? ".ts" : ".js"}`, callerUrl);
}

/** Waits for the end of something, at most `maxMs`; how it ended does not matter. */
export function within(clock: Clock, maxMs: number, end: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(maxMs, resolve);
    const done = (): void => {
      cancel();
      resolve();
    };
    end.then(done, done);
  });
}
