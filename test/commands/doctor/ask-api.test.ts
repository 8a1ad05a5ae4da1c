/** One request to the API, answered by real servers of every kind. */

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import type { ApiFacts } from "../../../src/commands/doctor/api.ts";
import { askApi } from "../../../src/commands/doctor/io-ask-api.ts";
import { startPeer } from "../../../src/sim/peer/peer.ts";

const clock = new SystemClock();

async function asked(t: TestContext, answer: RequestListener, maxMs = 5_000): Promise<ApiFacts> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return askApi({ baseUrl: `ws://127.0.0.1:${port}/v1/`, apiKey: "sk-test", clock, maxMs });
}

test("the simulated peer's list, with its dates and its time", async (t) => {
  const peer = await startPeer({
    scenario: { models: ["gpt-realtime", { id: "old", shutdown_date: "2027-01-20" }] },
  });
  t.after(() => peer.close());
  const facts = await askApi({ baseUrl: peer.url, apiKey: "sk-test", clock, maxMs: 5_000 });
  assert.ok(facts.tag === "answered", JSON.stringify(facts));
  assert.deepEqual(facts.models, ["gpt-realtime", "old"]);
  assert.deepEqual(facts.dates, { old: "2027-01-20" });
  assert.ok(facts.serverMs !== null && Math.abs(facts.serverMs - Date.now()) < 60_000);
});

test("the key goes along; refusals are told with status and code", async (t) => {
  let seen: unknown;
  const facts = await asked(t, (request, response) => {
    seen = [request.url, request.headers.authorization];
    const error = { code: "invalid_api_key", message: "no", type: "x" };
    response.writeHead(401).end(JSON.stringify({ error }));
  });
  assert.deepEqual(seen, ["/v1/models", "Bearer sk-test"]);
  assert.ok(facts.tag === "failed" && facts.failure.tag === "http");
  assert.deepEqual([facts.failure.status, facts.failure.code], [401, "invalid_api_key"]);
});

const odd: readonly (readonly [string, RequestListener, RegExp])[] = [
  ["a portal's page", (_, response) => response.end("<html>"), /"models":null/],
  ["no list", (_, response) => response.end('{"data":7}'), /"models":null/],
  ["odd entries", (_, response) => response.end('{"data":[1,{"id":2},{"id":"m"}]}'), /\["m"\]/],
  ["too much", (_, response) => response.end("x".repeat(2_000_000)), /"models":null/],
  ["a redirect", (_, response) => response.writeHead(302, { location: "/" }).end(), /"status":302/],
  ["a cut connection", (request) => request.socket.destroy(), /"tcp","code":"ECONNRESET"/],
  ["no HTTP", (request) => request.socket.end("hello\r\n\r\n"), /"bad-frame","code":"HPE_/],
];

for (const [what, answer, expected] of odd) {
  test(`${what} is a fact like others`, async (t) => {
    assert.match(JSON.stringify(await asked(t, answer)), expected);
  });
}

test("a server that says nothing is given up in time", async (t) => {
  const facts = await asked(t, () => undefined, 200);
  assert.deepEqual(facts, { tag: "failed", failure: { tag: "timeout", what: "handshake" } });
});

test("nobody there, and no such name", async () => {
  const of = (baseUrl: string) => askApi({ baseUrl, apiKey: "k", clock, maxMs: 5_000 });
  assert.match(JSON.stringify(await of("http://127.0.0.1:9/v1")), /"tcp","code":"ECONNREFUSED"/);
  assert.match(JSON.stringify(await of("https://nowhere.invalid/v1")), /"stage":"dns"/);
});
