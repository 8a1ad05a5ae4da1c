/** Addresses and headers of the owner's own: what is wrong, where, and what to do. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { addressTrouble, headersOf } from "../../src/core/web-address.ts";

const RULE = { schemes: ["https"], example: "https://x.test/mcp", secretsIn: "headers" } as const;

test("an address: what is wrong, and what to do; it is never quoted", () => {
  const wanted = "must be an address such as https://x.test/mcp";
  const user = "must not have a user or password; put them into headers";
  const control = "must not have line breaks or other control characters";
  for (const [address, why] of [
    ["https://x.test:8443/a?b=c", null],
    [7, wanted],
    ["x.test", wanted],
    ["http://x.test", `${wanted}: it must begin with https://`],
    ["https://me@x.test", user],
    ["https://:secret@x.test", user],
    ["https://x.te\nst", control],
    ["https://x.test/\u0000", control],
    ["https://x.test\n", control],
  ] as const) {
    assert.equal(addressTrouble(address, RULE), why, JSON.stringify(address));
  }
});

test("headers: what cannot be sent is left out, with its place; the text is never quoted", () => {
  const told: string[] = [];
  const read = (value: unknown) =>
    headersOf(value, ["headers"], (path, message) => told.push(`${path.join(".")} ${message}`));
  assert.deepEqual(read(undefined), {});
  assert.deepEqual(read({ "X-Api-Key": "a b\tc", x_key: "", "": "a" }), {
    "X-Api-Key": "a b\tc",
    x_key: "",
  });
  assert.deepEqual(read({ "A:": "b", N: 7, L: "secret\r\nHost: y", U: "ü" }), {});
  assert.deepEqual(read("X-Api-Key: a"), {});
  const line = "must be one line of ASCII text; check the variable or the file that it comes from";
  const name = "is no name of a header; use letters, digits and -, such as X-Api-Key";
  assert.deepEqual(told, [
    `headers. ${name}`,
    `headers.A: ${name}`,
    "headers.N must be text; put it in quotes",
    `headers.L ${line}`,
    `headers.U ${line}`,
    "headers must be names with texts, such as {X-Api-Key: text}",
  ]);
});
