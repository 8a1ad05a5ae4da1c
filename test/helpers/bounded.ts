/** What the state machine may remember at most, checked by the property tests. */

import assert from "node:assert/strict";
import type { State } from "../../src/core/assistant-types.ts";
import { DIALOGUE_LINE_MAX_CHARS, DIALOGUE_MAX_LINES, TOLD_MAX } from "../../src/core/limits.ts";
import type { Settings } from "../../src/core/settings/table.ts";

/** Nothing that the machine remembers grows with the time it runs. */
export function assertBounded(state: State, settings: Settings): void {
  // The rungs of the ladder, and the one that answers when money is short.
  const models = 3 + settings["openai.fallback_models"].length;
  assert.ok(state.told.length <= TOLD_MAX);
  assert.ok(Object.keys(state.ladder.passedOver).length <= models);
  const talk = "talk" in state ? state.talk : (state.warm?.talk ?? null);
  if (talk === null) return;
  assert.ok(talk.failed.length <= models, `${talk.failed.length} failures remembered`);
  assert.ok(talk.dialogue.length <= DIALOGUE_MAX_LINES);
  assert.ok(talk.dialogue.every(({ text }) => text.length <= DIALOGUE_LINE_MAX_CHARS + 1));
  assert.ok(talk.without.length <= 7);
  assert.ok(talk.turns <= settings["session.max_turns"] + 20);
}
