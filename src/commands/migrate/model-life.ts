/** Which models of the catalogue still answer on a day, and who comes after one that does not. */

import { MODELS, type Model, modelNamed } from "../../core/models/catalogue.ts";

/** Has it been shut down by that day (YYYY-MM-DD)? */
export function isDead(model: Model, today: string): boolean {
  return model.shutdown !== null && model.shutdown <= today;
}

/** A model by that name has been shut down; one that nobody knows has not. */
export function isDeadName(name: string, today: string): boolean {
  const model = modelNamed(name);
  return model !== null && isDead(model, today);
}

/**
 * The first model along the line of successors that lives and has no end announced; null where the
 * line ends before, or the name is not known.
 */
export function livingSuccessor(name: string, today: string): string | null {
  let model = modelNamed(name);
  for (let step = 0; step < MODELS.length && model !== null; step++) {
    const { successor } = model;
    if (successor === null) return null;
    const next = modelNamed(successor);
    if (next !== null && !isDead(next, today) && next.shutdown === null) return next.name;
    model = next;
  }
  return null;
}
