/** Bills that come twice, or empty: each response is booked once, and none is free. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, asked, budget, costing, question } from "../../helpers/purse.ts";
import { World } from "../../helpers/world.ts";

const TEN_DOLLARS = { "budget.daily_usd": 10 } as const;

async function spent(world: World): Promise<number> {
  const { spent_usd } = await budget(world);
  return Number(spent_usd);
}

test("duplicate usage is booked once", async () => {
  const world = await World.started(TEN_DOLLARS);
  asked(world);
  answer(world, "resp_1", 1.5);
  world.done("resp_1", { usage: costing(1.5) });
  assert.equal((await spent(world)).toFixed(2), "1.50");
});

test("responses that share an id are each booked", async () => {
  const world = await World.started(TEN_DOLLARS);
  asked(world);
  answer(world, "resp", 1.5);
  world.listen(1_500);
  question(world, "item_2");
  world.done("resp", { usage: costing(1.5) });
  assert.equal((await spent(world)).toFixed(2), "3.00");
});

test("a response without usage is booked by an estimate", async () => {
  const world = await World.started(TEN_DOLLARS);
  asked(world);
  world.server("response.created", { response: { id: "resp_1" } });
  world.delta("resp_1", "item_a", 4_000);
  world.done("resp_1", { usage: {} });
  assert.ok((await spent(world)) > 0.004);
});
