/** The suggestion for a slip of the finger. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean, editDistance, nearest } from "../../src/core/suggest.ts";

test("each kind of slip is one edit", () => {
  assert.equal(editDistance("model", "model"), 0);
  assert.equal(editDistance("modl", "model"), 1);
  assert.equal(editDistance("modell", "model"), 1);
  assert.equal(editDistance("modal", "model"), 1);
  assert.equal(editDistance("modle", "model"), 1);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("abc", ""), 3);
});

test("the distance is the same both ways", () => {
  const words = ["voice", "volume", "", "ovice", "v", "xyzzy", "voice_fallback"];
  for (const a of words) {
    for (const b of words) assert.equal(editDistance(a, b), editDistance(b, a), `${a} ${b}`);
  }
});

test("near words are suggested, far ones are not, case does not matter", () => {
  assert.equal(nearest("volum", ["voice", "volume"]), "volume");
  assert.equal(nearest("VOICE", ["voice", "volume"]), "voice");
  assert.equal(nearest("banana", ["voice", "volume"]), null);
  assert.equal(didYouMean("vioce", ["voice"]), '; did you mean "voice"?');
  assert.equal(didYouMean("banana", ["voice"]), "");
});

test("a monstrous word costs no more than a long one", () => {
  assert.equal(nearest("x".repeat(1_000_000), ["voice"]), null);
});
