/** The appliance at a broker that the test plays: what it tells, what it takes, what it survives. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BROKER_BACKOFF,
  COMMANDS_BURST,
  REFUSED_WAIT_MS,
  STABLE_MS,
  TAKEN_OVER_TOLD,
} from "../../../src/app/presence/presence.ts";
import { EVENTS_MAX, PASS_EVERY_MS } from "../../../src/app/presence/publisher.ts";
import { fault } from "../../../src/core/fault.ts";
import { type Fields, record } from "../../../src/core/json.ts";
import type { Settings } from "../../../src/core/settings/table.ts";
import type { SimBrokerLink } from "../../../src/sim/parts.ts";
import { settled, World } from "../../helpers/world.ts";

const ID = "0123456789ab";
const BASE = `pipit/${ID}`;
const DISCOVERY = `homeassistant/device/pipit_${ID}/config`;
const AT_BROKER: Partial<Settings> = { "mqtt.url": "mqtt://broker.test", "mqtt.name": "Kitchen" };
const DOWN = fault("broker", "retry", "The MQTT broker broker.test takes no connections");
const REFUSED = fault(
  "broker",
  "report",
  "The MQTT broker broker.test refuses user and password",
  "Check",
);

function broker(world: World): SimBrokerLink {
  const link = world.presence.broker.links.at(-1);
  assert.ok(link, "nothing was dialled");
  return link;
}

/** A started appliance that the broker has welcomed. */
async function present(changes: Partial<Settings> = {}): Promise<World> {
  const world = await World.started({ ...AT_BROKER, ...changes });
  broker(world).sink.opened([]);
  await settled();
  return world;
}

function texts(world: World, topic: string): readonly string[] {
  return broker(world)
    .published.filter((one) => one.topic === topic)
    .map(({ payload }) => payload);
}

function state(world: World): Fields {
  return record(JSON.parse(texts(world, `${BASE}/state`).at(-1) ?? "")) ?? {};
}

async function passes(world: World, ms = PASS_EVERY_MS): Promise<void> {
  await settled();
  world.listen(ms + 20);
  await settled();
}

async function told(world: World, topic: string, text: string, isRetained = false): Promise<void> {
  broker(world).sink.message(`${BASE}/${topic}`, text, isRetained);
  await passes(world);
}

async function status(world: World): Promise<Fields> {
  const reply = await world.controlServer.answer?.({ command: "status" });
  return record(reply?.ok ? reply.data["mqtt"] : null) ?? {};
}

test("without a broker nothing is dialled, kept or asked of the machine", async () => {
  const world = await World.started();
  world.wake();
  await passes(world);
  assert.equal(world.presence.broker.links.length, 0);
  assert.equal(world.presence.presenceFile.saves, 0);
  const reply = await world.controlServer.answer?.({ command: "status" });
  assert.ok(reply?.ok && reply.data["mqtt"] === null);
});

test("announced first, then available, then its state; each phase of a conversation is seen", async () => {
  const world = await present();
  const topics = broker(world).published.map(({ topic }) => topic);
  assert.deepEqual(topics, [DISCOVERY, `${BASE}/availability`, `${BASE}/state`]);
  assert.ok(broker(world).published.every(({ isRetained }) => isRetained));
  assert.deepEqual(broker(world).target.will, {
    topic: `${BASE}/availability`,
    payload: "offline",
    isRetained: true,
  });
  assert.equal(broker(world).target.clientId, `pipit_${ID}`);
  assert.deepEqual([state(world)["state"], state(world)["name"]], ["idle", "Kitchen"]);
  world.wake();
  await passes(world);
  world.accept();
  await passes(world);
  world.listen(2400);
  world.heardSpeech();
  world.server("response.created", { response: { id: "resp_1" } });
  await passes(world);
  world.delta("resp_1", "item_a", 1000);
  await passes(world);
  world.done("resp_1", { usage: { input_token_details: { audio_tokens: 1000 } } });
  await passes(world, 3000);
  await passes(world, 9000);
  const phases = texts(world, `${BASE}/state`).map((text) => record(JSON.parse(text))?.["state"]);
  const changes = phases.filter((phase, at) => phase !== phases[at - 1]);
  assert.deepEqual(changes, [
    "idle",
    "connecting",
    "listening",
    "thinking",
    "speaking",
    "follow-up",
    "idle",
  ]);
  assert.equal(state(world)["cost_today_usd"], 0.032);
  assert.equal(state(world)["conversations_today"], 1);
});

