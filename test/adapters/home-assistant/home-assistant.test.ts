/** Home Assistant's ways, against the stand-in that has them all (test/helpers/home-assistant.ts). */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { HomeAssistant } from "../../../src/adapters/home-assistant/home-assistant.ts";
import { RETRY } from "../../../src/adapters/mcp/server.ts";
import { SystemDice } from "../../../src/adapters/os/clock.ts";
import { LocalPrograms } from "../../../src/adapters/programs/local-programs.ts";
import { homeServer } from "../../../src/core/home/spec.ts";
import { DEFAULTS, type Settings } from "../../../src/core/settings/table.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { HOME_TOKEN, StandInHome } from "../../helpers/home-assistant.ts";

const NEVER = new AbortController().signal;
const clock = new SimClock();
let open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open) await close();
  open = [];
});

async function rigged(changes: Partial<Settings> = {}, rig = (_: StandInHome): void => {}) {
  const home = new StandInHome();
  rig(home);
  await home.start();
  const wanted = homeServer({
    ...DEFAULTS,
    "home_assistant.url": home.url,
    "home_assistant.token": HOME_TOKEN,
    ...changes,
  });
  assert.ok(wanted?.home);
  const programs = new LocalPrograms({ clock, sandbox: () => "auto" });
  const parts = { spec: wanted.spec, clock, dice: new SystemDice(), programs, version: "test" };
  const server = new HomeAssistant(parts, wanted.home);
  open.push(
    () => server.close(),
    () => home.stop(),
  );
  const call = async (tool: string, args = {}) =>
    JSON.stringify(await server.call(tool, args, NEVER));
  return { home, server, call };
}

for (const isOlder of [false, true]) {
  test(`the lamp is turned on, and is on ${isOlder ? "over the older endpoint" : ""}`, async () => {
    const { home, server, call } = await rigged({}, (house) => {
      house.isOlder = isOlder;
    });
    const offer = await server.offer(NEVER);
    assert.ok(offer.ok, JSON.stringify(offer));
    assert.match(offer.value.prompt, /Static Context[\s\S]*Kitchen Lamp/);
    assert.match(offer.value.live, /device_class: garage/);
    assert.equal(home.thing("light.kitchen").state, "off");
    assert.equal(
      await call("HassTurnOn", { name: "Kitchen Lamp" }),
      '{"ok":true,"data":{"done":["Kitchen Lamp"]}}',
    );
    assert.equal(home.thing("light.kitchen").state, "on");
    assert.match(await call("GetLiveContext"), /Kitchen Lamp.*state: 'on'/);
    assert.equal(home.asked.includes("GET /mcp_server/sse"), isOlder);
    assert.equal(home.failedLogins, 0);
  });
}

test("what fails is told in words: by reason, without Python", async () => {
  const { home, call } = await rigged();
  home.thing("light.dining").isExposed = false;
  assert.match(
    await call("HassTurnOn", { name: "Moon" }),
    /no device by that name; nothing was done/,
  );
  assert.match(
    await call("HassTurnOn", { name: "Dining Lamp" }),
    /not exposed to voice assistants/,
  );
  assert.match(await call("HassTurnOn", { area: "Attic" }), /nothing of the kind in that area/);
  // No argument at all is a 500; the connection is as good as before.
  assert.match(await call("HassTurnOn", {}), /an argument is missing/);
  assert.match(await call("HassTurnOn", { name: "Kitchen Lamp" }), /"done"/);
  const unknown = await call("HassFly", {});
  assert.match(unknown, /Home Assistant reports a failure/);
  for (const told of [unknown, await call("HassTurnOn", { name: "Moon" })]) {
    assert.doesNotMatch(told, /MatchFailed|is_match|Traceback/);
  }
});

test("some did it, some did not: both are named", async () => {
  const { home, call } = await rigged();
  home.thing("light.dining").isBroken = true;
  const told = await call("HassTurnOn", { area: "Kitchen", domain: ["light"] });
  assert.match(told, /"done":\["Kitchen Lamp"\],"not_done":\["Dining Lamp"\]/);
});

test("a wrong token: one failed login for all that is asked, never a ban", async () => {
  const { home, server, call } = await rigged({ "home_assistant.token": "wrong-token-wrong" });
  for (let n = 0; n < 5; n++) {
    const offer = await server.offer(NEVER);
    assert.ok(!offer.ok);
    assert.equal(offer.trouble.kind, "refused");
    assert.match(await call("HassTurnOn", { name: "Kitchen Lamp" }), /refuses our access/);
    clock.advance(600_000);
  }
  assert.equal(home.failedLogins, 1);
  assert.equal(server.state().state, "refused");
});

