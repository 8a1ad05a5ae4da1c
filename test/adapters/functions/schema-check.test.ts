/** Schemas of an owner's, and arguments of a model's, that are meant to stop the loop or the process. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkOf,
  SCHEMA_MAX_CHARS,
  schemaTrouble,
} from "../../../src/adapters/functions/schema-check.ts";
import { readArguments } from "../../../src/core/functions/arguments.ts";
import type { Fields } from "../../../src/core/json.ts";

function parameters(properties: Fields): Fields {
  return { type: "object", properties, required: [], additionalProperties: false };
}

/** A check has 100 ms, and a machine under load its whims. */
const SOON_MS = 1_500;

async function judged(properties: Fields, args: string) {
  const check = await checkOf(parameters(properties));
  const beganMs = performance.now();
  const read = readArguments(args, check);
  const ms = performance.now() - beganMs;
  assert.ok(ms < SOON_MS, `${ms} ms`);
  return read.ok ? "fits" : read.error;
}

test("an expression that takes the age of the world is broken off, and the call refused", async () => {
  const of = { name: { type: "string", pattern: "^(a+)+$" } };
  assert.equal(await judged(of, JSON.stringify({ name: "aaaa" })), "fits");
  assert.match(await judged(of, JSON.stringify({ name: "b" })), /must match pattern/);
  const evil = JSON.stringify({ name: `${"a".repeat(40)}!` });
  assert.match(await judged(of, evil), /take too long to be checked/);
  assert.equal(await judged(of, JSON.stringify({ name: "aa" })), "fits", "and it goes on");
});

test("a schema that goes round: told, or the call refused; nothing overflows", async () => {
  for (const of of [
    { a: { $ref: "#/properties/a" } },
    { a: { $ref: "#/properties/b" }, b: { $ref: "#/properties/a" } },
    { a: { anyOf: [{ $ref: "#/properties/a" }] } },
    { a: { not: { $ref: "#/properties/a" } } },
  ]) {
    const trouble = await schemaTrouble(parameters(of));
    const told = await judged(of, '{"a": 1}');
    if (trouble === null) assert.match(told, /take too long to be checked/);
    else assert.equal(told, "fits", trouble);
  }
  assert.match(
    (await schemaTrouble(parameters({ a: { $ref: "#/properties/a" } }))) ?? "",
    /without end/,
  );
});

test("arguments nested without end, or a crowd of values, are no arguments", async () => {
  const of = { a: { $ref: "#" } };
  const deep = `${'{"a":'.repeat(5_000)}{}${"}".repeat(5_000)}`;
  assert.match(await judged(of, deep), /not JSON/);
  assert.equal(await judged(of, '{"a":{"a":{}}}'), "fits");
});

test("a schema that is too large, remote, asynchronous or none is told, and rejects nothing", async () => {
  const large = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, n) => [`p${n}`, { type: "string" }]),
  );
  assert.match(
    (await schemaTrouble(parameters(large))) ?? "",
    new RegExp(`at most ${SCHEMA_MAX_CHARS}`),
  );
  let nested: Fields = {};
  for (let n = 0; n < 1_000; n++) nested = { type: "array", items: nested };
  assert.match((await schemaTrouble(parameters({ a: nested }))) ?? "", /characters/);
  for (const [of, why] of [
    [{ a: { $ref: "https://example.org/x.json" } }, /can't resolve reference/],
    [{ a: { $async: true, type: "string" } }, /async/],
    [{ a: { type: "strin" } }, /schema is invalid/],
    [{ a: { type: "string", pattern: "(" } }, /Invalid regular expression/],
  ] as const) {
    assert.match((await schemaTrouble(parameters(of))) ?? "", why);
    assert.equal(await judged(of, '{"a": 1}'), "fits");
  }
});

test("two schemas by one $id, and formats nobody knows, check each their own", async () => {
  assert.match(await judged({ a: { $id: "x", type: "number" } }, '{"a":"no"}'), /must be number/);
  assert.match(await judged({ a: { $id: "x", type: "boolean" } }, '{"a":"no"}'), /must be boolean/);
  const root = { ...parameters({ a: { type: "number" } }), $id: "root" };
  const other = { ...parameters({ a: { type: "boolean" } }), $id: "root" };
  assert.deepEqual([await schemaTrouble(root), await schemaTrouble(other)], [null, null]);
  assert.equal(await judged({ a: { type: "string", format: "house" } }, '{"a":"no"}'), "fits");
});
