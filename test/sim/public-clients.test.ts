/**
 * Two public clients of the Realtime protocol talk to the simulated peer, so that the peer is not
 * only our own idea of the protocol: `openai` (thin, typed events) and `@openai/agents-realtime`
 * (a whole session: history, tools, interruption). Nothing of ours speaks for the client here.
 */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";
import { OpenAI } from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { z } from "zod";
import { msToSamples, samplesToMs } from "../../src/core/pcm.ts";
import { base64Of } from "../../src/sim/peer/base64.ts";
import type { JsonObject } from "../../src/sim/peer/json.ts";
import { isObject, listAt, numberAt, objectAt, parseJson, textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { startPeer } from "../../src/sim/peer/peer.ts";
import { joined, room, syllables } from "../helpers/speech.ts";

/** A test that waits for longer than this has failed, milliseconds. */
const WAIT_MAX_MS = 20_000;
const MODEL = "gpt-realtime-2.1";
/** A microphone's chunk, and how fast it comes here: ten times faster than real time. */
const CHUNK_MS = 40;
const CHUNK_EVERY_MS = 4;
const QUESTION = joined(room(400), syllables(6), room(900));
const VAD = { type: "server_vad", threshold: 0.5, silence_duration_ms: 500 } as const;
const WEATHER = "What the weather is in a city.";

const WEATHER_CALL = { name: "weather", arguments: { city: "Bern" }, call_id: "call_1" };

/** A whole answer; a long one, slow enough to be interrupted; a function call; its result spoken. */
const SCENARIO: JsonObject = {
  strict: true,
  pace: 20,
  turns: [
    { tone: { hz: 500, ms: 900 }, transcript: "Good morning.", heard: { text: "Hello?" } },
    { tone: { hz: 600, ms: 60_000 }, transcript: "A long story.", pace: 3, heard: { text: "Tell." } },
    { call: WEATHER_CALL, heard: { text: "And the weather?" } },
    { tone: { hz: 700, ms: 900 }, transcript: "Sunny." },
  ],
};

/** What a client told its application, in order, and a way to wait for more of it. */
class Diary {
  readonly events: JsonObject[] = [];
  readonly #taken = new Set<JsonObject>();
  #wake: () => void = () => undefined;

  add(event: unknown): void {
    const plain = parseJson(JSON.stringify(event));
    if (isObject(plain)) this.events.push(plain);
    this.#wake();
  }

  /** The next event of a kind that was not seen yet. */
  async see(type: string): Promise<JsonObject> {
    return await this.seeThat(type, (event) => event["type"] === type);
  }

  async seeThat(what: string, fits: (event: JsonObject) => boolean): Promise<JsonObject> {
    const deadline = AbortSignal.timeout(WAIT_MAX_MS);
    for (;;) {
      const found = this.events.find((event) => fits(event) && !this.#taken.has(event));
      if (found !== undefined) {
        this.#taken.add(found);
        return found;
      }
      const seen = this.events.map((event) => String(event["type"])).slice(-12);
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        deadline.onabort = () => reject(new Error(`${what} was not seen; got ${seen.join(" ")}`));
      });
    }
  }

  all(type: string): JsonObject[] {
    return this.events.filter((event) => event["type"] === type);
  }
}

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
function told(peer: Peer): string[] {
  return peer.events
    .filter(({ from }) => from === "client")
    .map(({ event }) => String(event?.["type"]))
    .filter((type) => type !== "input_audio_buffer.append");
}

async function closed(peer: Peer): Promise<string> {
  const entry = await peer.waitFor(({ note }) => note?.startsWith("closed") === true);
  return entry.note ?? "";
}

function meetOpenai(peer: Peer): { client: OpenAIRealtimeWS; diary: Diary } {
  const openai = new OpenAI({ apiKey: "sk-test", baseURL: peer.url });
  const port = Number(new URL(peer.url).port);
  // This client always dials wss. TLS is not what is tried here: it gets a plain socket.
  const options = { createConnection: () => connect(port, "127.0.0.1") };
  const client = new OpenAIRealtimeWS({ model: MODEL, options }, openai);
  const diary = new Diary();
  client.on("event", (event) => diary.add(event));
  client.on("error", (error) => diary.add({ type: "failure", message: error.message }));
  return { client, diary };
}

