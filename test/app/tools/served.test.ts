/** Tools of servers in the course of a conversation, as stories: the servers do what the test says. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fields, record, text } from "../../../src/core/json.ts";
import { readTools } from "../../../src/core/mcp/offer.ts";
import { trouble } from "../../../src/core/mcp/trouble.ts";
import type { Settings } from "../../../src/core/settings/table.ts";
import type { SimToolServer } from "../../../src/sim/parts.ts";
import { settled, World } from "../../helpers/world.ts";

const SERVERS = { "mcp.servers": { shop: { url: "http://shop.test/mcp" } } };

function offers(server: SimToolServer, ...names: string[]): void {
  const list = names.map((name) => ({ name, description: `${name}s.`, inputSchema: {} }));
  server.asked = { ok: true, value: { ...readTools(list), prompt: "", live: "" } };
}

async function started(changes: Partial<Settings> = {}, rig = (_: World): void => {}) {
  const world = new World({ ...SERVERS, ...changes });
  rig(world);
  await world.appliance.start();
  await settled();
  world.listen(1_000);
  return world;
}

/** The server is there, and waits for the set-up. */
function answered(world: World): void {
  world.link.sink.opened();
  world.server("session.created", { session: { id: "sess_1", model: "gpt-realtime" } });
}

function told(world: World): readonly string[] {
  const update = world.said.findLast((event) => event["type"] === "session.update") ?? {};
  const { tools } = fields(update, "session");
  return (Array.isArray(tools) ? tools : []).map((tool) => text(record(tool) ?? {}, "name") ?? "");
}

test("a server's tools are offered under its name, called by their own, and cut and fenced", async () => {
  const world = await started({}, (rigged) => offers(rigged.toolServer("shop"), "buy", "list.all"));
  world.wake();
  await settled();
  world.accept();
  assert.ok(told(world).includes("shop_buy"));
  const odd = told(world).find((name) => name.startsWith("shop_list_all_")) ?? "";
  assert.match(odd, /^[A-Za-z0-9_-]{1,64}$/);
  world.listen(2_400);
  world.heardSpeech("item_user_1");
  world.server("response.created", { response: { id: "resp_1" } });
  const call = {
    type: "function_call",
    id: "i",
    name: odd,
    arguments: '{"of":"tea"}',
    call_id: "c",
  };
  world.done("resp_1", { output: [call] });
  await settled();
  await settled();
  assert.deepEqual(world.toolServer("shop").calls, [["list.all", { of: "tea" }]]);
  const output = world.said
    .map(({ item }) => record(item) ?? {})
    .find((item) => item["type"] === "function_call_output");
  assert.equal(output?.["output"], '"done"');
});

test("a slow list: the set-up waits a second from the wake and no longer, and takes what was last", async () => {
  const world = await started({}, (rigged) => offers(rigged.toolServer("shop"), "buy"));
  const shop = world.toolServer("shop");
  offers(shop, "buy", "sell");
  shop.offerMs = 700;
  world.wake();
  await settled();
  answered(world);
  await settled();
  assert.equal(told(world).length, 0, "nothing is sent before the list is there");
  world.listen(720);
  await settled();
  assert.ok(told(world).includes("shop_sell"));
  assert.equal(world.saidTypes.filter((type) => type === "session.update").length, 1);
});

test("a server that hangs costs a second of the beginning, and its tools are as they were", async () => {
  const world = await started({}, (rigged) => offers(rigged.toolServer("shop"), "buy"));
  world.toolServer("shop").offerMs = 60_000;
  world.wake();
  await settled();
  answered(world);
  world.listen(900);
  await settled();
  assert.equal(told(world).length, 0);
  world.listen(120);
  await settled();
  assert.ok(told(world).includes("shop_buy"));
});

