/** The small model when money is short, and the turn of the day, as stories. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY_MS } from "../../src/core/duration.ts";
import { answer, asked, asks, budget, question, rest } from "../helpers/purse.ts";
import { settled, World } from "../helpers/world.ts";

const DOLLAR = { "budget.daily_usd": 1 } as const;

test("mini: from warn_at on the next conversation is the small model's, and it ends at the cap", async () => {
  const world = await World.started({ ...DOLLAR, "budget.action": "mini" });
  asked(world);
  answer(world, "resp_1", 0.85);
  world.listen(1000);
  question(world, "item_2");
  answer(world, "resp_2", 0.01);
  rest(world);
  assert.equal(world.dialer.links.length, 1, "the one under way goes on as it was");
  world.wake();
  assert.match(world.link.target.url, /model=gpt-realtime-2\.1-mini$/);
  const status = await world.controlServer.answer?.({ command: "status" });
  assert.ok(status?.ok);
  assert.equal(status.data["model"], "gpt-realtime-2.1-mini");
  assert.match(String(status.data["model_why"]), /^instead of gpt-realtime: today's budget/);
  world.accept();
  question(world, "item_3");
  // The voice of the small one costs 20 a token: 0.2 dollars.
  world.server("response.created", { response: { id: "resp_3" } });
  world.delta("resp_3", "item_c", 400);
  world.done("resp_3", { usage: { output_token_details: { audio_tokens: 10_000 } } });
  rest(world);
  const dials = world.dialer.links.length;
  world.wake();
  rest(world);
  assert.equal(world.dialer.links.length, dials);
  await settled();
  const files = [...world.store.files.values()].map((text) => JSON.parse(text));
  assert.deepEqual(files[1].fallbacks, [
    { from: "gpt-realtime", to: "gpt-realtime-2.1-mini", reason: "budget" },
  ]);
  assert.deepEqual([files[1].model, files[1].end_reason], ["gpt-realtime-2.1-mini", "budget"]);
});

test("mini: when the small model cannot be had, no dear one answers in its place", async () => {
  const world = await World.started({ ...DOLLAR, "budget.action": "mini" });
  asked(world);
  answer(world, "resp_1", 0.85);
  rest(world);
  world.wake();
  const gone = { tag: "http", status: 404, code: "model_not_found", type: null } as const;
  world.link.sink.closed({ ...gone, retryAfterMs: null, message: "" });
  assert.equal(world.leds.shown.at(-1), "fault");
  assert.equal(world.dialer.links.length, 2);
});

test("mini: a warm session of the dear model is not used, one of the small model is", async () => {
  const world = await World.started({
    ...DOLLAR,
    "budget.action": "mini",
    "session.keep_warm_s": 600,
  });
  asked(world);
  answer(world, "resp_1", 0.85);
  rest(world);
  asked(world, "item_2");
  assert.equal(world.dialer.links.length, 2);
  answer(world, "resp_2", 0.01);
  rest(world);
  world.wake();
  assert.equal(world.dialer.links.length, 2, "the small model's own session");
  assert.equal(world.leds.shown.at(-1), "listening");
});

test("budget: a new day starts at zero and is reported again", async () => {
  const world = await World.started(DOLLAR);
  asked(world);
  answer(world, "resp_1", 1);
  rest(world);
  world.clock.advance(DAY_MS);
  asked(world, "item_2");
  assert.equal(asks(world), 2);
  answer(world, "resp_2", 0.9);
  rest(world);
  assert.deepEqual(world.spoken, ["budget-spent", "budget-near"]);
});

test("budget: midnight in mid-conversation, the cost before it is yesterday's", async () => {
  const world = await World.started(DOLLAR);
  world.clock.advance(DAY_MS - 20_000);
  asked(world);
  answer(world, "resp_1", 0.9);
  for (let n = 2; world.clock.nowMs() < DAY_MS + 10_000; n++) {
    world.listen(1000);
    question(world, `item_${n}`);
    answer(world, `resp_${n}`, 0.01);
  }
  const spent = Number((await budget(world))["spent_usd"]);
  assert.ok(spent > 0 && spent < 0.1, `${spent}`);
  rest(world);
  assert.deepEqual(world.spoken, []);
});
