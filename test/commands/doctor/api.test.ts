/** Key, API, models, voice: one row a case. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ApiFacts,
  judgeApi,
  judgeKey,
  judgeModels,
  judgeVoice,
} from "../../../src/commands/doctor/api.ts";
import type { Finding } from "../../../src/commands/doctor/finding.ts";
import { CATALOGUE_ONLY } from "../../../src/core/models/prospect.ts";
import type { LinkFailure } from "../../../src/core/realtime/failure.ts";
import { DEFAULTS, type Settings } from "../../../src/core/settings/table.ts";

const USER = { isRoot: false, isInstalled: true };

function textOf({ grade, says, remedy }: Finding): string {
  return `${grade}: ${says}${remedy === "" ? "" : ` -> ${remedy}`}`;
}

function withSettings(changes: Partial<Settings>): Settings {
  return { ...DEFAULTS, "openai.base_url": "https://api.openai.com/v1", ...changes };
}

test("the key: absent, of the wrong form, right; never shown", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["sk-short", /^fail: The key begins with sk- but is cut short/],
    ["pk-proj-abcdefghijklmnopqrstuvwxyz", /^fail: A key of OpenAI begins with sk-/],
    ["sk-proj-abcdefghijklmnopqrstuvwxyz_0123", /^ok: Set, and of the right form$/],
  ];
  for (const [key, expected] of cases) {
    const line = textOf(judgeKey(withSettings({ "openai.api_key": key }), USER));
    assert.match(line, expected);
    assert.ok(key === "" || !line.includes(key));
  }
  const other = { "openai.base_url": "http://127.0.0.1:8000/v1", "openai.api_key": "whatever" };
  assert.match(textOf(judgeKey(withSettings(other), USER)), /^ok: Set; its form is up/);
});

test("what to do without a key depends on who asks, and where", () => {
  const of = (asker: typeof USER) =>
    textOf(judgeKey(withSettings({ "openai.api_key": "" }), asker));
  assert.match(of(USER), /^fail: No key is set -> Only root may read .*: sudo pipit doctor\./);
  assert.match(
    of({ ...USER, isRoot: true }),
    / -> sudo \.\/scripts\/install --key-file FILE stores/,
  );
  for (const isRoot of [true, false]) {
    assert.match(of({ isRoot, isInstalled: false }), / -> export OPENAI_API_KEY=sk-\.\.\. in this/);
  }
});

test("the API: each way to fail has its own words", () => {
  const http = (status: number, code: string | null = null): LinkFailure => {
    return { tag: "http", status, code, type: null, message: "", retryAfterMs: null };
  };
  const network = (stage: "dns" | "tcp" | "tls", code: string): LinkFailure => {
    return { tag: "network", stage, code };
  };
  const cases: readonly (readonly [LinkFailure, RegExp])[] = [
    [
      network("dns", "ENOTFOUND"),
      /^fail: .*name could not be resolved \(ENOTFOUND\) -> Check the net/,
    ],
    [network("tcp", "ECONNREFUSED"), /^fail: The API cannot be reached \(ECONNREFUSED\)/],
    [network("tls", "SELF_SIGNED_CERT_IN_CHAIN"), /^fail: .*certificate was not accepted/],
    [network("tls", "CERT_NOT_YET_VALID"), /^fail: .*not valid at this time.*-> The clock is most/],
    [network("tls", "CERT_HAS_EXPIRED"), /^fail: .*-> The clock is most likely wrong/],
    [http(401), /^fail: The API refused the key: HTTP 401/],
    [http(403), /^warn: host accepts the key, but it may not list models/],
    [http(404), /^warn: host answers, but has no list of models \(HTTP 404\) -> .*base_url/],
    [http(429, "insufficient_quota"), /^fail: No credit left/],
    [http(429), /^warn: Too many requests: HTTP 429/],
    [http(503), /^fail: The Realtime API failed: HTTP 503/],
    [{ tag: "timeout", what: "handshake" }, /^fail: .*did not answer in time/],
  ];
  for (const [failure, expected] of cases) {
    assert.match(textOf(judgeApi({ tag: "failed", failure }, "host")), expected);
  }
  const answered: ApiFacts = {
    tag: "answered",
    ms: 120.4,
    models: ["m"],
    dates: {},
    serverMs: null,
  };
  assert.equal(
    textOf(judgeApi(answered, "host")),
    "ok: host answered in 120 ms and accepts the key",
  );
  assert.match(
    textOf(judgeApi({ ...answered, models: null }, "host")),
    /^warn: .*no list of models/,
  );
  assert.equal(textOf(judgeApi({ tag: "not-asked", why: "offline" }, "host")), "skip: offline");
});

/** When the models of the beta have ended. */
const LATER_MS = Date.UTC(2026, 9, 1);

