/** The moves of the machines that the tests of one file have seen. */

import type { Step } from "../../src/core/assistant/inputs.ts";

export const moves = new Set<string>();

/** The step, and its moves are remembered. */
export function seen(step: Step): Step {
  for (const { machine, state, event, target } of step.moves) {
    moves.add(`${machine} ${state} ${event} ${target}`);
  }
  return step;
}
