/** Every kind of fault a scenario can script strikes where it should, on a real socket. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { isObject, type JsonObject, objectAt, parseJson, textAt } from "../../src/sim/peer/json.ts";
import { type Peer, startPeer } from "../../src/sim/peer/peer.ts";
import { Client, type ClientOptions } from "../helpers/realtime-client.ts";

async function peerWith(context: TestContext, scenario: JsonObject): Promise<Peer> {
  const peer = await startPeer({ scenario: { pace: 50, ...scenario } });
  context.after(() => peer.close());
  return peer;
}

/** A configured client that has asked for a response. */
async function asking(peer: Peer): Promise<Client> {
  const client = new Client(peer);
  await client.configure();
  client.send({ type: "response.create", event_id: "ask" });
  return client;
}

test("handshakes are refused with any status, body and Retry-After", async (context) => {
  const error = { type: "insufficient_quota", code: "credit_balance_exhausted", message: "No." };
  const faults = [
    { at: "handshake", do: "refuse", status: 429, error, retry_after_s: 7, connection: 1 },
    { at: "handshake", do: "refuse", status: 503, body: "<html>busy</html>", connection: 2 },
  ];
  const peer = await peerWith(context, { faults });
  const first = await new Client(peer).ended;
  assert.equal(first.status, 429);
  assert.equal(first.headers["retry-after"], "7");
  assert.equal(textAt(parseJson(first.body), "error", "code"), "credit_balance_exhausted");
  const second = await new Client(peer).ended;
  assert.deepEqual([second.status, second.body], [503, "<html>busy</html>"]);
  const third = new Client(peer);
  await third.see("session.created");
  assert.equal(peer.attempts(), 3);
});

test("handshake: keys, paths and models are checked", async (context) => {
  const models = [
    "gpt-realtime",
    { id: "gone-404", gone: "http-404" },
    { id: "gone-403", gone: "http-403" },
    { id: "gone-error", gone: "error" },
    { id: "gone-late", gone: "response", shutdown_date: "2027-01-20" },
  ];
  const peer = await peerWith(context, { key: "sk-right", models });
  const end = (options: ClientOptions) => new Client(peer, { key: "sk-right", ...options }).ended;
  assert.equal((await end({ key: null })).status, 401);
  assert.equal((await end({ key: "sk-wrong" })).status, 401);
  assert.equal((await end({ path: "/elsewhere" })).status, 404);
  assert.equal((await end({ model: "" })).status, 400);
  assert.equal((await end({ model: "gone-404" })).status, 404);
  assert.equal((await end({ model: "gone-403" })).status, 403);
  const client = new Client(peer, { key: "sk-right", model: "gone-error" });
  assert.equal(textAt(await client.see("error"), "error", "code"), "model_not_found");
  assert.equal((await client.ended).code, 4000);
  for (const model of ["gone-late", "never-heard-of"]) {
    const late = new Client(peer, { key: "sk-right", model });
    await late.configure();
    late.send({ type: "response.create" });
    const done = await late.see("response.done");
    const details = objectAt(done, "response", "status_details");
    assert.equal(textAt(details, "error", "code"), "model_not_found");
    late.close();
  }
  const headers = { authorization: "Bearer sk-right" };
  const listed = await (await fetch(`${peer.url}/models`, { headers })).text();
  assert.match(listed, /"id":"gone-late","object":"model".*"shutdown_date":"2027-01-20"/);
  assert.equal((await fetch(`${peer.url}/models`)).status, 401);
});

test("bad keys and dialects that are reported after the upgrade", async (context) => {
  const peer = await peerWith(context, { key: "sk-right", wrong_key: "close-3000" });
  const wrong = await new Client(peer, { key: "sk-wrong" }).ended;
  assert.deepEqual([wrong.code, wrong.reason], [3000, "invalid_request_error.invalid_api_key"]);
  const beta = new Client(peer, { key: "sk-right", beta: true });
  assert.equal(textAt(await beta.see("error"), "error", "code"), "beta_api_shape_disabled");
  assert.equal((await beta.ended).code, 4000);
});

test("hanging, half open and stalled connections say nothing more", async (context) => {
  const faults = [
    { at: "handshake", do: "hang", connection: 1 },
    { at: "connect", do: "stall", connection: 2 },
    { at: "created", do: "half-open", connection: 3 },
    { at: "delta:2", do: "stall", connection: 4 },
    { at: "delta:2", do: "stall", for_ms: 50, connection: 5 },
  ];
  const peer = await peerWith(context, { faults, otherwise: { tone: { ms: 1000 } } });
  const hung = new Client(peer);
  await peer.waitFor((entry) => entry.note === "handshake: hang");
  const mute = new Client(peer);
  await peer.waitFor((entry) => entry.note === "stalled");
  // A stalled peer still answers pings; a half-open one does not.
  const pong = new Promise((resolve) => mute.ws.once("pong", resolve));
  await new Promise((resolve) => mute.ws.once("open", resolve));
  mute.ws.ping();
  await pong;
  const half = new Client(peer);
  await half.see("session.created");
  half.send({ type: "session.update", session: { type: "realtime" } });
  const stalled = await asking(peer);
  await peer.waitFor((entry) => entry.connection === 4 && entry.note === "stalled");
  const resumed = await asking(peer);
  await resumed.see("response.done");
  const deltas = stalled.events.filter((event) => event["type"] === "response.output_audio.delta");
  assert.equal(deltas.length, 2);
  assert.deepEqual([hung.events.length, mute.events.length, half.events.length], [0, 0, 1]);
});

