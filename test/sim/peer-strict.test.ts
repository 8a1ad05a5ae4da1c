/** What the simulated peer does not let pass: answered, recorded, and without effect. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../src/sim/peer/json.ts";
import { textAt } from "../../src/sim/peer/json.ts";
import { startPeer } from "../../src/sim/peer/peer.ts";
import { eventually } from "../helpers/host.ts";
import { greyJpeg } from "../helpers/jpeg.ts";
import { Client } from "../helpers/realtime-client.ts";
import { room } from "../helpers/speech.ts";

const update = (session: JsonObject): JsonObject => ({
  type: "session.update",
  session: { type: "realtime", ...session },
});
const item = (fields: JsonObject): JsonObject => ({
  type: "conversation.item.create",
  item: { type: "message", role: "user", ...fields },
});
const vad = (fields: JsonObject): JsonObject =>
  update({ audio: { input: { turn_detection: { type: "server_vad", ...fields } } } });
const append = (audio: string): JsonObject => ({ type: "input_audio_buffer.append", audio });

const picture = (jpeg: Buffer): string => `data:image/jpeg;base64,${jpeg.toString("base64")}`;

/** Event, code of the answer, the parameter it names. */
const BAD: readonly (readonly [JsonObject, string, string])[] = [
  [{ event_id: "x" }, "missing_required_parameter", "type"],
  [{ type: "session.upgrade" }, "invalid_value", "type"],
  [{ type: "session.update", session: {} }, "missing_required_parameter", "session.type"],
  [update({ voice: "alloy" }), "unknown_parameter", "session.voice"],
  [update({ temperature: 0.8 }), "unknown_parameter", "session.temperature"],
  [update({ modalities: ["audio", "text"] }), "unknown_parameter", "session.modalities"],
  [update({ output_modalities: ["audio", "text"] }), "invalid_value", "session.output_modalities"],
  [update({ max_output_tokens: 9000 }), "invalid_value", "session.max_output_tokens"],
  [update({ reasoning: { effort: "low" } }), "unsupported_parameter", "session.reasoning"],
  [
    update({ tools: [{ type: "function" }] }),
    "missing_required_parameter",
    "session.tools[0].name",
  ],
  [vad({ threshold: 7 }), "invalid_value", "session.audio.input.turn_detection.threshold"],
  [vad({ treshold: 0.5 }), "unknown_parameter", "session.audio.input.turn_detection.treshold"],
  [
    vad({ idle_timeout_ms: 500 }),
    "invalid_value",
    "session.audio.input.turn_detection.idle_timeout_ms",
  ],
  [update({ audio: { output: { speed: 2 } } }), "invalid_value", "session.audio.output.speed"],
  [append("not base64!"), "invalid_value", "audio"],
  [append(""), "invalid_value", "audio"],
  [append("AAAA"), "invalid_value", ""],
  [item({ content: [{}] }), "missing_required_parameter", "item.content[0].type"],
  [
    item({ content: [{ type: "input_text" }] }),
    "missing_required_parameter",
    "item.content[0].text",
  ],
  ...[
    "https://example.org/cat.jpg",
    "data:image/jpeg;base64,AAAA",
    picture(greyJpeg({ tables: false })),
    picture(greyJpeg().subarray(0, -2)),
    picture(greyJpeg()).replace("jpeg", "png"),
    picture(greyJpeg()).slice(0, -1),
  ].map((image_url): readonly [JsonObject, string, string] => [
    item({ content: [{ type: "input_image", image_url }] }),
    "invalid_value",
    "item.content[0].image_url",
  ]),
  [
    item({ content: [{ type: "input_image", image_url: "data:image/gif;base64,AAAA" }] }),
    "invalid_value",
    "item.content[0].image_url",
  ],
  [
    item({ role: "assistant", content: [{ type: "text", text: "hi" }] }),
    "invalid_value",
    "item.content[0].type",
  ],
  [
    { type: "conversation.item.truncate", item_id: "a", content_index: 0, audio_end_ms: 1.5 },
    "invalid_type",
    "audio_end_ms",
  ],
  [
    { type: "conversation.item.truncate", item_id: "a", content_index: 0, audio_end_ms: -1 },
    "invalid_value",
    "audio_end_ms",
  ],
  [
    { type: "response.create", response: { conversation: "new" } },
    "invalid_value",
    "response.conversation",
  ],
  [
    { type: "response.create", response: { voice: "alloy" } },
    "unknown_parameter",
    "response.voice",
  ],
  [{ type: "response.cancel", event_id: "x".repeat(600) }, "invalid_value", "event_id"],
];