test("mute, volume, wake, stop and say come from the broker, and their state is published", async () => {
  const world = await present();
  await told(world, "mute/set", "ON");
  assert.deepEqual([state(world)["muted"], state(world)["state"]], [true, "muted"]);
  await told(world, "wake", "PRESS");
  assert.match(world.lines("notice").at(-1) ?? "", /by MQTT \(wake\) was not carried out: muted/);
  await told(world, "mute/set", "OFF");
  await told(world, "volume/set", "35");
  assert.deepEqual([state(world)["muted"], state(world)["volume"]], [false, 35]);
  await told(world, "say", "Tea is ready");
  assert.equal(world.dialer.links.length, 1, "the model reads it");
  for (let links = 1; links <= 4; links++) {
    assert.deepEqual([world.dialer.links.length, world.speaker.heard()], [links, 0]);
    world.link.sink.closed({ tag: "network", stage: "tcp", code: "ECONNREFUSED" });
    await passes(world, 3_000);
  }
  assert.ok(world.speaker.heard() > 0, "or, where nobody is reached, espeak-ng");
  world.listen(2000);
  await told(world, "wake", "PRESS");
  assert.equal(state(world)["state"], "connecting");
  await told(world, "stop", "PRESS");
  await passes(world, 1000);
  assert.equal(state(world)["state"], "idle");
});

test("a retained command, a flood of them, and nonsense do nothing but be counted", async () => {
  const world = await present();
  await told(world, "wake", "PRESS", true);
  await told(world, "volume/set", "1000");
  broker(world).sink.message("", null, false);
  assert.equal(world.dialer.links.length, 0);
  for (let i = 0; i < 1000; i++)
    broker(world).sink.message(`${BASE}/volume/set`, `${i % 100}`, false);
  await passes(world);
  const { ignored } = await status(world);
  const counts = record(ignored) ?? {};
  assert.deepEqual([counts["retained"], counts["payload"], counts["topic"]], [1, 1, 1]);
  assert.ok(Number(counts["rate"]) >= 1000 - COMMANDS_BURST - 1, JSON.stringify(counts));
  // The bucket fills again.
  world.listen(2000);
  await told(world, "volume/set", "77");
  assert.equal(state(world)["volume"], 77);
});

test("the button is published as an event, not retained; a timer when it is set and when it ends", async () => {
  const world = await present();
  world.tap();
  await passes(world);
  const presses = broker(world).published.filter(({ topic }) => topic === `${BASE}/button`);
  assert.deepEqual(presses, [
    { topic: `${BASE}/button`, payload: '{"event_type":"press"}', isRetained: false },
  ]);
  world.tap();
  world.listen(1000);
  await world.controlServer.answer?.({
    command: "timers",
    order: { act: "set", seconds: 60, label: "eggs" },
  });
  await passes(world);
  const due = new Date(world.clock.wallMs() + 60_000).getTime();
  assert.ok(Math.abs(Date.parse(String(state(world)["next_timer"])) - due) < 2000);
  assert.equal(state(world)["next_timer_label"], "eggs");
  world.listen(62_000);
  await settled();
  world.tap(); // Silences it.
  await passes(world);
  assert.equal(state(world)["next_timer"], null);
});

test("Home Assistant's birth message: discovery is published again, once", async () => {
  const world = await present();
  const before = broker(world).published.length;
  const born = (text: string, isRetained = false): void =>
    broker(world).sink.message("homeassistant/status", text, isRetained);
  born("online", true);
  born("offline");
  await passes(world, 6000);
  assert.equal(broker(world).published.length, before);
  for (let i = 0; i < 50; i++) born("online");
  await passes(world, 900);
  assert.equal(broker(world).published.length, before, "not at once");
  await passes(world, 6000);
  assert.deepEqual(
    broker(world)
      .published.slice(before)
      .map(({ topic }) => topic),
    [DISCOVERY, `${BASE}/availability`, `${BASE}/state`],
  );
});

