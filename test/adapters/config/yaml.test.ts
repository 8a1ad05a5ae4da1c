/** YAML as people really write it: every slip gets a place and one line, nothing brings us down. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { KEYS_MAX, parseYaml } from "../../../src/adapters/config/yaml.ts";

/** `line:column message` of each problem. */
function complaints(text: string): readonly string[] {
  return parseYaml(text).problems.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );
}

function tree(text: string): unknown {
  const { document, problems } = parseYaml(text);
  assert.deepEqual(problems, []);
  assert.ok(document);
  return document.tree;
}

test("an empty file, and one of comments, is nothing", () => {
  for (const text of ["", "\n\n", "# only this\n", "---\n", "\ufeff"])
    assert.equal(tree(text), null);
});

test("plain files are plain data", () => {
  assert.deepEqual(tree("a:\n  b: [x, 1]\n  c: off\n"), { a: { b: ["x", 1], c: "off" } });
  assert.deepEqual(tree("a: &x [1]\nb: *x\n"), { a: [1], b: [1] });
  assert.deepEqual(tree("a: |\n  one\n  two\n"), { a: "one\ntwo\n" });
});

test("slips get a place and a sentence", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["a:\n\tb: 1\n", /^2:1 a tab is used to indent; use blanks$/],
    ["a: 1\nb: 2\na: 3\n", /^3:1 this key stands twice in its section; keep one$/],
    ["a: !secret x\n", /^1:4 tags \(!name\) are not used here/],
    ["a: !!binary aGk=\n", /^1:4 tags/],
    ["a: [1,\n", /^\d:\d YAML: Flow sequence/],
    ['a: "x\n', /^\d:\d YAML: Missing closing "quote$/],
    ["a: *x\n", /^1:4 nothing before this alias \(\*name\) has its anchor/],
    ["a: 1\n---\nb: 2\n", /^\d:\d a second document begins \(---\); one is allowed$/],
    ["a: b: c\n", /^1:4 YAML: Nested mappings are not allowed in compact mappings$/],
    [`a: {b: \${X}}\n`, /^1:\d+ YAML: .*; inside \{ \} and \[ \], put \$\{NAME\} in quotes$/],
    ["? [a]\n: 1\n", /^1:3 YAML: With stringKeys, all keys must be strings$/],
  ];
  for (const [text, expected] of cases) {
    const all = complaints(text);
    assert.equal(all.length, 1, `${text}: ${all.join("\n")}`);
    assert.match(all[0] ?? "", expected);
  }
});

test("a slip that leaves the tree readable leaves it to be checked as well", () => {
  const { document, problems } = parseYaml("a: 1\na: 2\n");
  assert.equal(problems.length, 1);
  assert.deepEqual(document?.tree, { a: 2 });
});

test("the file is never quoted, for it may hold a key", () => {
  const secret = "sk-geheim";
  for (const text of [
    `a: "x" ${secret}\n`,
    `a: |${secret}\n`,
    `${secret}\na: 1\n`,
    `a: "\\q${secret}`,
  ]) {
    const all = complaints(text).join("\n");
    assert.notEqual(all, "", text);
    assert.ok(!all.includes(secret), all);
  }
});

test("places of keys and values, or of the nearest parent", () => {
  const { document } = parseYaml("# c\na:\n  b: [x,\n    y]\n  empty:\nzzz: 1\n");
  assert.ok(document);
  const { locate } = document;
  assert.deepEqual(locate(["a", "b"], "key"), { line: 3, column: 3 });
  assert.deepEqual(locate(["a", "b"], "value"), { line: 3, column: 6 });
  assert.deepEqual(locate(["a", "b", 1], "value"), { line: 4, column: 5 });
  assert.deepEqual(locate(["a", "b", 7], "value"), { line: 3, column: 6 });
  assert.equal(locate(["a", "empty"], "value").line, 5);
  assert.deepEqual(locate(["a", "none", "c"], "value"), { line: 3, column: 3 });
  assert.deepEqual(locate(["none"], "key"), { line: 2, column: 1 });
});

test("hostile files are refused in bounded time", () => {
  let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (const [before, name] of ["ab", "bc", "cd", "de", "ef", "fg", "gh"].map((pair) => [
    ...pair,
  ])) {
    bomb += `${name}: &${name} [${Array(9).fill(`*${before}`).join(",")}]\n`;
  }
  const hostile = [
    bomb,
    "[".repeat(200_000),
    "{a: ".repeat(50_000),
    "- ".repeat(100_000),
    "? ".repeat(100_000),
    `a: [${"*x,".repeat(5_000)}]\n`,
    "a: &a\n".repeat(20_000),
    "!a ".repeat(50_000),
    "a: &a [*a]\n",
    "%YAML 9.9\n---\na: 1\n",
    "\u0000".repeat(1_000),
    "a: 1\n---\n".repeat(20_000),
  ];
  for (const text of hostile) {
    const { document, problems } = parseYaml(text);
    const name = text.slice(0, 20);
    assert.ok(problems.length <= 22, `${name}: ${problems.length} problems`);
    if (document === null) assert.ok(problems.length > 0, name);
  }
});

test("more keys than any configuration has are refused before they are compared", () => {
  for (const text of [
    Array.from({ length: 24_000 }, (_, i) => `k${i}: 1`).join("\n"),
    `x: {${Array.from({ length: 24_000 }, (_, i) => `k${i}`).join(",")}}`,
  ]) {
    const { document, problems } = parseYaml(text);
    assert.equal(document, null);
    assert.match(problems[0]?.message ?? "", /^more than 2000 keys: is it the right file\?$/);
  }
  const most = Array.from({ length: KEYS_MAX }, (_, i) => `k${i}: 1`).join("\n");
  assert.notEqual(parseYaml(most).document, null);
});