test("every broken rule is answered and recorded, and changes nothing", async (context) => {
  const peer = await startPeer();
  const client = new Client(peer);
  context.after(() => peer.close());
  const before = await client.configure();
  for (const [event, code, param] of BAD) {
    client.send(event);
    const error = await client.see("error");
    const said = JSON.stringify(event).slice(0, 120);
    assert.equal(textAt(error, "error", "code"), code, said);
    assert.equal(textAt(error, "error", "param") ?? "", param, said);
  }
  assert.equal(peer.violations.length, BAD.length);
  client.send(update({}));
  const after = await client.see("session.updated");
  assert.deepEqual(after["session"], before["session"]);
  assert.deepEqual(client.problems, []);
});

test("more instructions than the API takes are refused, with the functions counted", async (context) => {
  const peer = await startPeer();
  const client = new Client(peer);
  context.after(() => peer.close());
  await client.configure();
  const tools = [{ type: "function", name: "f", description: "x".repeat(30_000), parameters: {} }];
  client.send(update({ instructions: "x".repeat(19_000), tools }));
  await client.see("session.updated");
  client.send(update({ instructions: "x".repeat(19_200) }));
  const error = await client.see("error");
  assert.equal(textAt(error, "error", "param"), "session.instructions");
  assert.match(textAt(error, "error", "message") ?? "", /cannot be longer than 16384 tokens/);
});

test("frames that are no event are violations too", async (context) => {
  const peer = await startPeer();
  const client = new Client(peer);
  context.after(() => peer.close());
  await client.configure();
  client.ws.send("{ no json");
  await client.see("error");
  client.ws.send("[1]");
  await client.see("error");
  client.ws.send(Buffer.from([1, 2, 3]));
  await client.see("error");
  assert.equal(peer.violations.length, 3);
});

test("sound before session.updated is a violation, and heard all the same", async (context) => {
  const peer = await startPeer({ scenario: { updated_ms: 60_000 } });
  const client = new Client(peer);
  context.after(() => peer.close());
  await client.see("session.created");
  client.send(update({}));
  client.speak(room(20));
  const error = await client.see("error");
  assert.equal(textAt(error, "error", "code"), "audio_before_session_updated");
  assert.equal(peer.violations.length, 1);
  assert.deepEqual(peer.receivedAudio(), room(20));
});

test("a lax peer answers errors as the real one does, and records nothing", async (context) => {
  const peer = await startPeer({ scenario: { strict: false } });
  const client = new Client(peer);
  context.after(() => peer.close());
  await client.see("session.created");
  client.speak(room(20));
  client.send(update({ voice: "alloy" }));
  const error = await client.see("error");
  assert.equal(textAt(error, "error", "message"), "Unknown parameter: 'session.voice'.");
  assert.deepEqual(peer.violations, []);
});

test("calls: answered twice, or not in time, are violations", async (context) => {
  const turns = [{ call: { name: "lamp", call_id: "call_a" } }];
  const peer = await startPeer({ scenario: { turns, settle_within_ms: 300 } });
  const client = new Client(peer);
  context.after(() => peer.close());
  await client.configure();
  const output: JsonObject = {
    type: "conversation.item.create",
    item: { type: "function_call_output", call_id: "call_a", output: "{}" },
  };
  client.send({ type: "response.create" });
  await client.see("response.done");
  await eventually("the violation", () => peer.violations.length === 1);
  assert.equal(peer.violations[0]?.error.code, "tool_call_not_answered");
  client.send(output);
  await client.see("conversation.item.done");
  assert.equal(peer.violations.length, 1);
  client.send(output);
  await eventually("the second violation", () => peer.violations.length === 2);
  assert.match(peer.violations[1]?.error.message ?? "", /answered already/);
});