test("a broker that is down: back-off, logged once; after the reconnect all is published again", async () => {
  const world = await World.started(AT_BROKER);
  const { links } = world.presence.broker;
  const waits: number[] = [];
  for (let failures = 0; failures < 12; failures++) {
    broker(world).sink.closed(DOWN);
    const fromMs = world.clock.nowMs();
    const dialled = links.length;
    for (let s = 0; links.length === dialled && s < 600; s++) world.clock.advance(1000);
    waits.push(world.clock.nowMs() - fromMs);
  }
  assert.ok((waits[0] ?? 0) <= 1000 && (waits[5] ?? 0) > 10_000, waits.join());
  assert.ok(Math.max(...waits) <= BROKER_BACKOFF.maxMs + 1000, waits.join());
  assert.equal(world.lines("warning").filter((line) => line.includes("takes no")).length, 1);
  broker(world).sink.opened([]);
  await settled();
  assert.equal(texts(world, DISCOVERY).length, 1);
  world.listen(STABLE_MS + 1000);
  assert.equal(world.lines("notice").filter((line) => line.includes("is back")).length, 1);
  assert.equal((await status(world))["trouble"], null);
});

test("broker refuses: logged once with the remedy, retried in an hour, at once after a reload", async () => {
  const world = await World.started(AT_BROKER);
  const { links } = world.presence.broker;
  broker(world).sink.closed(REFUSED);
  world.clock.advance(REFUSED_WAIT_MS - 1000);
  assert.equal(links.length, 1);
  assert.equal((await status(world))["state"], "refused");
  world.clock.advance(2000);
  assert.equal(links.length, 2);
  broker(world).sink.closed(REFUSED);
  const lines = world.lines("warning").filter((line) => line.includes("refuses user"));
  assert.deepEqual(lines, ["The MQTT broker broker.test refuses user and password. Check"]);
  world.settings = { ...world.settings, "mqtt.password": "another" };
  world.appliance.reloaded(world.settings);
  await settled();
  assert.equal(links.length, 3);
  assert.equal(broker(world).target.password, "another");
});

test("a thousand reconnects leave nothing behind: one link, few lines, no queue", async () => {
  const world = await World.started(AT_BROKER);
  const { links } = world.presence.broker;
  for (let i = 0; i < 1000; i++) {
    const link = broker(world);
    link.sink.opened([]);
    await settled();
    link.sink.closed(DOWN);
    link.sink.opened([]); // What an ended link still says does not count.
    link.sink.message(`${BASE}/wake`, "PRESS", false);
    world.clock.advance(BROKER_BACKOFF.maxMs);
    await settled();
  }
  assert.equal(links.length, 1001);
  assert.equal(world.dialer.links.length, 0);
  const lines = world.journal.lines.filter(({ line }) => line.includes("MQTT"));
  assert.ok(lines.length <= 3, JSON.stringify(lines));
  assert.ok(links.slice(0, 1000).every(({ published }) => published.length === 3));
  assert.equal((await status(world))["connections"], 1000);
});

const CLOSED = fault("broker", "retry", "The MQTT broker broker.test has closed the connection");

test("another client with our id takes over for a day: two lines, and waits that grow", async () => {
  const world = await World.started(AT_BROKER);
  const { links } = world.presence.broker;
  const fromMs = world.clock.nowMs();
  // The other one waits as we do, by chance always the longest time.
  while (world.clock.nowMs() - fromMs < 24 * 3_600_000) {
    const link = broker(world);
    link.sink.opened([]);
    await settled();
    world.clock.advance(Math.min(BROKER_BACKOFF.maxMs, 1_000 * 2 ** (links.length - 2)));
    link.sink.closed(CLOSED);
    const dialled = links.length;
    while (links.length === dialled) world.clock.advance(1_000);
  }
  assert.ok(links.length < 300, `${links.length} in a day`);
  const lines = world.journal.lines.filter(({ line }) => line.includes("The MQTT broker"));
  assert.equal(lines.length, 2, `${lines.length} lines`);
  assert.match(lines[0]?.line ?? "", /has closed the connection; trying again/);
  assert.match(
    lines[1]?.line ?? "",
    new RegExp(`another client may have our id, pipit_${ID}, .*machine-id.*growing waits`),
  );
  const shown = await status(world);
  assert.ok(Number(shown["taken_over"]) > TAKEN_OVER_TOLD);
  assert.match(String(shown["trouble"]), /another client may have our id/);

  broker(world).sink.opened([]);
  await settled();
  world.clock.advance(4 * BROKER_BACKOFF.maxMs + 1_000);
  assert.equal(world.lines("notice").filter((line) => line.includes("is back")).length, 1);
  broker(world).sink.closed(CLOSED);
  world.clock.advance(BROKER_BACKOFF.firstMs);
  assert.equal((await status(world))["state"], "connecting", "soon again: that is another trouble");
});