test("a server that is away: told once, the conversation goes on without it and can say so", async () => {
  const world = await started({}, (rigged) => {
    const why = trouble("unreachable", "it cannot be reached (ECONNREFUSED)");
    rigged.toolServer("shop").asked = { ok: false, trouble: why };
  });
  for (let n = 0; n < 2; n++) {
    world.wake();
    await settled();
    world.accept();
    await settled();
    assert.ok(told(world).includes("set_timer"));
    assert.ok(!told(world).some((name) => name.startsWith("shop")));
    const update = world.said.findLast((event) => event["type"] === "session.update") ?? {};
    const instructions = text(fields(update, "session"), "instructions") ?? "";
    assert.match(instructions, /Not to be reached at the moment: shop\./);
    world.listen(20_000);
    await settled();
  }
  const lines = world.journal.lines.filter(({ line }) => line.includes("shop"));
  assert.equal(lines.length, 1, JSON.stringify(lines));
  assert.match(lines[0]?.line ?? "", /cannot be reached \(ECONNREFUSED\)\. Is the server on/);
});

test("nothing configured: no server is opened", async () => {
  const world = await World.started();
  world.wake();
  await settled();
  world.accept();
  assert.equal(world.toolServers.size, 0);
  assert.ok(told(world).length > 5);
});

test("switched off by a reload: closed at once, and in a conversation when that is over", async () => {
  const world = await started({}, (rigged) => offers(rigged.toolServer("shop"), "buy"));
  const shop = world.toolServer("shop");
  const reload = (servers: Settings["mcp.servers"]): void => {
    world.settings = { ...world.settings, "mcp.servers": servers };
    world.appliance.reloaded(world.settings);
  };
  world.wake();
  await settled();
  world.accept();
  reload({});
  await settled();
  assert.ok(!shop.isClosed, "the conversation keeps what it began with");
  const stop = { command: "stop" } as const;
  await world.controlServer.answer?.(stop);
  world.listen(500);
  await settled();
  assert.ok(shop.isClosed);

  const again = await started({}, (rigged) => offers(rigged.toolServer("shop"), "buy"));
  again.settings = { ...again.settings, "mcp.servers": {} };
  again.appliance.reloaded(again.settings);
  await settled();
  assert.ok(again.toolServer("shop").isClosed);
});

test("a huge house, a full memory, a long text of the owner's: told within the room, and said once", async () => {
  const prompt = "- names: Lamp\n  domain: light\n".repeat(800);
  const world = await started(
    {
      "mcp.servers": {},
      "home_assistant.url": "http://house.test",
      "home_assistant.token": "t".repeat(40),
      "openai.instructions": "Be kind. ".repeat(3_000),
      "tools.memory": "on",
    },
    (rigged) => {
      const tools = readTools([{ name: "HassTurnOn", description: "On.", inputSchema: {} }]);
      rigged.toolServer("home_assistant").asked = {
        ok: true,
        value: { ...tools, prompt, live: "" },
      };
      const facts = Array.from({ length: 100 }, (_, n) => `  - ${"fact ".repeat(50)}${n}\n`);
      rigged.memoryFile.text = `facts:\n${facts.join("")}`;
    },
  );
  for (let n = 0; n < 2; n++) {
    world.wake();
    await settled();
    world.accept();
    await settled();
    const update = world.said.findLast((event) => event["type"] === "session.update") ?? {};
    const { instructions, tools } = fields(update, "session");
    const bytes = Buffer.byteLength(`${instructions}${JSON.stringify(tools)}`);
    assert.ok(bytes < 16_384 * 3, `${bytes} bytes`);
    assert.match(String(instructions), /Be kind.*HassTurnOn|names: Lamp.*fact .* 99\n/s);
    world.listen(20_000);
    await settled();
  }
  const lines = world.journal.lines.filter(({ line }) => line.includes("Too much to tell"));
  assert.equal(lines.length, 1, JSON.stringify(lines));
  assert.equal(lines[0]?.level, "warning");
  assert.match(
    lines[0]?.line ?? "",
    /left out: a part of what the house says of itself, the oldest \d+ of 100 memories\. Shorten/,
  );
  const listed = await world.controlServer.answer?.({ command: "tools", act: "list" });
  assert.ok(listed?.ok === true);
  const told = fields(listed.data, "instructions");
  assert.ok(Number(told["tokens"]) <= Number(told["tokens_max"]));
  assert.deepEqual(Array.isArray(told["left_out"]) && told["left_out"].length, 2);
});
