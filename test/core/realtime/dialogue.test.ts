/** What a new connection is told of the conversation so far: the words as far as they were heard. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DIALOGUE_LINE_MAX_CHARS,
  DIALOGUE_MAX_LINES,
  NO_DIALOGUE,
  retold,
  withCuts,
  withWords,
} from "../../../src/core/realtime/dialogue.ts";

const cut = { itemId: "a", heardMs: 500, receivedMs: 1000 };
const texts = (of: Parameters<typeof retold>[0]) =>
  retold(of).map((event) => (event.tag === "add-message" ? event.text : event.tag));

test("a cut holds whether it comes before the words or after them", () => {
  const after = withCuts(withWords(NO_DIALOGUE, "a", "0123456789"), [cut]);
  const before = withWords(withCuts(NO_DIALOGUE, [cut]), "a", "0123456789");
  assert.deepEqual([texts(after), texts(before)], [["01234…"], ["01234…"]]);
});

test("what nobody heard is not told, what was heard in full is told in full", () => {
  const own = withWords(withWords(NO_DIALOGUE, "a", "unheard"), "b", "heard");
  assert.deepEqual(texts(withCuts(own, [{ ...cut, heardMs: 0 }])), ["heard"]);
  assert.deepEqual(texts(withCuts(own, [{ ...cut, heardMs: 1000 }])), ["unheard", "heard"]);
});

test("the latest lines are kept, each bounded", () => {
  let own = NO_DIALOGUE;
  for (let n = 0; n <= DIALOGUE_MAX_LINES; n++) own = withWords(own, `i${n}`, `${n}`);
  assert.equal(texts(own).length, DIALOGUE_MAX_LINES);
  assert.equal(texts(own)[0], "1");
  const long = withWords(NO_DIALOGUE, "a", "x".repeat(DIALOGUE_LINE_MAX_CHARS + 1));
  assert.equal(texts(long)[0]?.length, DIALOGUE_LINE_MAX_CHARS);
});