test("a broker that takes nothing holds one publication and a few presses, however long", async () => {
  const world = await present();
  const link = broker(world);
  let asked = 0;
  link.take = () => {
    asked += 1;
    return new Promise(() => undefined);
  };
  for (let i = 0; i < 100; i++) {
    world.tap();
    world.listen(1000);
    await settled();
  }
  assert.equal(asked, 1);
  assert.equal((await status(world))["events_dropped"], 100 - EVENTS_MAX - 1);
});

test("switched off by a reload: all that is retained is cleared; a goodbye otherwise says offline", async () => {
  const world = await present();
  const link = broker(world);
  world.settings = { ...world.settings, "mqtt.url": "" };
  world.appliance.reloaded(world.settings);
  await settled();
  const last = link.published.slice(-3);
  assert.deepEqual(
    last.map(({ topic }) => topic),
    [DISCOVERY, `${BASE}/state`, `${BASE}/availability`],
  );
  assert.ok(last.every(({ payload, isRetained }) => payload === "" && isRetained));
  assert.ok(link.isClosed);
  assert.equal(world.presence.presenceFile.text, "");
  world.settings = { ...world.settings, "mqtt.url": "mqtt://broker.test" };
  world.appliance.reloaded(world.settings);
  await settled();
  broker(world).sink.opened([]);
  await settled();
  await world.appliance.stop();
  assert.deepEqual(broker(world).published.at(-1), {
    topic: `${BASE}/availability`,
    payload: "offline",
    isRetained: true,
  });
});

test("what an earlier run announced and is not wanted now is cleared at the next connection", async () => {
  const first = await present();
  const kept = first.presence.presenceFile.text;
  const world = new World({ ...AT_BROKER, "mqtt.discovery": "", "mqtt.prefix": "house" });
  world.presence.presenceFile.text = kept;
  await world.appliance.start();
  broker(world).sink.opened([]);
  await settled();
  const published = broker(world).published.map(({ topic, payload }) => [topic, payload === ""]);
  assert.deepEqual(published, [
    [DISCOVERY, true],
    [`${BASE}/state`, true],
    [`${BASE}/availability`, true],
    [`house/${ID}/availability`, false],
    [`house/${ID}/state`, false],
  ]);
});

test("a broker that was removed from the configuration: retained topics stay, logged once", async () => {
  const first = await present();
  const world = new World();
  world.presence.presenceFile.text = first.presence.presenceFile.text;
  await world.appliance.start();
  const lines = world.lines("notice").filter((line) => line.includes("could not be cleared"));
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /broker\.test\b.*delete the device there/);
  assert.equal(world.presence.presenceFile.text, "");
});

test("the password is in no publication, no line and no status; the hash tells drift, not names", async () => {
  const password = "never-to-be-seen";
  const world = await present({ "mqtt.password": password, "mqtt.username": "pipit" });
  const seen = [
    JSON.stringify(broker(world).published),
    JSON.stringify(world.journal.lines),
    JSON.stringify(await world.controlServer.answer?.({ command: "status", debug: true })),
    world.presence.presenceFile.text,
  ].join("\n");
  assert.ok(!seen.includes(password));
  const hash = state(world)["config_hash"];
  const same = await present({
    "mqtt.password": password,
    "mqtt.name": "Hall",
    "system.location": "the hall",
    "home_assistant.area": "Hall",
  });
  assert.equal(state(same)["config_hash"], hash);
  const other = await present({ "mqtt.password": password, "audio.volume": 0.3 });
  assert.notEqual(state(other)["config_hash"], hash);
});
