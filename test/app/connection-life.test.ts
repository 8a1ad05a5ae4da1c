/** The life of the connection as stories: warm sessions, loss, renewal, the chain. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { AUDIBLE_SAMPLES } from "../../src/core/audio/pcm.ts";
import { avoids } from "../helpers/traps.ts";
import { roomSample, settled, World } from "../helpers/world.ts";

const LOST = { tag: "close", code: 1006, reason: "" } as const;

/** Woken, connected, and a question asked. */
async function asked(changes = {}): Promise<World> {
  const world = await World.started(changes);
  world.wake();
  world.accept();
  world.listen(2400);
  world.heardSpeech();
  return world;
}

async function answered(changes = {}): Promise<World> {
  const world = await asked(changes);
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 800);
  const words = { item_id: "item_a", transcript: "It is ten past four." };
  world.server("response.output_audio_transcript.done", words);
  world.done("resp_1");
  return world;
}

test("a warm session: the next wake listens at once, on the same connection", async () => {
  const world = await answered({ "session.keep_warm_s": 30 });
  world.listen(1000 + 8200);
  assert.equal(world.leds.shown.at(-1), "idle");
  assert.equal(world.link.closed, false);
  world.wake();
  assert.equal(world.leds.shown.at(-1), "listening");
  assert.equal(world.dialer.links.length, 1);
  world.listen(2000);
  world.heardSpeech("again");
  assert.equal(world.said.at(-1)?.["type"], "response.create");
});

test("a warm session is closed after its time, or by the server", async () => {
  const world = await answered({ "session.keep_warm_s": 30 });
  world.listen(1000 + 8200 + 30_000);
  assert.equal(world.link.closed, true);
  const other = await answered({ "session.keep_warm_s": 30 });
  other.listen(1000 + 8200);
  other.link.sink.closed(LOST);
  other.wake();
  assert.equal(other.dialer.links.length, 2);
});

test("connection lost before the response: reconnect, the turn resent from the ring, one reply", async () => {
  const world = await asked();
  const before = world.sentSound;
  world.link.sink.closed(LOST);
  assert.equal(world.leds.shown.at(-1), "connecting");
  world.accept();
  world.listen(200);
  const again = world.sentSound;
  assert.ok(again.length >= before.length, "the whole question is sent again");
  assert.deepEqual(again.subarray(0, 24_000), before.subarray(0, 24_000));
  world.heardSpeech("again");
  assert.equal(world.saidTypes.filter((type) => type === "response.create").length, 1);
});

test("connection lost in mid-reply: what came is played, then the fault is reported", async () => {
  const world = await asked();
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 800);
  world.link.sink.closed(LOST);
  world.listen(400);
  assert.equal(world.leds.shown.at(-1), "speaking");
  world.listen(500);
  await settled();
  assert.equal(world.leds.shown.at(-1), "fault");
  assert.equal(
    world.speaker.queued.length,
    800 * 24 + 480,
    "the reply, then the fault's recording",
  );
  assert.equal(world.metrics()["end_reason"], "fault");
});

test("connection lost after the reply: reconnect with the history", async () => {
  const world = await answered();
  world.link.sink.closed(LOST);
  world.listen(1000);
  assert.equal(world.dialer.links.length, 2);
  world.accept();
  const item = world.said.find((event) => event["type"] === "conversation.item.create");
  assert.deepEqual(item?.["item"], {
    type: "message",
    role: "assistant",
    content: [{ type: "output_text", text: "It is ten past four." }],
  });
  assert.equal(world.leds.shown.at(-1), "listening");
  avoids(11);
});

test("session limit: redialled between turns, never in mid-reply", async () => {
  const world = await World.started({ "session.max_duration_s": 600 });
  world.wake();
  world.link.sink.opened();
  const expires = Math.floor(world.clock.wallMs() / 1000) + 125;
  world.server("session.created", { session: { expires_at: expires } });
  world.server("session.updated", { session: {} });
  world.listen(4000);
  world.heardSpeech();
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 70_000);
  world.done("resp_1");
  world.listen(69_000);
  assert.equal(world.dialer.links.length, 1);
  world.listen(1500);
  assert.equal(world.dialer.links.length, 2);
  avoids(10);
});

test("fallback: a retired model is marked unavailable for a day, the next one answers", async () => {
  const world = await World.started();
  world.wake();
  const gone = { tag: "http", status: 404, code: "model_not_found", type: null } as const;
  world.link.sink.closed({ ...gone, message: "no such model", retryAfterMs: null });
  assert.match(world.link.target.url, /model=gpt-4o-realtime-preview$/);
  assert.match(
    world.lines("warning")[0] ?? "",
    /^Failed to connect with model gpt-realtime: .*; trying/,
  );
  world.accept();
  world.listen(7000);
  await settled();
  const metrics = world.metrics();
  assert.equal(metrics["model"], "gpt-4o-realtime-preview");
  assert.equal(metrics["model_requested"], "gpt-realtime");
  assert.deepEqual(metrics["fallbacks"], [
    { from: "gpt-realtime", to: "gpt-4o-realtime-preview", reason: "model-unavailable" },
  ]);
  world.wake();
  assert.match(world.link.target.url, /preview$/, "remembered");
  world.tap();
  world.clock.advance(25 * 3_600_000);
  world.listen(3000);
  world.wake();
  assert.match(world.link.target.url, /model=gpt-realtime$/, "asked again after a day");
});

test("model_selection new or legacy: no fallback", async () => {
  const world = await World.started({ "openai.model_selection": "new" });
  world.wake();
  const gone = { tag: "http", status: 404, code: "model_not_found", type: null } as const;
  world.link.sink.closed({ ...gone, message: "no such model", retryAfterMs: null });
  assert.equal(world.dialer.links.length, 1);
  assert.equal(world.leds.shown.at(-1), "fault");
});

