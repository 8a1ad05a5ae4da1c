/** The table keeps its own promises, and the types that follow from it are the promised ones. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readValue } from "../../../src/core/settings/read-value.ts";
import {
  DEFAULTS,
  publicSettings,
  ROWS,
  SECTIONS,
  type Settings,
  secretValues,
} from "../../../src/core/settings/table.ts";

const ENV = { OPENAI_API_KEY: "sk-test" };

test("every default is valid by its own row", () => {
  for (const [key, row] of ROWS) {
    const reading = readValue(row, row.default, { env: ENV, missing: "refuse" });
    assert.ok(reading.ok, `${key}: ${JSON.stringify(reading)}`);
  }
});

test("every row says what it does, and every section what it is about", () => {
  const sections = new Set<string>();
  for (const [key, row] of ROWS) {
    assert.match(row.doc, /^[^\s].*\.$/, key);
    assert.match(key, /^[a-z_]+(\.[a-z_]+)+$/);
    const parents = key.split(".").slice(0, -1);
    for (const depth of parents.keys()) sections.add(parents.slice(0, depth + 1).join("."));
  }
  assert.deepEqual(sections, new Set(Object.keys(SECTIONS)));
});

test("the rows of a section stand together, so that the example has each heading once", () => {
  const order = ROWS.map(([key]) => key.split(".").slice(0, -1).join("."));
  const runs = order.filter((section, index) => section !== order[index - 1]);
  assert.equal(new Set(runs).size, runs.length, runs.join(" "));
});

test("the types are inferred from the rows", () => {
  const selection: "auto" | "new" | "legacy" = DEFAULTS["openai.model_selection"];
  const preRollMs: number = DEFAULTS["audio.pre_roll_ms"];
  const longest: number | "inf" = DEFAULTS["openai.max_output_tokens"];
  const words: readonly string[] = DEFAULTS["wake_word.keyword"];
  const enabled: boolean = DEFAULTS["wake_word.enabled"];
  assert.deepEqual(
    [selection, preRollMs, longest, words, enabled],
    ["auto", 1000, 4096, ["computer"], true],
  );
  // @ts-expect-error a word that the row does not have
  const wrong: Settings["openai.protocol"] = "alpha";
  assert.equal(wrong, "alpha");
});

test("the defaults are those of an empty environment, and frozen", () => {
  assert.equal(DEFAULTS["openai.api_key"], "");
  assert.equal(DEFAULTS["openai.base_url"], "https://api.openai.com/v1");
  assert.equal(DEFAULTS["wake_word.access_key"], "");
  assert.ok(Object.isFrozen(DEFAULTS));
});

test("secrets are listed for the journal's filter and hidden from listings", () => {
  const settings: Settings = { ...DEFAULTS, "openai.api_key": "sk-very-secret" };
  assert.deepEqual(secretValues(settings), ["sk-very-secret"]);
  const shown = publicSettings(settings);
  assert.equal(shown["openai.api_key"], "(set)");
  assert.equal(shown["wake_word.access_key"], "");
  assert.equal(shown["openai.voice"], "alloy");
  assert.ok(!JSON.stringify(shown).includes("very-secret"));
});
