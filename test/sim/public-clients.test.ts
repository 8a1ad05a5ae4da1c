/**
 * Two public clients of the Realtime protocol talk to the simulated peer, so that the peer is not
 * only our own idea of the protocol: `openai` (thin, typed events) and `@openai/agents-realtime`
 * (a whole session: history, tools, interruption). Nothing of ours speaks for the client here.
 */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { OpenAIRealtimeWS } from "openai/realtime/ws";
import { msToSamples, samplesToMs } from "../../src/core/audio/pcm.ts";
import { base64Of } from "../../src/sim/peer/base64.ts";
import { type JsonObject, listAt, parseJson, textAt } from "../../src/sim/peer/json.ts";
import { type Peer, startPeer } from "../../src/sim/peer/peer.ts";
import { history, meetAgents } from "../helpers/agents-client.ts";
import type { Diary } from "../helpers/diary.ts";
import { configureOpenai, meetOpenai } from "../helpers/openai-client.ts";
import { joined, room, syllables } from "../helpers/speech.ts";

/** A microphone's chunk, and how fast it comes here: ten times faster than real time. */
const CHUNK_MS = 40;
const CHUNK_EVERY_MS = 4;
const QUESTION = joined(room(400), syllables(6), room(900));

const WEATHER_CALL = { name: "weather", arguments: { city: "Bern" }, call_id: "call_1" };

/** A whole answer; a long one, slow enough to be interrupted; a function call; its result spoken. */
const SCENARIO: JsonObject = {
  strict: true,
  pace: 20,
  turns: [
    { tone: { hz: 500, ms: 900 }, transcript: "Good morning.", heard: { text: "Hello?" } },
    {
      tone: { hz: 600, ms: 60_000 },
      transcript: "A long story.",
      pace: 3,
      heard: { text: "Tell." },
    },
    { call: WEATHER_CALL, heard: { text: "And the weather?" } },
    { tone: { hz: 700, ms: 900 }, transcript: "Sunny." },
  ],
};

async function hosted(context: TestContext): Promise<Peer> {
  const peer = await startPeer({ scenario: SCENARIO });
  context.after(() => peer.close());
  return peer;
}

/** Says the question as a microphone would, only faster. */
async function ask(send: (chunk: Int16Array) => void): Promise<void> {
  const chunk = msToSamples(CHUNK_MS);
  for (let at = 0; at < QUESTION.length; at += chunk) {
    send(QUESTION.slice(at, at + chunk));
    await pause(CHUNK_EVERY_MS);
  }
}

function samplesOf(bytes: Buffer): Int16Array {
  return Int16Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readInt16LE(at * 2));
}

/** Each reply of the peer is what the client was given of it: all of it, or all up to the cut. */
function assertHeard(peer: Peer, heard: ReadonlyMap<string, Buffer>): void {
  assert.equal(peer.replies.length, 3);
  for (const [nth, reply] of peer.replies.entries()) {
    const pcm = samplesOf(heard.get(reply.responseId) ?? Buffer.alloc(0));
    assert.deepEqual(pcm, reply.pcm.subarray(0, reply.sentSamples), `reply ${nth + 1}`);
    assert.equal(reply.sentSamples < reply.pcm.length, nth === 1, `reply ${nth + 1} is cut`);
  }
  assert.equal(heard.size, 3);
}

/** What the peer was told besides sound. */
function violations(peer: Peer): string[] {
  return peer.events
    .filter(({ from }) => from === "client")
    .map(({ event }) => String(event?.["type"]))
    .filter((type) => type !== "input_audio_buffer.append");
}

async function closed(peer: Peer): Promise<string> {
  const entry = await peer.waitFor(({ note }) => note?.startsWith("closed") === true);
  return entry.note ?? "";
}

/** Every sound the client got, by response. */
function soundOf(diary: Diary): Map<string, Buffer> {
  const heard = new Map<string, Buffer>();
  for (const event of diary.all("response.output_audio.delta")) {
    const id = textAt(event, "response_id") ?? "";
    const more = Buffer.from(textAt(event, "delta") ?? "", "base64");
    heard.set(id, Buffer.concat([heard.get(id) ?? Buffer.alloc(0), more]));
  }
  return heard;
}

test("the client of the openai package converses, cuts a reply short, calls a function", async (context) => {
  const peer = await hosted(context);
  const { client, diary } = meetOpenai(peer);
  assert.equal(await configureOpenai(client, diary), "cedar");
  const say = (pcm: Int16Array): void => {
    client.send({ type: "input_audio_buffer.append", audio: base64Of(pcm) });
  };

  await ask(say);
  await diary.see("response.created");
  const first = await diary.see("response.done");
  assert.equal(textAt(first, "response", "status"), "completed");

  await ask(say);
  await cutShort(client, diary);

  await ask(say);
  const called = await diary.see("response.done");
  const [call] = listAt(called, "response", "output");
  assert.deepEqual(parseJson(textAt(call, "arguments") ?? ""), { city: "Bern" });
  const call_id = textAt(call, "call_id") ?? "";
  const item = { type: "function_call_output", call_id, output: "sunny" } as const;
  client.send({ type: "conversation.item.create", item });
  client.send({ type: "response.create" });
  const last = await diary.see("response.done");
  const [message] = listAt(last, "response", "output");
  assert.equal(textAt(listAt(message, "content")[0], "transcript"), "Sunny.");

  client.close();
  assert.match(await closed(peer), /1000/);
  assertHeard(peer, soundOf(diary));
  assert.deepEqual(peer.receivedAudio(), joined(QUESTION, QUESTION, QUESTION));
  assert.deepEqual(diary.all("failure"), []);
  assert.deepEqual(peer.violations, []);
});

