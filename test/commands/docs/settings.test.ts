/** What is made from the settings table is valid itself: example, schema, reference. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv } from "ajv";
import { parseYaml } from "../../../src/adapters/config/yaml.ts";
import { KEYLESS_KEYWORDS as ENGINE_KEYWORDS } from "../../../src/adapters/wake/porcupine-wasm.ts";
import { between } from "../../../src/commands/docs/marks.ts";
import { jsonSchema } from "../../../src/commands/docs/schema.ts";
import { exampleYaml, markdownReference } from "../../../src/commands/docs/settings.ts";
import { DEFAULTS, ROWS } from "../../../src/core/settings/table.ts";
import { validate } from "../../../src/core/settings/validate.ts";
import { KEYLESS_KEYWORDS } from "../../../src/core/wake/keyless-words.ts";

/** The example with every setting in use: `#name:` becomes `name:`. */
function inUse(example: string): string {
  return example.replaceAll(/^( *)#(?! |$)/gm, "$1");
}

function checked(text: string): unknown {
  const { document, problems } = parseYaml(text);
  assert.deepEqual(problems, []);
  assert.ok(document);
  const good = validate(document.tree, { env: { OPENAI_API_KEY: "k" } });
  assert.ok(good.ok, JSON.stringify(good));
  assert.deepEqual({ ...good.settings }, { ...DEFAULTS, "openai.api_key": "k" });
  return document.tree;
}

test("the example gives the defaults: as it is, and with every line in use", () => {
  checked(exampleYaml());
  const tree = checked(inUse(exampleYaml()));
  const schema = new Ajv({ allErrors: true }).compile(jsonSchema());
  assert.ok(schema(tree), JSON.stringify(schema.errors));
});

test("the example has every key once, and is not too wide for a terminal", () => {
  const lines = inUse(exampleYaml()).split("\n");
  const settings = lines.filter((line) => /^ +[a-z_]+: \S/.test(line));
  assert.equal(settings.length, ROWS.length);
  for (const line of lines.filter((text) => text.trimStart().startsWith("#"))) {
    assert.ok(line.length <= 100, line);
  }
});

test("the schema refuses what the validator refuses", () => {
  const schema = new Ajv({ allErrors: true }).compile(jsonSchema());
  const bad: readonly unknown[] = [
    { opnai: {} },
    { audio: { volume: 2 } },
    { audio: { volume: "loud" } },
    { audio: { pre_roll_ms: 0.5 } },
    { openai: { voice: "onyx" } },
    { openai: { model: "" } },
    { openai: { turn_detection: { silence: 3 } } },
    { wake_word: { keyword: [] } },
  ];
  for (const tree of bad) assert.ok(!schema(tree), JSON.stringify(tree));
  const good = { audio: { volume: `\${VOLUME}` }, openai: null, wake_word: { keyword: "jarvis" } };
  assert.ok(schema(good), JSON.stringify(schema.errors));
});

test("the reference has a row for every key and well-formed tables", () => {
  const reference = markdownReference();
  for (const [key] of ROWS) assert.ok(reference.includes(`| \`${key}\` |`), key);
  for (const line of reference.split("\n").filter((text) => text.startsWith("|"))) {
    assert.equal(line.split(/(?<!\\)\|/).length, 7, line);
  }
});

test("only what stands between its marks is replaced in a document", () => {
  const document = "a\n<!-- settings:begin -->\nold\n<!-- settings:end -->\nz\n";
  const renewed = between(document, "settings", markdownReference());
  assert.ok(renewed.startsWith("a\n<!-- settings:begin -->\n**`openai`**"));
  assert.ok(renewed.endsWith("|\n<!-- settings:end -->\nz\n"));
  assert.equal(between(renewed, "settings", markdownReference()), renewed);
  assert.throws(() => between("nothing here", "settings", ""));
});

test("the words that the validator takes are those that the keyless engine has", () => {
  assert.deepEqual(new Set(KEYLESS_KEYWORDS), new Set(ENGINE_KEYWORDS));
});
