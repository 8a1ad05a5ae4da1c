/** Replies of the simulated peer: how they are cancelled, cut, refused, scripted and ended. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type JsonObject, listAt, numberAt, textAt } from "../../src/sim/peer/json.ts";
import { type Peer, startPeer } from "../../src/sim/peer/peer.ts";
import { Client } from "../helpers/realtime-client.ts";

async function meet(context: TestContext, scenario: JsonObject): Promise<[Peer, Client]> {
  const peer = await startPeer({ scenario: { pace: 50, ...scenario } });
  const client = new Client(peer);
  context.after(async () => {
    client.close();
    await peer.close();
    assert.deepEqual(client.problems, []);
    assert.deepEqual(peer.violations, []);
  });
  await client.configure();
  return [peer, client];
}

const code = (error: JsonObject): string | null => textAt(error, "error", "code");
const SLOW = { tone: { ms: 30_000 }, pace: 2 };

test("one response at a time, and a cancel ends it as cancelled", async (context) => {
  const [, client] = await meet(context, { turns: [SLOW] });
  client.send({ type: "response.cancel", event_id: "none" });
  assert.equal(code(await client.see("error")), "response_cancel_not_active");
  client.send({ type: "response.create" });
  await client.see("response.created");
  client.send({ type: "response.create", event_id: "second" });
  const error = await client.see("error");
  assert.equal(code(error), "conversation_already_has_active_response");
  assert.equal(textAt(error, "error", "event_id"), "second");
  await client.see("response.output_audio.delta");
  client.send({ type: "response.cancel" });
  const done = await client.see("response.done");
  assert.equal(textAt(done, "response", "status"), "cancelled");
  assert.equal(textAt(done, "response", "status_details", "reason"), "client_cancelled");
  assert.ok((numberAt(done, "response", "usage", "output_tokens") ?? 0) > 0);
  client.send({ type: "response.create" });
  assert.equal(textAt(await client.see("response.done"), "response", "status"), "completed");
});

test("late deltas come after a cancel, before or after its response.done", async (context) => {
  const before = { ...SLOW, late_deltas: 2 };
  const [peer, client] = await meet(context, {
    turns: [before, { ...before, late_after_done: true }],
  });
  for (const expected of ["response.output_audio.done", "response.output_audio.delta"]) {
    client.send({ type: "response.create" });
    await client.see("response.output_audio.delta");
    const from = client.events.length;
    client.send({ type: "response.cancel" });
    await client.see("response.done");
    await client.seeThat(
      "two late deltas",
      (event) => event["type"] === "response.output_audio.delta",
    );
    client.send({ type: "session.update", session: { type: "realtime" } });
    await client.see("session.updated");
    const types = client.events.slice(from).map((event) => String(event["type"]));
    const done = types.indexOf("response.done");
    const late = types.indexOf("response.output_audio.delta");
    assert.ok(late >= 0);
    assert.equal(late > done, expected === "response.output_audio.delta", types.join(" "));
  }
  assert.equal(peer.replies.length, 2);
});

test("truncation is checked against what was sent, and erases the transcript", async (context) => {
  const [, client] = await meet(context, { turns: [{ tone: { ms: 700 } }, { text: "words" }] });
  client.send({ type: "response.create" });
  const done = await client.see("response.done");
  const spoken = textAt(listAt(done, "response", "output")[0], "id") ?? "";
  const truncate = (id: string, endMs: number): void =>
    client.send({
      type: "conversation.item.truncate",
      item_id: id,
      content_index: 0,
      audio_end_ms: endMs,
    });
  truncate(spoken, 701);
  const long = await client.see("error");
  assert.equal(code(long), null);
  const message = textAt(long, "error", "message");
  assert.equal(message, "Audio content of 700ms is already shorter than 701ms");
  truncate("item_nowhere", 1);
  assert.equal(code(await client.see("error")), "item_truncate_invalid_item_id");
  truncate(spoken, 350);
  assert.equal((await client.see("conversation.item.truncated"))["audio_end_ms"], 350);
  client.send({ type: "conversation.item.retrieve", item_id: spoken });
  const kept = await client.see("conversation.item.retrieved");
  assert.deepEqual(listAt(kept, "item", "content"), [{ type: "output_audio" }]);

  client.send({ type: "response.create" });
  const text = listAt(await client.see("response.done"), "response", "output")[0];
  truncate(textAt(text, "id") ?? "", 0);
  assert.equal(code(await client.see("error")), "unsupported_content_type");
  client.send({ type: "conversation.item.delete", item_id: spoken });
  await client.see("conversation.item.deleted");
  client.send({ type: "conversation.item.delete", item_id: spoken });
  assert.equal(code(await client.see("error")), "item_delete_invalid_item_id");
});

test("voices: unknown ones are refused, and none can be changed after sound", async (context) => {
  const [, client] = await meet(context, { otherwise: { tone: { ms: 100 } } });
  const voice = (name: string): void =>
    client.send({
      type: "session.update",
      event_id: name,
      session: { type: "realtime", instructions: name, audio: { output: { voice: name } } },
    });
  voice("nova");
  const unknown = await client.see("error");
  assert.equal(code(unknown), "invalid_value");
  assert.equal(textAt(unknown, "error", "event_id"), "nova");
  voice("cedar");
  const updated = await client.see("session.updated");
  assert.equal(textAt(updated, "session", "audio", "output", "voice"), "cedar");
  client.send({ type: "response.create" });
  await client.see("response.done");
  voice("cedar");
  assert.equal(code(await client.see("error")), "cannot_update_voice");
});

test("a response outside the conversation leaves no trace in it", async (context) => {
  const [, client] = await meet(context, { turns: [SLOW, { text: "a title" }] });
  client.send({ type: "response.create" });
  await client.see("response.output_audio.delta");
  const from = client.events.length;
  const response = {
    conversation: "none",
    output_modalities: ["text"],
    metadata: { for: "title" },
  };
  client.send({ type: "response.create", response });
  const done = await client.see("response.done");
  assert.equal(textAt(done, "response", "metadata", "for"), "title");
  assert.equal(done["response"] instanceof Object, true);
  const types = client.events.slice(from).map((event) => event["type"]);
  assert.ok(!types.includes("conversation.item.added"));
  client.send({ type: "response.cancel" });
  assert.equal(textAt(await client.see("response.done"), "response", "status"), "cancelled");
});

test("endings, two audio items, no audio at all and a token limit, by scenario", async (context) => {
  const error = { code: "rate_limit_exceeded", type: "tokens", message: "Slow down." };
  const two = {
    items: [{ tone: { hz: 400, ms: 300 } }, { tone: { hz: 900, ms: 300 } }],
    interleave: true,
  };
  const turns = [
    { status: "failed", error },
    { tone: { ms: 800 }, status: "incomplete", reason: "content_filter", after_deltas: 2 },
    two,
    { items: [] },
    { tone: { ms: 5000 }, usage: null },
    { tone: { ms: 5000 } },
  ];
  const [peer, client] = await meet(context, { turns });
  const next = async (params: JsonObject = {}): Promise<JsonObject> => {
    client.send({ type: "response.create", response: params });
    return await client.see("response.done");
  };
  const failed = await next();
  assert.equal(textAt(failed, "response", "status_details", "error", "code"), error.code);
  assert.equal(numberAt(failed, "response", "usage", "total_tokens"), 0);
  const cut = await next();
  assert.equal(textAt(cut, "response", "status_details", "reason"), "content_filter");
  assert.equal(peer.replies[0]?.sentSamples, 24 * 250);
  const both = await next();
  const ids = listAt(both, "response", "output").map((item) => textAt(item, "id") ?? "");
  assert.equal(ids.length, 2);
  const sound = client.events.findIndex((event) => event["item_id"] === ids[1]);
  const end = client.events.findIndex(
    (event) => event["type"] === "response.output_audio.done" && event["item_id"] === ids[0],
  );
  assert.ok(end > sound, "the first item ends after the second has begun");
  assert.deepEqual(listAt(await next(), "response", "output"), []);
  assert.equal((await next())["response"] !== undefined, true);
  const limited = await next({ max_output_tokens: 40 });
  assert.equal(textAt(limited, "response", "status_details", "reason"), "max_output_tokens");
  assert.ok((numberAt(limited, "response", "usage", "output_tokens") ?? 99) <= 40);
});

test("what was heard is written down in its own time, where the session asks for it", async (context) => {
  const heard = { text: "what time is it", delay_ms: 0 };
  const [, client] = await meet(context, {
    turns: [{ heard }, { heard: { ...heard, fails: true } }],
  });
  const transcription = { model: "gpt-transcribe" };
  client.send({
    type: "session.update",
    session: { type: "realtime", audio: { input: { turn_detection: null, transcription } } },
  });
  await client.see("session.updated");
  const name = "conversation.item.input_audio_transcription";
  for (const end of ["completed", "failed"]) {
    client.speak(new Int16Array(4800));
    client.send({ type: "input_audio_buffer.commit" });
    const committed = await client.see("input_audio_buffer.committed");
    const ended = await client.see(`${name}.${end}`);
    assert.equal(ended["item_id"], committed["item_id"]);
    client.send({ type: "response.create" });
    await client.see("response.done");
  }
  const deltas = client.events.filter((event) => event["type"] === `${name}.delta`);
  assert.equal(deltas.map((event) => event["delta"]).join(""), "what time is it");
});
