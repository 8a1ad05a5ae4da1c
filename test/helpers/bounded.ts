/** What the state machine may remember at most, checked by the property tests. */

import assert from "node:assert/strict";
import {
  APPROVALS_MAX,
  BEGUN_MAX,
  EMPTY_TURNS_MAX,
  NOTIFIED_MAX,
  SETTLED_CALLS_MAX,
} from "../../src/core/assistant/limits.ts";
import { isConnecting } from "../../src/core/assistant/link-dial.ts";
import type { State } from "../../src/core/assistant/state.ts";
import { DIALOGUE_LINE_MAX_CHARS, DIALOGUE_MAX_LINES } from "../../src/core/realtime/dialogue.ts";
import type { Settings } from "../../src/core/settings/table.ts";

/** Nothing that the machine remembers grows with the time it runs. */
export function assertBounded({ memory, conversation: c }: State, settings: Settings): void {
  // The models of the chain, and the one that answers when money is short.
  const models = 3 + settings["openai.fallback_models"].length;
  assert.ok(memory.notified.length <= NOTIFIED_MAX);
  assert.ok(Object.keys(memory.chain.unavailable).length <= models);
  const { lines } = c?.dialogue ?? memory.warm?.dialogue ?? { lines: [] };
  assert.ok(lines.length <= DIALOGUE_MAX_LINES);
  assert.ok(lines.every(({ text }) => text.length <= DIALOGUE_LINE_MAX_CHARS + 1));
  if (c === null) return;
  const failed = isConnecting(c.link) ? c.link.failed.length : 0;
  assert.ok(failed <= models, `${failed} failures remembered`);
  assert.ok(c.link.omitted.length <= 7);
  assert.ok(c.turn.empty.length <= EMPTY_TURNS_MAX);
  assert.ok(c.tools.settledIds.length <= SETTLED_CALLS_MAX + 32);
  assert.ok(c.tools.pictures.length <= 32, "pictures that were answered");
  assert.ok(c.tools.approvals.length <= APPROVALS_MAX);
  assert.ok(c.tools.begun.length <= BEGUN_MAX);
  assert.ok(c.turn.count <= settings["session.max_turns"] + 20);
}
