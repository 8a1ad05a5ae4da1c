/** What implementers get wrong: those traps of test/helpers/traps.ts that no other test shows. */

import assert from "node:assert/strict";
import { RING_MS } from "../../src/core/assistant/limits.ts";
import { modelNamed } from "../../src/core/models/catalogue.ts";
import { billAt } from "../../src/core/money/cost.ts";
import { usageOf } from "../../src/core/realtime/usage.ts";
import { numberAt, objectAt, parseJson, textAt } from "../../src/sim/peer/json.ts";
import type { LogEntry } from "../../src/sim/peer/records.ts";
import { FaultRig } from "../helpers/fault-rig.ts";
import { test } from "../helpers/real-time.ts";
import { avoids } from "../helpers/traps.ts";
import { settled, World } from "../helpers/world.ts";

/** Two questions and answers over a real socket, the second in the follow-up window. */
async function twoTurns(): Promise<readonly LogEntry[]> {
  const settings = { "session.follow_up_s": 6, "session.response_by": "client" } as const;
  const rig = await FaultRig.start({ settings });
  await rig.ask();
  await rig.shows("follow-up");
  await rig.goOn();
  await rig.until("the end", () => rig.ledStates.at(-1) === "idle" && rig.metrics().length === 1);
  assert.equal(numberAt(rig.metrics()[0], "turns"), 2);
  assert.deepEqual(rig.peer.violations, []);
  const { events } = rig.peer;
  await rig.close();
  return events;
}

const CONVERSATION = twoTurns();

async function sent(type: string): Promise<readonly LogEntry[]> {
  return (await CONVERSATION).filter(
    ({ from, event }) => from === "client" && event?.["type"] === type,
  );
}

async function setUp() {
  const [update] = await sent("session.update");
  return objectAt(update?.event, "session");
}

test("trap 5: between response.done and the end of the reply no sound is sent", async () => {
  const events = await CONVERSATION;
  const done = events.findIndex(({ event }) => event?.["type"] === "response.done");
  const fromMs = events[done]?.ms ?? 0;
  const next = events
    .slice(done)
    .find(({ event }) => event?.["type"] === "input_audio_buffer.append");
  // A reply of 1.2 s comes four times faster than it plays; then it settles for 0.2 s.
  assert.ok((next?.ms ?? 0) - fromMs > 800, `after ${(next?.ms ?? 0) - fromMs} ms`);
  avoids(5);
});

test("trap 11: a new connection gets the answers as text, never as audio items", async () => {
  const world = await World.started();
  world.asked();
  world.delta("resp_1", "item_a", 400);
  world.server("response.output_audio_transcript.done", { item_id: "item_a", transcript: "Ten." });
  world.done("resp_1");
  world.listen(900);
  world.link.sink.closed({ tag: "close", code: 1001, reason: "" });
  world.accept();
  const [item] = world.said.filter((event) => event["type"] === "conversation.item.create");
  assert.deepEqual(item?.["item"], {
    type: "message",
    role: "assistant",
    content: [{ type: "output_text", text: "Ten." }],
  });
  avoids(11);
});

test("trap 14: on a socket that takes nothing, sound is dropped and counted, memory stays", async () => {
  const world = await World.started({ "session.no_speech_s": 60 });
  world.wake();
  world.accept();
  world.link.buffered = 300_000;
  const before = world.link.sent.length;
  world.listen(RING_MS + 5000);
  assert.equal(world.link.sent.length, before, "nothing is pushed into a full socket");
  world.link.buffered = 0;
  world.listen(100);
  world.tap();
  await settled();
  const [file = ""] = world.store.files.values();
  const dropped = numberAt(parseJson(file), "audio", "dropped_ms") ?? 0;
  assert.ok(dropped >= 4900 && dropped <= 6200, `${dropped} ms dropped`);
  avoids(14);
});

