/** What must never be shown is found: by value in every spelling, by shape without knowing it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { oneLine } from "../../src/core/fault.ts";
import { Redactor, redact, redactStrictly, SECRETS_MAX } from "../../src/core/redact.ts";
import { MADE_UP_KEYS } from "../helpers/secrets.ts";

test("keys are known by their shape, in every place of a line", () => {
  for (const { maker, key, marker } of MADE_UP_KEYS) {
    const places = [
      key,
      `no such voice "${key}"`,
      `key=${key};`,
      `<${key}>`,
      `Bearer ${key}`,
      `a\n${key}\nb`,
    ];
    for (const text of places) {
      const clean = maker === "nobody known" ? redactStrictly(text) : redact(text, []);
      assert.ok(!clean.includes(marker), `${maker}: ${clean}`);
      assert.match(clean, /\*\*\*/);
    }
  }
});

test("passwords in addresses, and keys behind a question mark", () => {
  assert.equal(redact("https://me:hunter2@host/v1", []), "https://me:***@host/v1");
  assert.equal(redact("mqtt://u:p%40ss@broker:1883", []), "mqtt://u:***@broker:1883");
  assert.equal(redact("data:%20sk-abcdef123456%22", []), "data:%20***%22");
  assert.equal(redact("GET /?a=1&api_key=abcdef123&b=2", []), "GET /?a=1&api_key=***&b=2");
});

test("passwords and tokens in addresses that nobody encoded; ports and paths stay", () => {
  for (const [text, clean] of [
    ["http://me:p@ss9word@host/x", "http://me:***@host/x"],
    ["http://me:pa/ss9word@host", "http://me:***@host"],
    ["https://0123456789abcdefghij@host/", "https://***@host/"],
    ["GET /api?api_password=hunter2hunter", "GET /api?api_password=***"],
    ["GET /?client_secret=abcdef12&auth=hunter22", "GET /?client_secret=***&auth=***"],
    ["https://host:8443/@scope/name", "https://host:8443/@scope/name"],
    ["see https://host/a and mail a@b", "see https://host/a and mail a@b"],
  ] as const) {
    assert.equal(redact(text, []), clean);
  }
  assert.equal(redactStrictly('found "me:hunter2@host"'), 'found "me:***@host"');
  assert.equal(redactStrictly("https://me:hunter2@host"), "https://me:***@host");
  assert.equal(redactStrictly('found "host:1883"'), 'found "host:1883"');
});

test("a key right behind a character that is written in several", () => {
  for (const before of ["\\n", "\\u0022", "%2f", "\u001b[31m"]) {
    assert.equal(redact(`${before}sk-abcdef123456`, []), `${before}***`);
  }
});

test("a known secret in a form, with small letters in its codes, with an escaped slash", () => {
  const secret = "S3/c+r'e(t)!";
  const form = new URLSearchParams({ a: secret }).toString();
  assert.equal(redact(form, [secret]), "a=***");
  assert.equal(redact(secret.replace("/", "\\/"), [secret]), "***");
  const small = encodeURIComponent(secret).replaceAll(/%../g, (code) => code.toLowerCase());
  assert.equal(redact(small, [secret]), "***");
});

test("a known secret is found as it is, in JSON, in an address, and cut off", () => {
  const secret = 'pass"word+with/all=1';
  const spelt = [secret, JSON.stringify({ secret }), encodeURIComponent(secret)];
  for (const text of spelt) assert.ok(!redact(text, [secret]).includes("word"), text);
  const cut = oneLine(`The server said: ${secret}`, 30);
  assert.equal(redact(cut, [secret]), "The server said: ***…");
});

test("what is no secret stays: names, models, ids, paths, devices", () => {
  for (const text of [
    "gpt-4o-realtime-preview-2025-06-03 task-force-seven ask-me-anything",
    "session_20260101_000001_k3stzc.json resp_CVHj3K2lM9aB4cD5eF6gH7",
    "plughw:CARD=vc4hdmi0,DEV=0 /usr/share/pipit/models/Computer_linux.ppn",
    "Failed to connect with model gpt-realtime: HTTP 404 (model_not_found)",
    "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  ]) {
    assert.equal(redact(text, []), text);
  }
});

test("cleaned JSON is still JSON", () => {
  for (const { key } of MADE_UP_KEYS) {
    const value = {
      [key]: [`Bearer ${key}`, `say \\"${key}\\" twice`, { deep: `https://a:${key}@b` }],
    };
    assert.ok(Array.isArray(Object.values(JSON.parse(redact(JSON.stringify(value), [key])))[0]));
  }
});

test("a keeper learns, cleans values with their names, and forgets the oldest", () => {
  const keeper = new Redactor();
  keeper.learn(["first-secret", "tiny", "first-secret-and-more"]);
  assert.equal(keeper.text("tiny first-secret-and-more first-secret"), "tiny *** ***");
  assert.deepEqual(keeper.value({ "first-secret": ["x first-secret", 1, null] }), {
    "***": ["x ***", 1, null],
  });
  keeper.learn(Array.from({ length: SECRETS_MAX }, (_, n) => `secret-number-${n}`));
  assert.equal(keeper.secrets.length, SECRETS_MAX);
  assert.equal(keeper.text("first-secret secret-number-0"), "first-secret ***");
});
