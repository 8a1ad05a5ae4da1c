/** What servers and networks say instead of opening the WebSocket. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { RealtimeDialer } from "../../../src/adapters/realtime/dialer.ts";
import {
  BODY_MAX_BYTES,
  BODY_MAX_MS,
  connectFailure,
  RETRY_AFTER_MAX_MS,
  retryAfterMs,
} from "../../../src/adapters/realtime/handshake-error.ts";
import { SimClock, settle } from "../../../src/sim/clock.ts";
import { eventually } from "../../helpers/host.ts";
import { httpPeer, keptSink, tcpPeer } from "../../helpers/ws-peers.ts";

const WALL_MS = Date.parse("2026-11-22T12:00:00Z");

function dial(url: string, headers: Readonly<Record<string, string>> = {}) {
  const clock = new SimClock(WALL_MS);
  const sink = keptSink();
  const link = new RealtimeDialer(clock).dial({ url, headers }, sink);
  return { clock, sink, link };
}

test("401: code, type and message from the body", async (t) => {
  const url = await httpPeer(t, (_request, response) => {
    response.writeHead(401, { "Content-Type": "application/json" });
    const error = { message: "Incorrect\nAPI key", type: "invalid_request_error", param: null };
    response.end(JSON.stringify({ error: { ...error, code: "invalid_api_key" } }));
  });
  const { clock, sink } = dial(url);
  assert.deepEqual(await sink.end(), {
    tag: "http",
    status: 401,
    code: "invalid_api_key",
    type: "invalid_request_error",
    message: "Incorrect API key",
    retryAfterMs: null,
  });
  await eventually("nothing is left to ring", () => clock.pending() === 0);
  await settle();
  assert.equal(sink.ends.length, 1);
});

for (const [headers, words, expectedMs] of [
  [{ "Retry-After": "7" }, "", 7_000],
  [{ "Retry-After": "Sun, 22 Nov 2026 12:00:30 GMT" }, "", 30_000],
  [{ "Retry-After": "7", "retry-after-ms": "6500" }, "", 6_500],
  [{ "retry-after-ms": "soon" }, "Please try again in 900ms.", 900],
  [{}, "Please retry after 20 seconds.", 20_000],
  [{ "retry-after-ms": "9".repeat(300) }, "", RETRY_AFTER_MAX_MS],
] as const) {
  test(`429 with ${JSON.stringify(headers).slice(0, 99)} ${words}`, async (t) => {
    const url = await httpPeer(t, (_request, response) => {
      response.writeHead(429, headers);
      response.end(JSON.stringify({ error: { code: 7, type: "requests", message: words } }));
    });
    const end = await dial(url).sink.end();
    assert.deepEqual(end, {
      tag: "http",
      status: 429,
      code: null,
      type: "requests",
      message: words === "" ? "Too Many Requests" : words,
      retryAfterMs: expectedMs,
    });
  });
}

test("404 with a page, and a redirect that is not followed", async (t) => {
  let requests = 0;
  const url = await httpPeer(t, (request, response) => {
    requests++;
    const moved = request.url?.startsWith("/moved") === true;
    response.writeHead(moved ? 302 : 404, moved ? { Location: "/v1/realtime" } : {});
    response.end("<html>not here</html>");
  });
  const missing = await dial(url).sink.end();
  assert.deepEqual([missing.tag === "http" && missing.status, requests], [404, 1]);
  assert.equal(missing.tag === "http" && missing.message, "Not Found");
  const moved = await dial(url.replace("/v1", "/moved")).sink.end();
  assert.deepEqual([moved.tag === "http" && moved.status, requests], [302, 2]);
});

test("a body that never ends is read for its time, and one too large up to its limit", async (t) => {
  const url = await httpPeer(t, (request, response) => {
    response.writeHead(503);
    if (request.url?.startsWith("/large") === true) {
      response.write("x".repeat(2 * BODY_MAX_BYTES)); // and no end
    } else response.write('{"error":');
  });
  const slow = dial(url);
  await eventually("the answer began", () => {
    slow.clock.advance(BODY_MAX_MS / 100); // stays far below the handshake's limit
    return slow.sink.ends.length > 0;
  });
  assert.equal(slow.sink.ends[0]?.tag === "http" && slow.sink.ends[0].status, 503);
  const large = dial(url.replace("/v1", "/large"));
  const end = await large.sink.end();
  assert.equal(end.tag === "http" && end.status, 503);
  await eventually("nothing is left to ring", () => large.clock.pending() === 0);
});

test("hanging up while the refusal is being read is a hang-up", async (t) => {
  let answered = false;
  const url = await httpPeer(t, (_request, response) => {
    response.writeHead(503);
    response.write("…", () => {
      answered = true;
    });
  });
  const { link, sink, clock } = dial(url);
  await eventually("the answer began", () => answered);
  link.close();
  assert.deepEqual(await sink.end(), { tag: "hung-up" });
  await eventually("nothing is left to ring", () => clock.pending() === 0);
});

test("a port that nobody listens on, and one that resets", async (t) => {
  const resetting = await tcpPeer(t, (socket) => socket.resetAndDestroy());
  const reset = await dial(resetting).sink.end();
  assert.deepEqual(reset, { tag: "network", stage: "tcp", code: "ECONNRESET" });
  const refused = await dial("ws://127.0.0.1:1/").sink.end();
  assert.deepEqual(refused, { tag: "network", stage: "tcp", code: "ECONNREFUSED" });
});

test("a peer that speaks no TLS, no HTTP, or a wrong upgrade", async (t) => {
  const plain = await httpPeer(t, (_request, response) => response.end());
  const tls = await dial(plain.replace("ws:", "wss:")).sink.end();
  assert.equal(tls.tag === "network" && tls.stage, "tls", JSON.stringify(tls));
  const ssh = await tcpPeer(t, (socket) => void socket.write("SSH-2.0-OpenSSH\r\n\r\n"));
  const alien = await dial(ssh).sink.end();
  assert.match(alien.tag === "bad-frame" ? alien.code : "", /^HPE_/);
  const wrong = await tcpPeer(t, (socket) => {
    const head = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    socket.once("data", () => socket.write(`${head}Sec-WebSocket-Accept: no\r\n\r\n`));
  });
  assert.deepEqual(await dial(wrong).sink.end(), { tag: "bad-frame", code: "HANDSHAKE" });
});

test("a URL or a header that cannot be is an end, said after dial returned", async () => {
  for (const [url, headers, code] of [
    ["not a url", {}, "ERR_INVALID_URL"],
    ["ftp://127.0.0.1/", {}, "ERR_INVALID_URL"],
    ["ws://127.0.0.1:1/", { Authorization: "Bearer a\nb" }, "ERR_INVALID_CHAR"],
  ] as const) {
    const { sink, link } = dial(url, headers);
    assert.deepEqual(sink.ends, []);
    assert.deepEqual(await sink.end(), { tag: "network", stage: "tcp", code });
    link.send("x");
    link.close();
    assert.equal(link.bufferedBytes(), 0);
    assert.equal(sink.ends.length, 1);
  }
});

test("error codes are sorted into name, certificate and connection", () => {
  const stages = {
    dns: ["ENOTFOUND", "EAI_AGAIN"],
    tls: [
      "CERT_HAS_EXPIRED",
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "SELF_SIGNED_CERT_IN_CHAIN",
    ],
    tcp: ["ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EPIPE"],
  };
  for (const [stage, codes] of Object.entries(stages)) {
    for (const code of codes) {
      const failure = connectFailure(Object.assign(new Error("x"), { code }));
      assert.deepEqual(failure, { tag: "network", stage, code });
    }
  }
});

test("Retry-After: nonsense is nothing, the past is now, and a week is a day", () => {
  const read = (header: string | undefined) => retryAfterMs(header, WALL_MS);
  assert.deepEqual([undefined, "", "soon"].map(read), [null, null, null]);
  assert.equal(read("Sat, 21 Nov 2026 12:00:00 GMT"), 0);
  assert.equal(read("0.25"), 250);
  assert.equal(read("604800"), RETRY_AFTER_MAX_MS);
});