test("connections end with any code, without one, by FIN and by RST", async (context) => {
  const faults = [
    { at: "created", do: "close", code: 1011, reason: "trouble", connection: 1 },
    { at: "updated", do: "close", connection: 2 },
    { at: "response.created", do: "drop", connection: 3 },
    { at: "delta:3", do: "reset", connection: 4 },
    { at: "response.done", do: "expire", connection: 5 },
    { at: "connect", do: "close", code: 1001, after_ms: 20, connection: 6 },
    { at: "client:response.create", do: "close", code: 4000, connection: 7 },
  ];
  const peer = await peerWith(context, { faults });
  const client = await new Client(peer).ended;
  assert.deepEqual([client.code, client.reason], [1011, "trouble"]);
  const codes: number[] = [];
  for (let nth = 2; nth <= 7; nth++) {
    const client = new Client(peer);
    if (nth !== 6) {
      void client.configure().catch(() => undefined);
      await client.seeThat("session.updated", (event) => event["type"] === "session.updated");
      if (nth > 2) client.send({ type: "response.create" });
    }
    codes.push((await client.ended).code);
    if (nth === 5)
      assert.equal(textAt(await client.see("error"), "error", "code"), "session_expired");
  }
  assert.deepEqual(codes, [1005, 1006, 1006, 1001, 1001, 4000]);
  assert.deepEqual(peer.unusedFaults(), []);
});

test("frames that no client should choke on", async (context) => {
  const event = { type: "weather.changed", item: "$user_item", session: "$session" };
  const faults = [
    { at: "response.created", do: "send", text: "}{ garbage" },
    { at: "response.created", do: "send", event },
    { at: "response.created", do: "send", bytes: 10 },
    { at: "response.created", do: "huge", mb: 20 },
    { at: "delta:1", do: "omit", fields: ["response_id", "delta"] },
    { at: "delta:2", do: "skip" },
    { at: "delta:3", do: "repeat" },
    { at: "response.output_item.done", do: "cut" },
    { at: "response.done", do: "error", error: { type: "server_error", message: "Oops." } },
  ];
  const peer = await peerWith(context, { faults, turns: [{ tone: { ms: 650 } }] });
  const client = await asking(peer);
  assert.equal(textAt(await client.see("error"), "error", "type"), "server_error");
  const unknown = await client.see("weather.changed");
  assert.match(textAt(unknown, "session") ?? "", /^sess_/);
  const garbage = client.garbage.map((text) => text.slice(0, 10));
  assert.ok(garbage.includes("}{ garbage"));
  assert.ok(client.garbage.some((text) => text.startsWith('{"type":"response.output_item.done"')));
  const deltas = client.events.filter((one) => one["type"] === "response.output_audio.delta");
  assert.equal(deltas.length, 4, "one lost, one twice, of four");
  assert.ok(isObject(deltas[0]) && deltas[0]["delta"] === undefined);
  const [huge] = client.events.filter((one) => textAt(one, "item", "id") === "item_huge");
  assert.ok(JSON.stringify(huge).length > 20_000_000);
});

test("client events are refused or ignored; faults keep to turn, model and number", async (context) => {
  const error = { code: "invalid_value", message: "No such voice today." };
  const faults = [
    { at: "client:session.update", do: "reject", error },
    { at: "client:response.create", do: "skip" },
    { at: "response.created", do: "error", error: { code: "in_turn_2" }, turn: 2 },
    { at: "created", do: "error", error: { code: "other_model" }, model: "gpt-realtime-2.1" },
    { at: "created", do: "error", error: { code: "each" }, times: "always" },
  ];
  const peer = await peerWith(context, { faults, otherwise: { items: [] } });
  const client = new Client(peer);
  const code = async (): Promise<string | null> =>
    textAt(await client.see("error"), "error", "code");
  assert.equal(await code(), "each");
  client.send({ type: "session.update", event_id: "first", session: { type: "realtime" } });
  const refused = await client.see("error");
  assert.equal(textAt(refused, "error", "event_id"), "first");
  client.send({ type: "session.update", session: { type: "realtime" } });
  await client.see("session.updated");
  client.send({ type: "response.create" });
  client.send({ type: "response.create" });
  await client.see("response.done");
  client.send({ type: "response.create" });
  assert.equal(await code(), "in_turn_2");
  const other = new Client(peer, { model: "gpt-realtime-2.1" });
  const codes = [await other.see("error"), await other.see("error")];
  assert.deepEqual(
    codes.map((one) => textAt(one, "error", "code")),
    ["other_model", "each"],
  );
});

test("a test can strike at any moment, and sessions expire by themselves", async (context) => {
  const peer = await peerWith(context, { connections: [{}, { expires_in_s: 0.1 }] });
  const client = new Client(peer);
  await client.configure();
  peer.act({ do: "close", code: 1012, reason: "restart" });
  assert.equal((await client.ended).code, 1012);
  const short = new Client(peer);
  const end = await short.ended;
  assert.equal(textAt(await short.see("error"), "error", "code"), "session_expired");
  assert.equal(end.code, 1001);
});

test("GET /v1/models answers whatever the scenario says", async (context) => {
  const peer = await peerWith(context, { models_reply: { status: 200, body: "not json" } });
  const headers = { authorization: "Bearer x" };
  assert.equal(await (await fetch(`${peer.url}/models`, { headers })).text(), "not json");
});
