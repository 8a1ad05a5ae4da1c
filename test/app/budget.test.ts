/** What a day may cost, as stories. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultSound } from "../../src/core/audio/fault-sounds.ts";
import { answer, asked, asks, budget, costing, question, rest } from "../helpers/purse.ts";
import { settled, World } from "../helpers/world.ts";

const DOLLAR = { "budget.daily_usd": 1 } as const;
const LOST = { tag: "close", code: 1006, reason: "" } as const;

function ledStates(world: World): string {
  return world.leds.shown.join(" ");
}

test("refuse: the reply in flight is heard to its end, then the conversation ends and says why", async () => {
  const world = await World.started(DOLLAR);
  asked(world);
  answer(world, "resp_1", 1.5, 800);
  world.listen(400);
  assert.equal(world.leds.shown.at(-1), "speaking", "still being heard");
  assert.equal(world.spoken.length, 0, "nothing is said over the answer");
  world.listen(500);
  assert.equal(world.leds.shown.at(-1), "fault");
  assert.deepEqual(world.spoken, ["budget-spent"]);
  rest(world);
  await settled();
  const { end_reason, errors, estimated_cost } = world.metrics();
  assert.equal(end_reason, "budget");
  assert.match(JSON.stringify(errors), /"code":"budget"/);
  assert.equal(estimated_cost, 1.500032);
  const [line] = world.lines("warning");
  assert.match(
    line ?? "",
    /^Today's budget of \$1\.00 is spent \(\$1\.50\)\. It resets at midnight; for more, raise budget\.daily_usd and reload$/,
  );
  assert.equal(ledStates(world).endsWith("speaking fault idle"), true, ledStates(world));
});

test("refuse: a wake on a spent budget dials nobody, and answers why each time", async () => {
  const world = await World.started(DOLLAR);
  asked(world);
  answer(world, "resp_1", 1);
  rest(world);
  const dials = world.dialer.links.length;
  world.wake();
  assert.equal(world.leds.shown.at(-1), "fault");
  rest(world);
  world.tap();
  rest(world);
  assert.equal(world.dialer.links.length, dials);
  assert.deepEqual(world.spoken, ["budget-spent", "budget-spent", "budget-spent"]);
  const reply = await world.controlServer.answer?.({ command: "wake" });
  assert.ok(reply?.ok === false);
  assert.match(reply.error, /Today's budget of \$1\.00 is spent/);
  assert.deepEqual(await budget(world), {
    daily_usd: 1,
    spent_usd: 1,
    left_usd: 0,
    action: "refuse",
    state: "spent",
  });
});

test("refuse: a question that was asked while the last answer was made is not answered", async () => {
  const world = await World.started({
    ...DOLLAR,
    "audio.duplex": "full",
    "audio.echo": "off",
  });
  asked(world);
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 2000);
  world.wake(); // Silenced; its bill is still to come.
  await settled();
  question(world, "item_2");
  assert.equal(asks(world), 1, "one response at a time");
  world.done("resp_1", { status: "cancelled", usage: costing(1.2) });
  assert.equal(asks(world), 1);
  assert.equal(world.leds.shown.at(-1), "fault");
  rest(world);
  await settled();
  assert.equal(world.metrics()["end_reason"], "budget");
});

test("refuse: no further round of functions", async () => {
  const world = await World.started(DOLLAR);
  asked(world);
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 300);
  const call = { type: "function_call", call_id: "c", name: "lamp", arguments: "{}" };
  world.done("resp_1", { output: [call], usage: costing(1) });
  assert.equal(asks(world), 1);
  assert.equal(world.leds.shown.at(-1), "speaking");
  world.listen(400);
  assert.equal(world.leds.shown.at(-1), "fault");
  assert.deepEqual(world.spoken, ["budget-spent"]);
});

test("refuse: a failed answer that was billed is not asked for again", async () => {
  const world = await World.started(DOLLAR);
  asked(world);
  world.server("response.created", { response: { id: "resp_1" } });
  const error = { type: "server_error", code: "server_error", message: "no" };
  world.done("resp_1", { status: "failed", status_details: { error }, usage: costing(1) });
  assert.equal(asks(world), 1);
  assert.equal(world.leds.shown.at(-1), "fault");
});

test("refuse: push-to-talk and a warm session do not bypass the budget", async () => {
  const world = await World.started({
    ...DOLLAR,
    "session.keep_warm_s": 600,
    "button.hold": "push-to-talk",
  });
  asked(world);
  answer(world, "resp_1", 0.5);
  rest(world);
  world.button.sink?.edge(true, world.clock.nowMs());
  world.listen(1000);
  world.button.sink?.edge(false, world.clock.nowMs());
  world.listen(20);
  assert.equal(world.dialer.links.length, 1, "warm");
  assert.equal(asks(world), 2);
  answer(world, "resp_2", 0.6);
  rest(world);
  world.button.sink?.edge(true, world.clock.nowMs());
  world.listen(1000);
  world.button.sink?.edge(false, world.clock.nowMs());
  world.listen(20);
  assert.equal(asks(world), 2);
});

test("connection lost in mid-reply: its cost is estimated, and may exhaust the budget", async () => {
  const world = await World.started({ "budget.daily_usd": 0.01 });
  asked(world);
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 8000);
  world.link.sink.closed(LOST);
  assert.equal(world.leds.shown.at(-1), "speaking", "heard as far as it came");
  world.listen(9000);
  // At least 160 tokens of voice, and the question of more than 2 s: over a cent.
  assert.deepEqual(world.spoken, ["no-network"]);
  rest(world);
  assert.deepEqual(world.spoken, ["no-network", "budget-spent"]);
  await settled();
  const { end_reason, estimated_cost } = world.metrics();
  assert.deepEqual([end_reason, estimated_cost], ["fault", null]);
  const spent = Number((await budget(world))["spent_usd"]);
  assert.ok(spent >= 0.01024 && spent < 0.02, `${spent}`);
});

test("budget spent: no reconnect for a reply lost before its first sound", async () => {
  const world = await World.started({ "budget.daily_usd": 0.001 });
  asked(world);
  world.link.sink.closed(LOST);
  assert.equal(world.leds.shown.at(-1), "fault");
  assert.equal(world.dialer.links.length, 1);
  rest(world);
  await settled();
  assert.equal(world.metrics()["end_reason"], "budget");
  const spent = Number((await budget(world))["spent_usd"]);
  assert.ok(spent >= 0.001 && spent < 0.003, `${spent}`);
});

test("a reply whose usage exhausts the budget is billed once", async () => {
  const world = await World.started(DOLLAR);
  asked(world);
  world.server("response.created", { response: { id: "resp_1" } });
  const error = { type: "insufficient_quota", code: "insufficient_quota", message: "no" };
  world.done("resp_1", { status: "failed", status_details: { error }, usage: costing(0.064) });
  assert.deepEqual(world.spoken, ["no-credit"]);
  await settled();
  assert.equal(world.metrics()["estimated_cost"], 0.064);
  assert.equal((await budget(world))["spent_usd"], 0.064);
});

test("stop in mid-reply: the response in flight is billed once, by an estimate", async () => {
  const world = await World.started({ "budget.daily_usd": 1 });
  asked(world);
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 1000);
  await world.controlServer.answer?.({ command: "stop" });
  await settled();
  const spent = Number((await budget(world))["spent_usd"]);
  // 20 tokens of voice; 3.4 s of the room were sent before.
  assert.ok(spent >= 0.00128 && spent < 0.005, `${spent}`);
});

test("warn: announced once near the cap and once at it, after the replies; nothing is refused", async () => {
  const world = await World.started({ ...DOLLAR, "budget.action": "warn" });
  asked(world);
  answer(world, "resp_1", 0.85);
  world.listen(500);
  assert.deepEqual(world.spoken, [], "not while you may speak on");
  rest(world);
  assert.deepEqual(world.spoken, ["budget-near"]);
  asked(world, "item_2");
  answer(world, "resp_2", 0.05);
  rest(world);
  assert.deepEqual(world.spoken, ["budget-near"], "once");
  asked(world, "item_3");
  answer(world, "resp_3", 0.2);
  rest(world);
  asked(world, "item_4");
  answer(world, "resp_4", 0.2);
  rest(world);
  assert.deepEqual(world.spoken, ["budget-near", "budget-spent"]);
  assert.equal(asks(world), 4);
  assert.equal(world.lines("warning").filter((line) => line.includes("budget")).length, 2);
});

test("a spoken fault is flushed by a wake and does not reach the uplink", async () => {
  const world = await World.started(DOLLAR);
  asked(world);
  answer(world, "resp_1", 0.9);
  while (world.leds.shown.at(-1) !== "fault") world.listen(20);
  world.wake();
  assert.equal(world.leds.shown.at(-1), "connecting");
});

test("a raised budget counts at once, and so does a lowered one", async () => {
  const world = await World.started(DOLLAR);
  asked(world);
  answer(world, "resp_1", 1);
  rest(world);
  world.settings = { ...world.settings, "budget.daily_usd": 2 };
  asked(world, "item_2");
  assert.equal(asks(world), 2);
  answer(world, "resp_2", 0.1);
  world.listen(1000);
  world.settings = { ...world.settings, "budget.daily_usd": 0.5 };
  question(world, "item_3");
  assert.equal(asks(world), 2);
  assert.equal(world.leds.shown.at(-1), "fault");
});

test("over a restart: the budget is not reported again, the cap holds", async () => {
  const world = new World(DOLLAR);
  world.store.before = [{ endedWallMs: world.clock.wallMs() + 1, microUsd: 850_000 }];
  await world.appliance.start();
  world.listen(1000);
  asked(world);
  answer(world, "resp_1", 0.01);
  rest(world);
  assert.deepEqual(world.spoken, []);
  assert.match(world.lines("notice").join("\n"), /\$0\.85 of today's budget of \$1\.00 is spent/);
  asked(world, "item_2");
  answer(world, "resp_2", 0.2);
  rest(world);
  assert.deepEqual(world.spoken, ["budget-spent"]);
});

test("no budget: nothing is reported or refused, whatever the cost", async () => {
  const world = await World.started();
  for (const id of ["a", "b", "c"]) {
    asked(world, `item_${id}`);
    answer(world, `resp_${id}`, 500);
    rest(world);
  }
  assert.equal(asks(world), 3);
  assert.deepEqual(world.spoken, []);
});

test("earcons off: only the LEDs and the journal report it", async () => {
  const world = await World.started({ ...DOLLAR, "audio.earcons": false });
  asked(world);
  answer(world, "resp_1", 1);
  rest(world);
  const none: readonly FaultSound[] = [];
  assert.deepEqual(world.spoken, none);
  assert.ok(world.leds.shown.includes("fault"));
});

test("unrequested transcription that is billed counts", async () => {
  const world = await World.started({ "budget.daily_usd": 0.01 });
  asked(world);
  const usage = { type: "duration", seconds: 60 };
  const item = { item_id: "item_user", transcript: "hello" };
  world.server("conversation.item.input_audio_transcription.completed", { ...item, usage });
  answer(world, "resp_1", 0.001);
  rest(world);
  await settled();
  assert.equal(world.metrics()["end_reason"], "budget");
  assert.equal(world.metrics()["estimated_cost"], null);
});