function ours(responseId: string): (event: JsonObject) => boolean {
  return ({ type, response_id }) =>
    type === "response.output_audio.delta" && response_id === responseId;
}

/** A press in mid-reply: the response is cancelled, and its item cut at what was heard. */
async function cutShort(client: OpenAIRealtimeWS, diary: Diary): Promise<void> {
  const created = await diary.see("response.created");
  const response_id = textAt(created, "response", "id") ?? "";
  const { item_id } = await diary.seeThat("its sound", ours(response_id));
  assert.ok(typeof item_id === "string");
  const cut = { item_id, content_index: 0, audio_end_ms: 40 };
  client.send({ type: "conversation.item.truncate", ...cut });
  client.send({ type: "response.cancel", response_id });
  const done = await diary.see("response.done");
  assert.equal(textAt(done, "response", "id"), response_id);
  assert.equal(textAt(done, "response", "status"), "cancelled");
  assert.equal(textAt(done, "response", "status_details", "reason"), "client_cancelled");
  const truncated = await diary.see("conversation.item.truncated");
  assert.equal(truncated["audio_end_ms"], 40);
  client.send({ type: "conversation.item.retrieve", item_id });
  const { item } = await diary.see("conversation.item.retrieved");
  assert.equal(textAt(item, "status"), "incomplete");
  assert.equal(textAt(listAt(item, "content")[0], "transcript") ?? "", "");
}

const HISTORY = [
  "user: Hello?",
  "assistant: Good morning.",
  "user: Tell.",
  "assistant: A long story.",
  "user: And the weather?",
  'weather {"city":"Bern"} sunny in Bern',
  "assistant: Sunny.",
];

/** What this client says besides sound; it may retrieve a transcript at any moment. */
const EXPECTED = [
  "session.update",
  "session.update",
  "conversation.item.truncate",
  "conversation.item.create",
  "response.create",
];

test("a session of @openai/agents-realtime does the same, interrupted by the voice", async (context) => {
  const peer = await hosted(context);
  const { session, transport, heard } = meetAgents();
  const { diary } = transport;
  context.after(() => session.close());
  const url = `${peer.url.replace("http:", "ws:")}/realtime?model=gpt-realtime-2.1`;
  await session.connect({ apiKey: "sk-test", url });
  const voice = (event: JsonObject) => textAt(event, "session", "audio", "output", "voice");
  await diary.seeThat("the new voice", (event) => voice(event) === "cedar");
  const say = (pcm: Int16Array): void => session.sendAudio(new Int16Array(pcm).buffer);

  await ask(say);
  await diary.see("response.created");
  await diary.see("response.done");
  // This client knows by its clock alone what was heard: from now on it takes the reply as played.
  await pause(samplesToMs(peer.replies[0]?.pcm.length ?? 0));

  await ask(say);
  const second = await diary.see("response.created");
  await diary.seeThat("the second reply", ours(textAt(second, "response", "id") ?? ""));
  await ask(say);
  await diary.see("interrupted");
  const cut = await diary.see("response.done");
  assert.equal(textAt(cut, "response", "id"), textAt(second, "response", "id"));
  assert.equal(textAt(cut, "response", "status_details", "reason"), "turn_detected");

  await diary.see("response.done");
  const last = await diary.see("response.done");
  assert.equal(textAt(last, "response", "status"), "completed");
  // Three transcripts and the truncation: each makes this client ask what became of the item.
  for (let nth = 0; nth < 4; nth++) await diary.see("conversation.item.retrieved");
  const remembered = history(session);
  const partly = remembered[3] ?? "";
  // Of the cut reply it keeps the words that came before the cut, if any.
  assert.ok(HISTORY[3]?.startsWith(partly.trimEnd()), partly);
  assert.deepEqual(remembered.with(3, HISTORY[3] ?? ""), HISTORY);
  session.close();
  assert.match(await closed(peer), /1005/);
  assertHeard(peer, heard);
  const said = violations(peer).filter((type) => type !== "conversation.item.retrieve");
  assert.deepEqual(said, EXPECTED);
  assert.deepEqual(peer.receivedAudio(), joined(QUESTION, QUESTION, QUESTION));
  assert.deepEqual(transport.unread, []);
  assert.deepEqual(diary.all("failure"), []);
  assert.deepEqual(peer.violations, []);
});
