/** Foreign JSON is measured before it is parsed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../../src/core/json.ts";
import { DEPTH_MAX, tooDear, VALUES_MAX } from "../../src/core/json-scan.ts";
import { decode } from "../../src/core/realtime/server-events.ts";

test("a frame of small objects, or of brackets, is not parsed", () => {
  const objects = `[${"{},".repeat(VALUES_MAX)}{}]`;
  assert.match(tooDear(objects) ?? "", /^more than 50000 values$/);
  assert.equal(parseJson(objects), undefined);
  const brackets = "[".repeat(10_000_000);
  const startedMs = performance.now();
  const event = decode(brackets);
  assert.ok(event.tag === "malformed" && event.why.startsWith("nested more than 64 levels deep"));
  assert.ok(performance.now() - startedMs < 1_000, "the first levels tell");
});

test("what stands in strings does not count, however it is escaped", () => {
  const text = JSON.stringify({ a: `${"[{,".repeat(VALUES_MAX)}\\"[\\\\`, b: "\\", c: [1] });
  assert.equal(tooDear(text), null);
  assert.deepEqual(parseJson('{"a":"\\\\","b":["[["]}'), { a: "\\", b: ["[["] });
  assert.equal(tooDear('"never ended \\"'), null);
});

test("the deepest and the fullest that is allowed is parsed", () => {
  const deep = `${"[".repeat(DEPTH_MAX)}${"]".repeat(DEPTH_MAX)}`;
  assert.notEqual(parseJson(deep), undefined);
  assert.equal(parseJson(`[${deep}]`), undefined);
  const full = `[${"0,".repeat(VALUES_MAX - 1)}0]`;
  assert.ok(Array.isArray(parseJson(full)));
});
