/** `${NAME}` in configuration values. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { expand } from "../../../src/core/settings/expand-env.ts";

const ENV = { NAME: "value", EMPTY: "", NESTED: `\${NAME}`, GONE: undefined };

function expanded(template: string): string {
  const result = expand(template, ENV, "refuse");
  assert.ok(result.ok, JSON.stringify(result));
  return result.text;
}

function refused(template: string): string {
  const result = expand(template, ENV, "refuse");
  assert.ok(!result.ok, JSON.stringify(result));
  return result.problem;
}

test("variables are replaced, wherever they stand", () => {
  assert.equal(expanded(`\${NAME}`), "value");
  assert.equal(expanded(`a-\${NAME}-\${NAME}-b`), "a-value-value-b");
  assert.deepEqual(expand(`\${NAME}\${EMPTY}`, ENV, "refuse"), {
    ok: true,
    text: "value",
    names: ["NAME", "EMPTY"],
    unset: [],
  });
});

test("a default stands in for a variable that is missing or empty", () => {
  assert.equal(expanded(`\${MISSING:-text}`), "text");
  assert.equal(expanded(`\${EMPTY:-text}`), "text");
  assert.equal(expanded(`\${GONE:-text}`), "text");
  assert.equal(expanded(`\${NAME:-text}`), "value");
  assert.equal(expanded(`\${MISSING:-}`), "");
  assert.equal(expanded(`\${MISSING:-https://host:1/path}`), "https://host:1/path");
});

test("a value is not expanded again", () => {
  assert.equal(expanded(`\${NESTED}`), `\${NAME}`);
});

test(`$\${ is a plain \${, and a lone $ is a $`, () => {
  assert.equal(expanded(`$\${NAME}`), `\${NAME}`);
  assert.equal(expanded("costs $5, $$, $NAME"), "costs $5, $$, $NAME");
});

test("a missing variable is named, with the way to set it", () => {
  assert.match(
    refused(`\${MISSING}`),
    /MISSING is not set; set it with "export MISSING=.*pipit\.env/,
  );
  assert.match(refused(`\${OPENAI_API_KEY}`), /credentials\/OPENAI_API_KEY \(root alone reads it/);
  assert.match(refused(`\${GONE}`), /GONE is not set/);
  assert.match(refused(`\${toString}`), /toString is not set/);
  assert.deepEqual(expand(`a\${MISSING}b`, ENV, "default"), {
    ok: true,
    text: "ab",
    names: ["MISSING"],
    unset: ["MISSING"],
  });
});

test("what is no variable is refused", () => {
  for (const bad of [`\${`, `\${}`, `\${1A}`, `\${A B}`, `x\${NAME`, `\${A:-\${B}}`, `\${A:=x}`]) {
    assert.match(refused(bad), /neither \$\{NAME\} nor/, bad);
  }
});

test("under systemd without credentials, the unit is what is wrong", () => {
  const problem = (env: Readonly<Record<string, string>>): string => {
    const result = expand(`\${OPENAI_API_KEY}`, env, "refuse");
    return result.ok ? "" : result.problem;
  };
  assert.match(
    problem({ STATE_DIRECTORY: "/var/lib/pipit" }),
    /has emptied LoadCredential= of this unit/,
  );
  const folder = {
    STATE_DIRECTORY: "/var/lib/pipit",
    CREDENTIALS_DIRECTORY: "/run/credentials/pipit.service",
  };
  assert.match(problem(folder), /for the service in \/etc\/pipit\/credentials/);
  assert.match(problem({}), /export OPENAI_API_KEY/);
});