test("end_conversation: the goodbye is played to its end", async () => {
  const world = await asked();
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 600);
  const call = { type: "function_call", call_id: "c", name: "end_conversation", arguments: "{}" };
  world.done("resp_1", { output: [call] });
  world.listen(400);
  assert.equal(world.leds.shown.at(-1), "speaking");
  world.listen(300);
  await settled();
  assert.equal(world.leds.shown.at(-1), "idle");
  assert.equal(world.metrics()["end_reason"], "goodbye");
  assert.equal(world.metrics()["function_success_rate"], 1);
});

test("stopped in mid-reply: the metrics say how much of it was heard", async () => {
  const world = await asked();
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 800);
  world.listen(300);
  await world.controlServer.answer?.({ command: "stop" });
  await settled();
  assert.deepEqual(world.metrics()["interruptions"], [{ heard_ms: 300, received_ms: 800 }]);
});

test("muted sound is never sent, not even as pre-roll", async () => {
  const world = await World.started();
  await world.controlServer.answer?.({ command: "mute", on: true });
  world.listen(3000);
  await world.controlServer.answer?.({ command: "mute", on: false });
  const unmutedAt = world.position;
  world.listen(500);
  world.wake();
  world.accept();
  world.listen(500);
  assert.equal(world.sentSound[0], roomSample(unmutedAt));
});

test("the reply's own sound is not sent as pre-roll", async () => {
  const world = await answered();
  world.listen(1100); // Heard, settled, open.
  const openMs = world.sentMs;
  world.listen(400);
  // The server's padding reaches back over the gate's opening.
  const speech = { item_id: "next", audio_start_ms: openMs - 300 };
  world.server("input_audio_buffer.speech_started", speech);
  world.listen(300);
  const sentMs = world.sentMs;
  world.link.sink.closed(LOST);
  world.accept();
  world.listen(100);
  assert.ok(world.sentMs <= sentMs - openMs + 500, `${world.sentMs} ms are sent again`);
});

test("speaker fault: no dial, and the fault is reported", async () => {
  const world = await World.started();
  const gone = { code: "speaker-lost", recovery: "retry", message: "gone", remedy: "" } as const;
  world.speaker.sink?.lost(gone);
  world.wake();
  assert.equal(world.dialer.links.length, 0);
  assert.equal(world.leds.shown.at(-1), "fault");
});

test("a speaker that goes away in mid-reply: one line in the journal, and one for the next call", async () => {
  const world = await World.started();
  world.asked();
  world.delta("resp_1", "item_a", 2_000);
  const gone = { code: "speaker-lost", recovery: "retry", message: "gone", remedy: "" } as const;
  world.speaker.sink?.lost(gone);
  world.listen(100);
  assert.equal(world.leds.shown.at(-1), "fault");
  assert.deepEqual(world.lines("error"), ["gone"]);
  world.wake();
  assert.deepEqual(world.lines("error"), ["gone", "gone"], "who calls now is told why not");
});

test("429 with Retry-After 0: bounded back-off", async () => {
  const world = await World.started();
  world.wake();
  const busy = { tag: "http", status: 429, code: "slow_down", type: null } as const;
  for (let n = 0; n < 200 && world.leds.shown.at(-1) !== "fault"; n++) {
    if (!world.link.closed) {
      world.link.closed = true;
      world.link.sink.closed({ ...busy, message: "slow down", retryAfterMs: 0 });
    }
    world.listen(100);
  }
  assert.ok(world.dialer.links.length <= 4, `${world.dialer.links.length} dials`);
});

test("an odd byte at the end of a reply does not shift the next", async () => {
  const world = await asked();
  world.server("response.created", { response: { id: "resp_1" } });
  const samples = AUDIBLE_SAMPLES;
  const odd = Buffer.alloc(2 * samples + 1, 1).toString("base64");
  const delta = { response_id: "resp_1", item_id: "item_a", content_index: 0, delta: odd };
  world.server("response.output_audio.delta", delta);
  world.done("resp_1");
  world.listen(2000);
  world.heardSpeech("again");
  world.server("response.created", { response: { id: "resp_2" } });
  world.delta("resp_2", "item_b", 20, 1000);
  assert.deepEqual([...world.speaker.queued.subarray(samples, samples + 3)], [1000, 1000, 1000]);
});

test("reload: the running conversation keeps its settings; a new key clears unavailable models", async () => {
  const world = await World.started();
  world.wake();
  const gone = { tag: "http", status: 404, code: "model_not_found", type: null } as const;
  world.link.sink.closed({ ...gone, message: "no such model", retryAfterMs: null });
  world.settings = { ...world.settings, "openai.protocol": "beta", "openai.api_key": "sk-other" };
  world.accept();
  assert.ok(JSON.stringify(world.said[0]).includes('"type":"realtime"'), "still the GA dialect");
  world.tap();
  world.listen(3000);
  world.wake();
  assert.match(world.link.target.url, /model=gpt-realtime$/);
});

test("a pause within a question: one turn, one response", async () => {
  const world = await asked({ "session.max_turns": 2 });
  world.server("response.created", { response: { id: "resp_1" } });
  world.server("input_audio_buffer.speech_started", { item_id: "more", audio_start_ms: 3000 });
  world.listen(1500);
  world.done("resp_1", { status: "cancelled" });
  world.server("input_audio_buffer.speech_stopped", { item_id: "more", audio_end_ms: 4800 });
  world.server("input_audio_buffer.committed", { item_id: "more" });
  world.server("response.created", { response: { id: "resp_2" } });
  world.delta("resp_2", "item_b", 200);
  world.done("resp_2");
  world.listen(600);
  assert.equal(world.leds.shown.at(-1), "follow-up");
});
