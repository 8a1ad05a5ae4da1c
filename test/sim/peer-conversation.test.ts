/** Whole conversations with the simulated peer over a real loopback socket. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { samplesToMs } from "../../src/core/audio/pcm.ts";
import { type JsonObject, listAt, numberAt, objectAt, textAt } from "../../src/sim/peer/json.ts";
import { type Peer, startPeer } from "../../src/sim/peer/peer.ts";
import { Client } from "../helpers/realtime-client.ts";
import { joined, room, syllables } from "../helpers/speech.ts";

const ASKS_ITSELF = { turn_detection: { type: "server_vad", create_response: false } };
const QUESTION = joined(room(400), syllables(6), room(900));

async function meet(context: TestContext, scenario: JsonObject): Promise<[Peer, Client]> {
  const peer = await startPeer({ scenario: { pace: 50, ...scenario } });
  const client = new Client(peer);
  context.after(async () => {
    client.close();
    await peer.close();
  });
  return [peer, client];
}

test("a question is heard, committed and answered, every sample of it", async (context) => {
  const [peer, client] = await meet(context, { turns: [{ tone: { hz: 500, ms: 900 } }] });
  const updated = await client.configure({ audio: { input: ASKS_ITSELF } });
  assert.equal(textAt(updated, "session", "audio", "output", "voice"), "marin");
  client.speak(QUESTION, 333);

  const started = await client.see("input_audio_buffer.speech_started");
  const startMs = numberAt(started, "audio_start_ms") ?? -1;
  assert.ok(startMs >= 80 && startMs <= 220, `starts at ${startMs}, 300 ms before the voice`);
  const stopped = await client.see("input_audio_buffer.speech_stopped");
  const endMs = numberAt(stopped, "audio_end_ms") ?? -1;
  assert.ok(endMs >= 1800 && endMs <= 2050, `ends at ${endMs}, the silence included`);
  const committed = await client.see("input_audio_buffer.committed");
  assert.equal(committed["item_id"], started["item_id"]);

  client.send({ type: "response.create" });
  const done = await client.see("response.done");
  const [item] = listAt(done, "response", "output");
  const itemId = textAt(item, "id") ?? "";
  const [reply] = peer.replies;
  assert.ok(reply !== undefined);
  assert.deepEqual(client.heard(itemId), reply.pcm);
  assert.equal(samplesToMs(reply.pcm.length), 900);
  assert.deepEqual(peer.receivedAudio(), QUESTION);
  assert.deepEqual(client.story(), ORDER);
  assert.deepEqual(client.problems, []);
  assert.deepEqual(peer.violations, []);
});

const ORDER = [
  "session.created",
  "session.updated",
  "input_audio_buffer.speech_started",
  "input_audio_buffer.speech_stopped",
  "input_audio_buffer.committed",
  "conversation.item.added",
  "conversation.item.done",
  "response.created",
  "rate_limits.updated",
  "response.output_item.added",
  "conversation.item.added",
  "response.content_part.added",
  "response.output_audio_transcript.delta",
  "response.output_audio.delta",
  "response.output_audio_transcript.delta",
  "response.output_audio.delta",
  "response.output_audio_transcript.delta",
  "response.output_audio.delta",
  "response.output_audio_transcript.delta",
  "response.output_audio.delta",
  "response.output_audio.done",
  "response.output_audio_transcript.done",
  "response.content_part.done",
  "response.output_item.done",
  "conversation.item.done",
  "response.done",
];

test("create_response and interrupt_response by default: the peer answers, and can be interrupted", async (context) => {
  const long = { tone: { ms: 60_000 }, pace: 2 };
  const [peer, client] = await meet(context, { turns: [long, { tone: { ms: 300 } }] });
  await client.configure();
  client.speak(QUESTION);
  await client.see("response.output_audio.delta");
  client.speak(QUESTION);
  const done = await client.see("response.done");
  assert.equal(textAt(done, "response", "status"), "cancelled");
  assert.equal(textAt(done, "response", "status_details", "reason"), "turn_detected");
  const [cut] = listAt(done, "response", "output");
  assert.equal(textAt(cut, "status"), "incomplete");
  const next = await client.see("response.done");
  assert.equal(textAt(next, "response", "status"), "completed");
  assert.equal(peer.replies.length, 2);
  assert.deepEqual(client.problems, []);
});

test("a function is called, its output taken, and the answer spoken", async (context) => {
  const call = { name: "weather", arguments: { city: "Bern" }, call_id: "call_1" };
  const turns = [
    { items: [{ say: "One moment.", phase: "commentary" }, { call }] },
    { text: "Sun." },
  ];
  const [, client] = await meet(context, { turns });
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  await client.configure({ tools: [{ type: "function", name: "weather", parameters }] });
  client.send({ type: "response.create" });
  const args = await client.see("response.function_call_arguments.done");
  assert.deepEqual(JSON.parse(textAt(args, "arguments") ?? ""), { city: "Bern" });
  assert.equal(textAt(args, "name"), "weather");
  await client.see("response.done");
  const output = { type: "function_call_output", call_id: "call_1", output: "sunny" };
  client.send({ type: "conversation.item.create", item: output });
  client.send({ type: "response.create" });
  await client.see("response.output_text.done");
  const done = await client.see("response.done");
  const [message] = listAt(done, "response", "output");
  assert.equal(textAt(listAt(message, "content")[0], "text"), "Sun.");

  client.send({
    type: "conversation.item.create",
    event_id: "mine",
    item: { ...output, call_id: "call_9" },
  });
  const error = await client.see("error");
  assert.equal(textAt(error, "error", "code"), "invalid_tool_call_id");
  assert.equal(textAt(error, "error", "event_id"), "mine");
  assert.deepEqual(client.problems, []);
});

test("the whole conversation is billed again each time, what was seen before as cached", async (context) => {
  const [, client] = await meet(context, { otherwise: { tone: { ms: 10_000 } }, pace: 1000 });
  await client.configure({ audio: { input: ASKS_ITSELF }, instructions: "x".repeat(2000) });
  const usages: JsonObject[] = [];
  for (let turn = 0; turn < 3; turn++) {
    client.speak(QUESTION);
    await client.see("input_audio_buffer.committed");
    client.send({ type: "response.create" });
    usages.push(objectAt(await client.see("response.done"), "response", "usage"));
  }
  const input = usages.map((usage) => numberAt(usage, "input_token_details", "audio_tokens") ?? 0);
  const cached = usages.map(
    (usage) =>
      numberAt(usage, "input_token_details", "cached_tokens_details", "audio_tokens") ?? -1,
  );
  const output = usages.map((usage) => numberAt(usage, "output_token_details", "audio_tokens"));
  assert.deepEqual(output, [200, 200, 200]);
  const [first = 0, second = 0, third = 0] = input;
  assert.ok(first >= 15 && first <= 20, `${first} tokens for a question of about 1.8 s`);
  assert.ok(Math.abs(second - (2 * first + 200)) <= 1);
  assert.ok(Math.abs(third - (3 * first + 400)) <= 2);
  assert.equal(cached[0], 0);
  assert.equal(cached[2], Math.floor((second + 200) / 64) * 64);
  for (const usage of usages) {
    const details = objectAt(usage, "input_token_details");
    const parts = ["text_tokens", "audio_tokens", "image_tokens"].map((key) =>
      numberAt(details, key),
    );
    assert.equal(
      parts.reduce((sum: number, part) => sum + (part ?? 0), 0),
      numberAt(usage, "input_tokens"),
    );
  }
});

test("without detection the client commits, at least 100 ms", async (context) => {
  const [peer, client] = await meet(context, {});
  await client.configure({ audio: { input: { turn_detection: null } } });
  client.speak(syllables(1).subarray(0, 2160));
  client.send({ type: "input_audio_buffer.commit" });
  const error = await client.see("error");
  assert.equal(textAt(error, "error", "code"), "input_audio_buffer_commit_empty");
  assert.match(textAt(error, "error", "message") ?? "", /only has 90\.00ms/);
  client.send({ type: "input_audio_buffer.clear" });
  await client.see("input_audio_buffer.cleared");
  client.speak(QUESTION);
  client.send({ type: "input_audio_buffer.commit" });
  await client.see("input_audio_buffer.committed");
  client.send({ type: "response.create", response: { output_modalities: ["text"] } });
  await client.see("response.output_text.done");
  await client.see("response.done");
  assert.ok(!client.story().includes("input_audio_buffer.speech_started"));
  assert.equal(peer.receivedAudio().length, 2160 + QUESTION.length);
  assert.deepEqual(client.problems, []);
});
