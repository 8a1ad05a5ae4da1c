/** Every way in which the Realtime API is known to fail, and what it means for the owner. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type FaultCode, faultLine, type Recovery } from "../../../src/core/fault.ts";
import type { LinkFailure } from "../../../src/core/realtime/failure.ts";
import {
  linkFault,
  retryAfterMs,
  retryHintMs,
  serverFault,
} from "../../../src/core/realtime/faults.ts";
import { avoids } from "../../helpers/traps.ts";

const MODEL = "gpt-realtime";

function http(status: number, code: string | null = null, type: string | null = null): LinkFailure {
  return { tag: "http", status, code, type, message: "said", retryAfterMs: null };
}

function close(code: number, reason = ""): LinkFailure {
  return { tag: "close", code, reason };
}

type Row = readonly [LinkFailure, FaultCode, Recovery, RegExp];

const LINK: readonly Row[] = [
  [http(401), "key-rejected", "report", /refused the key: HTTP 401\. Check openai\.api_key/],
  [http(401), "key-rejected", "report", /not said in the API's words: a proxy or a sign-in page/],
  [http(401, null, "invalid_request_error"), "key-rejected", "report", /pick up a new key$/],
  [http(401, "invalid_api_key"), "key-rejected", "report", /HTTP 401 \(invalid_api_key\)/],
  [http(403), "server", "retry", /^The Realtime API failed: HTTP 403/],
  [http(403, "unsupported_country_region_territory"), "protocol", "report", /supported countries/],
  [http(403, "missing_scope"), "key-rejected", "report", /without restrictions/],
  [http(403, "account_deactivated"), "key-rejected", "report", /account_deactivated/],
  [http(404), "server", "retry", /does not know this address: HTTP 404\. Check openai\.base_url/],
  [http(404, "model_not_found"), "model-unavailable", "fall-back", /\(model_not_found\)/],
  [http(429), "rate-limited", "retry", /Too many requests: HTTP 429\. Ask again/],
  [http(429, "rate_limit_exceeded"), "rate-limited", "retry", /rate_limit_exceeded/],
  [http(429, null, "server_error"), "rate-limited", "retry", /^Too many requests: HTTP 429/],
  [http(429, "server_is_overloaded", "server_error"), "rate-limited", "retry", /^Too many/],
  [http(429, "model_not_found"), "rate-limited", "retry", /^Too many/],
  [{ tag: "network", stage: "tcp", code: "EMFILE" }, "network", "retry", /open files.*LimitNOFILE/],
  [http(429, "slow_down"), "rate-limited", "retry", /slow_down/],
  ...[
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
  ].map((code): Row => [http(429, code), "no-credit", "report", /^No credit left.*billing page/]),
  [http(429, "new_code", "insufficient_quota"), "no-credit", "report", /\(new_code\)/],
  ...[408, 500, 502, 503, 504].map(
    (status): Row => [
      http(status),
      "server",
      "retry",
      new RegExp(`HTTP ${status}\\. The fault is on the server's side`),
    ],
  ),
  [http(503, "server_is_overloaded"), "server", "retry", /server_is_overloaded/],
  [http(301), "protocol", "report", /Something other .* answered: HTTP 301/],
  [http(400, "invalid_value"), "protocol", "report", /HTTP 400 \(invalid_value\)/],
  [{ tag: "network", stage: "dns", code: "ENOTFOUND" }, "network", "retry", /name could not be/],
  [{ tag: "network", stage: "tcp", code: "ECONNREFUSED" }, "network", "retry", /ping the router/],
  [{ tag: "network", stage: "tls", code: "CERT_HAS_EXPIRED" }, "network", "retry", /timedatectl/],
  [{ tag: "timeout", what: "handshake" }, "timeout", "retry", /in time \(handshake\)/],
  [{ tag: "timeout", what: "pong" }, "timeout", "retry", /in time \(pong\)/],
  ...[1000, 1001, 1005, 1006, 1011, 1012, 1013].map(
    (code): Row => [close(code), "network", "retry", new RegExp(`was lost: close ${code}`)],
  ),
  ...[1002, 1003, 1007, 1008, 1009, 1010, 1015, 3000, 4000, 4999].map(
    (code): Row => [close(code, "so"), "protocol", "report", new RegExp(`close ${code} so`)],
  ),
  [
    close(1001, "Your session hit the maximum duration of 60 minutes."),
    "network",
    "retry",
    /close 1001 Your session hit/,
  ],
  [close(3000, "invalid_request_error.invalid_api_key"), "key-rejected", "report", /close 3000/],
  [
    close(4000, "invalid_request_error.beta_api_shape_disabled"),
    "protocol",
    "report",
    /no longer supports the beta protocol.*Set openai\.protocol: ga/,
  ],
  [close(4000, "invalid_request_error.model_not_found"), "model-unavailable", "fall-back", /4000/],
  [{ tag: "bad-frame", code: "BINARY_FRAME" }, "protocol", "report", /BINARY_FRAME/],
  [{ tag: "hung-up" }, "protocol", "report", /closed before/],
];

for (const [failure, code, recovery, line] of LINK) {
  test(`a link that ends with ${JSON.stringify(failure)} is ${code}`, () => {
    const why = linkFault(failure, MODEL);
    assert.deepEqual([why.code, why.recovery], [code, recovery]);
    assert.match(faultLine(why), line);
    assert.ok(!faultLine(why).includes("\n"));
    avoids(19);
  });
}

const SERVER: readonly (readonly [string | null, string | null, FaultCode, Recovery])[] = [
  ["model_not_found", null, "model-unavailable", "fall-back"],
  ["insufficient_quota", null, "no-credit", "report"],
  [null, "insufficient_quota", "no-credit", "report"],
  ["rate_limit_exceeded", null, "rate-limited", "retry"],
  ["invalid_api_key", null, "key-rejected", "report"],
  ["beta_api_shape_disabled", null, "protocol", "report"],
  ["server_error", null, "server", "retry"],
  [null, "server_error", "server", "retry"],
  ["something_new", "something_else", "server", "retry"],
  [null, null, "server", "retry"],
];

for (const [code, type, fault, recovery] of SERVER) {
  test(`an error with code ${code} and type ${type} is ${fault}`, () => {
    const error = { code, type, message: "It\nsays so.", param: null, eventId: null };
    const why = serverFault(error, MODEL);
    assert.deepEqual([why.code, why.recovery], [fault, recovery]);
    assert.match(faultLine(why), /It says so\./);
  });
}

test("a session that is over is no setting of the owner's: another connection", () => {
  const error = { type: "invalid_request_error", code: "session_expired", param: null };
  const why = serverFault({ ...error, message: "Over.", eventId: null }, MODEL);
  assert.deepEqual([why.code, why.recovery], ["network", "retry"]);
  assert.doesNotMatch(faultLine(why), /\.\./);
});

test("a server's full stop does not stand twice", () => {
  const said = { type: "x", code: null, param: null, message: "Not today.", eventId: null };
  const line = faultLine({ ...serverFault(said, MODEL), message: "Not today." });
  assert.match(line, /^Not today\. The fault is on/);
});

test("a failed response that gives no reason is the server's", () => {
  const why = serverFault(null, MODEL);
  assert.deepEqual([why.code, why.recovery], ["server", "retry"]);
  assert.match(why.message, /no reason given/);
});

test("an answer that the API never gives is a stranger's: no model is to blame, no status page", () => {
  for (const status of [200, 301, 302, 307, 407, 426, 511]) {
    const why = linkFault(http(status), MODEL);
    assert.deepEqual([why.code, why.recovery], ["protocol", "report"]);
    assert.match(
      faultLine(why),
      new RegExp(`^Something other than .*: HTTP ${status}\\. Check openai`),
    );
  }
});

test("how long to wait, in the words of the API and of its gateways", () => {
  for (const [words, ms] of [
    ["try again in 166ms", 166],
    ["try again in 1.65s.", 1650],
    ["try again in 1m2s", 62_000],
    ["try again in 7m12s.", 432_000],
    ["try again in 1h", 3_600_000],
    ["try again in 2 minutes.", 120_000],
    ["Try again in 20 seconds.", 20_000],
    ["Please retry after 1 second", 1000],
    ["try again in 500 milliseconds", 500],
    ["try again in -5s", null],
    ["try again in a moment", null],
  ] as const) {
    assert.equal(retryHintMs(words), ms, words);
  }
});

test("an HTTP answer, or the reason of a close, says how long to wait", () => {
  assert.equal(retryAfterMs(close(1013, "overloaded, try again in 2s")), 2000);
  const busy = { tag: "http", status: 429, code: null, type: null, message: "" } as const;
  assert.equal(retryAfterMs({ ...busy, retryAfterMs: 2000 }), 2000);
  assert.equal(retryAfterMs(close(1001)), null);
});
