/** The moves of the machines that the tests of one file have seen. */

import type { Move } from "../../src/core/assistant/step.ts";

export const moves = new Set<string>();

export function seeMove({ machine, state, event, target }: Move): void {
  moves.add(`${machine} ${state} ${event} ${target}`);
}