for (const status of [401, 403]) {
  for (const isOlder of [false, true]) {
    const way = isOlder ? ", over the older endpoint" : "";
    test(`HTTP ${status} by a web page is no refusal of the house: it is asked again later${way}`, async () => {
      const { home, server, call } = await rigged({ "home_assistant.ask": "on" }, (house) => {
        house.isOlder = isOlder;
      });
      home.proxyPage = status;
      const offer = await server.offer(NEVER);
      assert.ok(!offer.ok);
      assert.equal(offer.trouble.kind, "stranger");
      assert.match(await call("ask_home_assistant", { text: "Good night" }), /cannot be reached/);
      home.proxyPage = null;
      const asked = home.asked.length;
      assert.match(await call("HassTurnOn", { name: "Kitchen Lamp" }), /cannot be reached/);
      assert.equal(home.asked.length, asked, "not before its wait is over");
      clock.advance(RETRY.firstMs * 1.25);
      assert.match(await call("HassTurnOn", { name: "Kitchen Lamp" }), /"done"/);
    });
  }
}

test("the integration is not set up: said as it is; not asked again for nothing", async () => {
  const { home, server } = await rigged({}, (house) => {
    house.isConfigured = false;
  });
  const offer = await server.offer(NEVER);
  assert.ok(!offer.ok);
  assert.match(offer.trouble.message, /Model Context Protocol server is not configured/);
  home.isConfigured = true;
  clock.advance(RETRY.maxMs * 2);
  assert.ok((await server.offer(NEVER)).ok, "set up since: found without a restart of ours");
});

test("restarted in mid-call: it is not known; then it is found again", async () => {
  const { home, server, call } = await rigged();
  assert.ok((await server.offer(NEVER)).ok);
  home.slowMs = 60_000;
  const under = new Promise<void>((resolve) => {
    home.onCall = () => resolve();
  });
  const told = call("HassTurnOn", { name: "Kitchen Lamp" });
  await under;
  await home.stop();
  assert.match(await told, /broke in the middle: it is not known whether it was done/);
  home.slowMs = 0;
  assert.match(await call("HassTurnOn", { name: "Kitchen Lamp" }), /cannot be reached/);
  await home.start();
  clock.advance(RETRY.maxMs * 2);
  assert.match(await call("HassTurnOn", { name: "Kitchen Lamp" }), /"done"/);
});

test("given up in mid-call: it ends at once", async () => {
  const { home, server } = await rigged();
  home.slowMs = 60_000;
  const controller = new AbortController();
  home.onCall = () => controller.abort();
  const told = await server.call("HassTurnOn", { name: "Kitchen Lamp" }, controller.signal);
  assert.match(JSON.stringify(told), /given up/);
});

test("tools change without notice, and the last device is hidden: the next list has it so", async () => {
  const { home, server } = await rigged();
  await server.offer(NEVER);
  home.tools = [...home.tools, { name: "movie_night", inputSchema: { type: "object" } }];
  for (const thing of home.things) thing.isExposed = false;
  const offer = await server.offer(NEVER);
  assert.ok(offer.ok);
  const names = offer.value.tools.map(({ name }) => name);
  assert.ok(names.includes("movie_night"));
  assert.ok(!names.includes("GetLiveContext"));
  assert.equal(offer.value.live, "");
});

test("whole sentences: an automation by its sentence; an error comes as 200 and is one", async () => {
  const changes = { "home_assistant.ask": "on", "home_assistant.language": "de" } as const;
  const { home, server, call } = await rigged(changes);
  const offer = await server.offer(NEVER);
  assert.ok(offer.ok && offer.value.tools.some(({ name }) => name === "ask_home_assistant"));
  assert.match(
    await call("ask_home_assistant", { text: "movie time" }),
    /"ok":true.*Enjoy the film/,
  );
  assert.match(
    await call("ask_home_assistant", { text: "fly" }),
    /"ok":false.*no sentence or automation/,
  );
  assert.deepEqual(home.said[0], { text: "movie time", language: "de" });
});

test("without a token nothing is asked, and the owner is told where to get one", async () => {
  const { home, server } = await rigged({ "home_assistant.token": "" });
  const offer = await server.offer(NEVER);
  assert.ok(!offer.ok);
  assert.match(offer.trouble.message, /there is no token: make a long-lived access token/);
  assert.deepEqual(home.asked, []);
});