async function configureOpenai(client: OpenAIRealtimeWS, diary: Diary): Promise<void> {
  await diary.see("session.created");
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  client.send({
    type: "session.update",
    session: {
      type: "realtime",
      output_modalities: ["audio"],
      instructions: "Answer briefly.",
      audio: {
        input: {
          format: { type: "audio/pcm", rate: 24_000 },
          turn_detection: { ...VAD, create_response: true, interrupt_response: true },
        },
        output: { format: { type: "audio/pcm", rate: 24_000 }, voice: "cedar" },
      },
      tools: [{ type: "function", name: "weather", description: WEATHER, parameters }],
    },
  });
  const updated = await diary.see("session.updated");
  assert.equal(textAt(updated, "session", "audio", "output", "voice"), "cedar");
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
  await configureOpenai(client, diary);
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
  client.send({ type: "response.cancel", response_id });
  client.send({
    type: "conversation.item.truncate",
    item_id,
    content_index: 0,
    audio_end_ms: 40,
  });
  const done = await diary.see("response.done");
  assert.equal(textAt(done, "response", "id"), response_id);
  assert.equal(textAt(done, "response", "status"), "cancelled");
  assert.equal(textAt(done, "response", "status_details", "reason"), "client_cancelled");
  const truncated = await diary.see("conversation.item.truncated");
  assert.equal(truncated["audio_end_ms"], 40);
  client.send({ type: "conversation.item.retrieve", item_id });
  const { item } = await diary.see("conversation.item.retrieved");
  assert.equal(textAt(listAt(item, "content")[0], "transcript") ?? "", "");
}

interface Talk {
  readonly session: RealtimeSession;
  readonly diary: Diary;
  /** Every sound the client got, by response. */
  readonly heard: Map<string, Buffer>;
}

function meetAgents(): Talk {
  const weather = tool({
    name: "weather",
    description: WEATHER,
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => `sunny in ${city}`,
  });
  const agent = new RealtimeAgent({
    name: "Pipit",
    instructions: "Answer briefly.",
    voice: "cedar",
    tools: [weather],
  });
  const turnDetection = { ...VAD, createResponse: true, interruptResponse: true } as const;
  const session = new RealtimeSession(agent, {
    transport: "websocket",
    model: MODEL,
    config: { audio: { input: { turnDetection } } },
  });
  const diary = new Diary();
  const heard = new Map<string, Buffer>();
  session.on("transport_event", (event) => diary.add(event));
  session.on("audio", ({ responseId, data }) => {
    const before = heard.get(responseId) ?? Buffer.alloc(0);
    heard.set(responseId, Buffer.concat([before, Buffer.from(data)]));
  });
  session.on("error", ({ error }) => diary.add({ type: "failure", error: String(error) }));
  session.on("audio_interrupted", () => diary.add({ type: "interrupted" }));
  return { session, diary, heard };
}

test("a session of @openai/agents-realtime does the same, interrupted by the voice", async (context) => {
  const peer = await hosted(context);
  const { session, diary, heard } = meetAgents();
  context.after(() => session.close());
  const url = `${peer.url.replace("http:", "ws:")}/realtime?model=${MODEL}`;
  await session.connect({ apiKey: "sk-test", url });
  await diary.seeThat("the new voice", voiced("cedar"));
  const say = (pcm: Int16Array): void => session.sendAudio(new Uint8Array(pcm.buffer).buffer);

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
  await settled(diary, 3);
  assertHistory(session);
  session.close();
  assert.match(await closed(peer), /1005/);
  assertHeard(peer, heard);
  assertTold(peer);
  assert.deepEqual(peer.receivedAudio(), joined(QUESTION, QUESTION, QUESTION));
  assert.deepEqual(unread(session, diary), []);
  assert.deepEqual(diary.all("failure"), []);
  assert.deepEqual(peer.violations, []);
});
