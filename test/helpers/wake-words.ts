/** Words as the engines take them. */

import type { WakeWord } from "../../src/core/wake/plan.ts";

/** Words without models, all of one sensitivity. */
export function wordsAt(sensitivity: number, ...keywords: readonly string[]): WakeWord[] {
  return keywords.map((keyword) => ({ keyword, sensitivity, manifest: "" }));
}
