/** YAML as people really write it: every slip gets a place and one line, nothing brings us down. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { KEYS_MAX, parseYaml } from "../../../src/adapters/config/yaml.ts";

/** `line:column message` of each problem. */
function problems(text: string): readonly string[] {
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

test("syntax errors: place and message", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["a:\n\tb: 1\n", /^2:1 indented with a tab; use spaces$/],
    [
      "a: 1\nb: 2\na: 3\n",
      /^3:1 this key is set twice in its section, the first time in line 1; keep one$/,
    ],
    [
      "openai:\n  model: x\nopenai:\n  voice: cedar\n",
      /^3:1 the section openai stands twice, the first time in line 1; put all its keys into one$/,
    ],
    ["a: !secret x\n", /^1:4 tags \(!name\) are not supported/],
    ["a: !!binary aGk=\n", /^1:4 tags/],
    ["a: [1,\n", /^1:4 the \[ that begins here has no \]$/],
    ['a: "x\n', /^1:4 the quote \("\) that begins here has no end$/],
    ["a: *x\n", /^1:4 put text that begins with \* in quotes/],
    ["a: 1\n---\nb: 2\n", /^\d:\d a second document begins \(---\); one is allowed$/],
    ["a: b: c\n", /^1:4 put the text in quotes: it has a colon in it$/],
    [`a: {b: \${X}}\n`, /^1:\d+ inside \{ \} and \[ \], put \$\{NAME\} in quotes$/],
    ["? [a]\n: 1\n", /^1:3 a key is a name: put other text before a colon in quotes$/],
  ];
  for (const [text, expected] of cases) {
    const all = problems(text);
    assert.equal(all.length, 1, `${text}: ${all.join("\n")}`);
    assert.match(all[0] ?? "", expected);
  }
});

/** Signs that mean something to YAML, inside a value. */
const VALUE_ERRORS: readonly (readonly [string, RegExp])[] = [
  ['a: "C:\\Users\\x"\n', /^1:7 inside "…", write \\\\ for a backslash; or put the text into '…'/],
  ["a: > be nice\n", /^1:4 behind > the text begins on the next line, .* remove the >$/],
  ["a: | be nice\nb: 1\n", /^1:4 behind \| the text begins on the next line/],
  ["a: >be nice\n", /^1:4 behind > the text begins/],
  ["a: |+-\n  b\n", /^1:4 behind \| there may be one - or one \+, and nothing else$/],
  ["a: |#c\n  b\n", /^1:4 put a space before the #$/],
  ["a:\n  b: |\n      \n    c\n", /^4:5 the empty line above has more blanks than this text/],
  ["a:\n  b: >-\n    c\n\td\n  e: 1\n", /^4:1 indented with a tab; use spaces$/],
  ["a:\n  b: >-\n\tc\n", /^3:1 indented with a tab; use spaces$/],
  ["a: - be nice\n", /^1:4 put text that begins with - in quotes; the items of a list/],
  ["a: *be nice*\n", /^1:4 put text that begins with \* in quotes$/],
  ["a: **be** nice\n", /^1:4 put text that begins with \* in quotes$/],
  ["a: & more\n", /^1:4 put text that begins with & in quotes$/],
  ["a: &be nice\n", /^1:4 put text that begins with & in quotes \(to YAML, &name is an anchor, /],
  ["a:\n  - &be  nice\n  - &x y\n  - *x\n", /^2:5 put text that begins with & in quotes/],
  ["a: !b !c d\n", /^1:7 put text that begins with ! in quotes$/],
  [
    "a: {{OPENAI_API_KEY}}\n",
    /^1:4 the value of a variable is written \$\{NAME\}, not \{\{NAME\}\}$/,
  ],
  ["a: [b] c\n", /^1:8 nothing may follow the \]; put the whole text in quotes$/],
  ["a: [b,, c]\n", /^1:7 there is a comma too many$/],
  ['a: ["b" "c"]\n', /^1:9 inside \[ \] and \{ \}, put a comma between values$/],
  ["a: {b: x\n  c: y}\n", /^1:8 inside \[ \] and \{ \}, put a comma between values$/],
  ["a:\n  b: [\n  c,\n  ]\n", /^3:3 indent all lines up to the \] deeper than the key in line 2$/],
  ["a:\n  b: [\n  - c\n  ]\n", /^3:3 inside \[ \], items are separated by commas, without -$/],
  ['a: "b"#c\n', /^1:7 put a space before the #, or the whole text in quotes$/],
  ['a:\n  b: "c\n  d"\n', /^3:3 indent this line deeper than the key in line 2/],
  ['a:\n  b: "c \\\n d"\n', /^3:2 indent this line deeper than the key in line 2/],
  ["a:\n  - b\n - c\n", /^3:2 begin this - in the same column as the one in line 2$/],
  ["a:\n  b:\n- c\n", /^3:1 indent the list deeper than its key in line 2$/],
  ["a:\n  - b: x\n  c: y\n", /^3:3 does not belong to the line above it/],
  ["--- a:\n  b: 1\n", /^1:\d remove the --- at the beginning of this line$/],
  [`${"x".repeat(1_100)}: 1\n`, /^1:1 put the text in quotes, or remove it: there is no name/],
];

test("signs of YAML's inside a value: our own message, where they stand", () => {
  for (const [text, expected] of VALUE_ERRORS) {
    const all = problems(text);
    assert.match(all[0] ?? "", expected, text);
    assert.equal(all.length, 1, `${text}: ${all.join("\n")}`);
  }
});

test("whatever is in the file, no message has the parser's words or the file's", () => {
  const pieces = ["a:", " ", "\n", "  ", "- ", '"', "'", "[", "]", "{", "}", ",", "*", "&", "!"];
  pieces.push("|", ">", "#", "\t", "\\", "?", "%", "---", "geheim", ": ", "\n  b: ");
  let state = 7;
  const roll = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state >>> 8;
  };
  for (let run = 0; run < 4_000; run++) {
    const parts = Array.from({ length: 2 + (roll() % 9) }, () => pieces[roll() % pieces.length]);
    const text = `openai:\n  instructions: ${parts.join("")}\n  model: x\n`;
    for (const said of problems(text)) {
      assert.doesNotMatch(said, /geheim|implicit|sequence|scalar|token|mapping|node|flow/i, text);
    }
  }
});

/** What is written, and what is said of it. */
const SYNTAX_ERRORS: readonly (readonly [string, RegExp])[] = [
  // A key one deeper than its neighbour, in the middle and at the end of its section.
  [
    "openai:\n  model: x\n    voice: cedar\n  language: en\n",
    /^3:5 is indented by 4, line 2 above it by 2: begin both in the same column$/,
  ],
  ["openai:\n  model: x\n\n    # why\n    voice: cedar\n", /^5:5 is indented by 4, line 2 /],
  ["openai:\n  model: x\n voice: cedar\n", /^3:2 is indented by 1, line 2 above it by 2/],
  ["openai:\n   model: x\n  voice: cedar\n", /^3:3 is indented by 2, line 2 above it by 3/],
  // The blank behind the colon, or the colon itself, is missing.
  ["openai:\n  voice:cedar\n  model: x\n", /^2:3 put a space after the colon of voice$/],
  ["openai:\n  model: x\n  voice:cedar\n", /^3:3 put a space after the colon of voice$/],
  ["audio:volume\nopenai:\n  model: x\n", /^1:1 put a space after the colon of audio$/],
  ["openai:\n  voice cedar\n  model: x\n", /^2:3 a colon is missing after voice$/],
  ["openai\n  voice: cedar\n", /^1:1 a colon is missing after openai$/],
  ["openai:\n  voice = cedar\n  model: x\n", /^2:3 write a colon and a space instead of =$/],
  // Text that wants quotes.
  [
    "openai:\n  instructions: Speak like a pirate: always\n  model: x\n",
    /^2:17 put the text in quotes: it has a colon in it$/,
  ],
  ["openai:\n  instructions: Your name: Pipit\n", /^2:17 put the text in quotes: .* colon/],
  ["openai:\n  instructions: ? what\n", /^2:17 .* begins with a question mark$/],
  ["openai:\n  voice: @cedar\n", /^2:10 put the text in quotes: it begins with @$/],
  ["openai:\n  voice: `cedar`\n", /^2:10 .* it begins with `$/],
  ["openai:\n  voice: cedar model: x\n", /^2:10 model is on the line of another key/],
  // Quotes and brackets without their partner.
  ['openai:\n  voice: "cedar\n  model: x\n', /^2:10 the quote \("\) that begins here has no end$/],
  ["openai:\n  instructions: 'It's me'\n", /^2:\d+ nothing may follow the closing quote; .*''/],
  ["wake_word:\n  keyword: [a, b\nopenai:\n  model: x\n", /^2:12 the \[ that begins here has no/],
  ["openai: {model: x\naudio:\n  volume: 1\n", /^1:9 the \{ that begins here has no \}$/],
  ["openai:\n  model: x\n}\n", /^3:1 this \} closes nothing; remove it$/],
  // Lists and texts of several lines.
  ["wake_word:\n  keyword: computer\n  - jarvis\n", /^3:3 a list cannot follow a value: write/],
  ["openai:\n  instructions: |\n  text\n  model: x\n", /^3:3 indent the text deeper than its key/],
  [
    "openai:\n  instructions: >\n    You are: a pirate\n   and more\n",
    /^4:4 the text of line 2 begins in line 3: indent this line as deep as that$/,
  ],
  ["openai:\n  fallback_models:\n  - a\n  -b\n", /^4:3 put a space after the -$/],
  ["openai:\n  instructions: hello\nworld\n  model: x\n", /^3:1 this is not a key with a value/],
  // Habits of other programs' files.
  ["[openai]\nmodel=x\n", /^1:1 a section is written name: \(openai:\), with its keys indented/],
  ["openai:\n  model: x\n  // mine\n  voice: cedar\n", /^3:3 a comment begins with #$/],
  ["openai\uff1a\n  model: x\n", /^1:1 the colon after openai is not the plain one; write :$/],
  ["openai:\r  model: x\r  voice: cedar\r", /^1:8 lines end with a carriage return alone/],
  [
    "<<<<<<< HEAD\nopenai:\n  model: x\n=======\nopenai:\n  model: y\n>>>>>>> theirs\n",
    /^1:1 marks of a merge conflict begin here/,
  ],
  // What a web page leaves behind.
  [
    "openai:\n  model: x\n  \u00a0 voice: cedar: x\n",
    /^3:3 an invisible character \(U\+00A0, a no-/,
  ],
];

test("common syntax errors: our own message, at the line that was written", () => {
  for (const [text, expected] of SYNTAX_ERRORS) {
    const all = problems(text);
    assert.equal(all.length, 1, `${text}: ${all.join("\n")}`);
    assert.match(all[0] ?? "", expected);
    assert.doesNotMatch(all[0] ?? "", /YAML|mapping|implicit|scalar|token/i);
    // The same with the line ends of Windows.
    assert.match(problems(text.replaceAll("\n", "\r\n"))[0] ?? "", expected);
  }
});

test("after a recoverable syntax error the values are validated as well", () => {
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
    const all = problems(text).join("\n");
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
  // What is not there is shown at the heading of its section, not at the first key in it.
  assert.deepEqual(locate(["a", "none", "c"], "value"), { line: 2, column: 1 });
  assert.deepEqual(locate(["none"], "key"), { line: 2, column: 1 });
});

test("an item of a list is found by its name, as the settings know it", () => {
  const { document } = parseYaml("a:\n  - {url: x}\n  - server_label: docs\n    url: y\n");
  assert.ok(document);
  assert.deepEqual(document.locate(["a", "docs", "url"], "value"), { line: 4, column: 10 });
  assert.deepEqual(document.locate(["a", "docs", "none"], "value"), { line: 3, column: 5 });
  assert.deepEqual(document.locate(["a", "other", "url"], "value"), { line: 2, column: 3 });
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