test("models: which one will answer, and until when", () => {
  const of = (settings: Partial<Settings>, offered: readonly string[] | null = null, dates = {}) =>
    judgeModels(withSettings(settings), { offered, dates }, LATER_MS).map(textOf).join("\n");
  assert.equal(of({}), "ok: gpt-realtime will answer");
  const soon = { "gpt-realtime": "2026-10-20" };
  assert.match(
    of({}, null, soon),
    /^warn: The model gpt-realtime will be shut down on 2026-10-20, in 19 days/,
  );
  assert.match(
    of({}, ["gpt-realtime-2.1"]),
    /^warn: gpt-realtime-2\.1 will answer: gpt-realtime is not available/,
  );
  const legacy = { "openai.model_selection": "legacy" } as const;
  assert.match(
    of(legacy),
    /^fail: No model can answer: openai\.model_selection: legacy asks only gpt-4o-realtime-preview; .*2026-05-07 -> Set openai\.model_selection: auto/,
  );
  assert.match(of({}, []), /^fail: No model can answer.* is not available to this account -> See/);
  const own = { "openai.model": "my-own", "openai.model_selection": "new" } as const;
  assert.match(
    of(own),
    /^warn: openai\.model: my-own is not a model known to this version of Pipit -> /,
  );
  assert.equal(of(own, ["my-own"]), "ok: my-own will answer");
  const elsewhere = { ...own, "openai.base_url": "http://127.0.0.1:1/v1" };
  assert.match(of(elsewhere), /^ok: my-own will be asked; whether it is there, only the server/);
  const slip = { "openai.model": "gpt-realtme" } as const;
  assert.match(of(slip), /^warn: openai\.model: .*did you mean "gpt-realtime"\?/);
  const there = of(legacy, ["gpt-4o-realtime-preview"]);
  assert.equal(there, "ok: gpt-4o-realtime-preview will answer", "the account's list wins");
});

test("the voice on the models of the chain that may answer", () => {
  const of = (settings: Partial<Settings>, wallMs = Date.UTC(2026, 0, 1), known = CATALOGUE_ONLY) =>
    textOf(judgeVoice(withSettings(settings), known, wallMs));
  const preview = { "openai.model": "gpt-4o-realtime-preview" } as const;
  assert.match(of({}), /^ok: alloy/);
  assert.match(of({ ...preview, "openai.voice": "cedar" }), /^warn: Voice 'cedar' not available/);
  const strict = { "openai.voice": "cedar", "openai.auto_select_voice": false } as const;
  assert.match(of({ ...strict, ...preview }), /^warn: Voice 'cedar' not .*: it will not be asked/);
  assert.match(of(strict), /^warn: /, "only further down the chain");
  assert.match(
    of({ ...strict, ...preview, "openai.model_selection": "new" }),
    /^fail: Voice 'cedar' not available .*-> Set openai\.auto_select_voice: true, or choose/,
  );
  assert.match(of(strict, LATER_MS), /^ok: cedar, on every/, "a model that has ended has no say");
  assert.equal(of({ "openai.model_selection": "legacy" }, LATER_MS), "skip: No model can answer");
  const none = { ...CATALOGUE_ONLY, offered: [] };
  assert.equal(of({}, LATER_MS, none), "skip: No model can answer");
});