test("trap 20: the documented sample: 132 tokens in, 64 of them cached, 13 of audio", () => {
  const usage = usageOf({
    total_tokens: 253,
    input_tokens: 132,
    output_tokens: 121,
    input_token_details: {
      text_tokens: 119,
      audio_tokens: 13,
      cached_tokens: 64,
      cached_tokens_details: { text_tokens: 64, audio_tokens: 0 },
    },
    output_token_details: { text_tokens: 30, audio_tokens: 91 },
  });
  const prices = modelNamed("gpt-realtime")?.prices;
  assert.ok(usage && prices);
  // 55 × 4 + 64 × 0.4 + 13 × 32 + 30 × 16 + 91 × 64 micro-dollars.
  assert.equal(billAt(usage, prices)?.totalMicroUsd, 6966);
  avoids(20);
});

test("trap 21: reasoning tokens are a part of the text out", () => {
  const details = { text_tokens: 300, audio_tokens: 50, reasoning_tokens: 250 };
  const usage = usageOf({ output_tokens: 350, output_token_details: details });
  assert.deepEqual([usage?.outputText, usage?.outputAudio], [300, 50]);
  avoids(21);
});

test("trap 22: the past is capped, the prefix never changes, silence is never answered", async () => {
  const session = await setUp();
  assert.deepEqual(objectAt(session, "truncation"), {
    type: "retention_ratio",
    retention_ratio: 0.8,
    token_limits: { post_instructions: 8000 },
  });
  const detection = objectAt(session, "audio", "input", "turn_detection");
  assert.equal(detection["create_response"], false);
  assert.equal(detection["idle_timeout_ms"] ?? null, null);
  assert.equal((await sent("session.update")).length, 1);
  for (const { event } of await sent("response.create")) {
    assert.deepEqual(
      new Set(Object.keys(event ?? {})),
      new Set(["event_id", "type"]),
      "nothing laid over",
    );
  }
  avoids(22);
});

test("trap 23: input transcription is off", async () => {
  assert.equal(objectAt(await setUp(), "audio", "input")["transcription"], null);
  avoids(23);
});

test("trap 25: no MCP server is configured, so no result of one can wait", async () => {
  const tools = (await setUp())["tools"];
  assert.ok(Array.isArray(tools) && tools.length > 0);
  for (const tool of tools) assert.equal(textAt(tool, "type"), "function");
  avoids(25);
});

test("trap 26: the server commits the turns, we never do", async () => {
  assert.deepEqual(await sent("input_audio_buffer.commit"), []);
  assert.ok((await sent("input_audio_buffer.append")).length > 0);
  avoids(26);
});

test("trap 27: 24 kHz is said, and 24 kHz is sent: as much sound as time passes", async () => {
  const rig = await FaultRig.start();
  await rig.ask();
  await rig.shows("speaking");
  const format = { type: "audio/pcm", rate: 24_000 };
  const input = objectAt(await setUp(), "audio", "input");
  assert.deepEqual(input["format"], format);
  // From 1 s before the wake word's end to the end of the question: 8 syllables and the silence.
  const sentMs = rig.peer.receivedAudio().length / 24;
  assert.ok(sentMs > 2600 && sentMs < 5500, `${sentMs} ms`);
  await rig.close();
  avoids(27);
});

test("trap 28: one set-up a connection, before any sound", async () => {
  const events = (await CONVERSATION).filter(({ from }) => from === "client");
  const types = events.map(({ event }) => event?.["type"]);
  assert.equal(types.lastIndexOf("session.update"), 0);
  avoids(28);
});

test("trap 32: a response that takes too long is left with its connection", async () => {
  const rig = await FaultRig.start({
    scenario: { turns: [{ first_delta_ms: 15_000 }] },
    settings: { "session.response_by": "client" },
  });
  await rig.ask();
  await rig.shows("follow-up");
  const again = rig.peer.events.filter(({ event }) => event?.["type"] === "response.create");
  assert.deepEqual(
    again.map(({ connection }) => connection),
    [1, 2],
    "asked again, where nothing is under way",
  );
  assert.deepEqual(rig.peer.violations, []);
  await rig.close();
  avoids(32);
});

test("trap 33: functions are offered to the model", async () => {
  const names = JSON.stringify((await setUp())["tools"]);
  assert.match(names, /"type":"function","name":"end_conversation"/);
  avoids(33);
});
