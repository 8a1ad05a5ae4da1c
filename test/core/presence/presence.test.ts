/** What is told to a broker, and what is taken from it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SAY_MAX_CHARS } from "../../../src/core/control.ts";
import { fields, record } from "../../../src/core/json.ts";
import { PHASES } from "../../../src/core/phase.ts";
import { announcedIn, announcedText, staleAt } from "../../../src/core/presence/announced.ts";
import { discoveryPayload, pressPayload } from "../../../src/core/presence/discovery.ts";
import { readIncoming } from "../../../src/core/presence/incoming.ts";
import { type PresenceNow, statePayload } from "../../../src/core/presence/state.ts";
import { retainedOf, subscriptionsOf, topicsOf } from "../../../src/core/presence/topics.ts";

const TOPICS = topicsOf("pipit", "0123456789ab", "homeassistant");
const APPLIANCE = {
  id: "0123456789ab",
  name: "Kitchen",
  area: "Kitchen",
  hardware: "Pi 4",
  version: "1.2.3",
};
const NOW: PresenceNow = {
  phase: "idle",
  isMuted: false,
  model: "gpt-realtime",
  conversationsToday: 2,
  costTodayUsd: 0.123_456_7,
  budgetLeftUsd: null,
  dayStart: "2026-11-28T00:00:00.000Z",
  lastFault: null,
  nextTimer: { due: "2026-11-28T18:32:00.000Z", label: "eggs" },
  volume: 40,
  version: "1.2.3",
  name: "Kitchen",
  configHash: "abcdefabcdef",
  isConfigInForce: true,
};

function discovery() {
  const message = record(JSON.parse(discoveryPayload(APPLIANCE, TOPICS))) ?? {};
  return { message, components: Object.entries(fields(message, "cmps")) };
}

test("one discovery message, by the rules of Home Assistant's schema", () => {
  const { message, components } = discovery();
  assert.equal(TOPICS.discovery, "homeassistant/device/pipit_0123456789ab/config");
  assert.deepEqual(fields(message, "dev")["ids"], ["pipit_0123456789ab"]);
  assert.equal(fields(message, "dev")["sa"], "Kitchen");
  const nowhere = JSON.parse(discoveryPayload({ ...APPLIANCE, area: "" }, TOPICS));
  assert.ok(!("sa" in nowhere.dev));
  assert.equal(fields(message, "o")["name"], "pipit");
  assert.equal(message["avty_t"], "pipit/0123456789ab/availability");
  const ids = components.map(([key, of]) => {
    const one = record(of) ?? {};
    assert.equal(typeof one["p"], "string", `${key} has no platform`);
    // A device trigger has no unique_id; everything else must have one.
    const id = one["unique_id"];
    assert.equal(typeof id === "string", one["p"] !== "device_automation", key);
    return id ?? key;
  });
  assert.equal(new Set(ids).size, components.length);
  const kinds = components.map(([, of]) => String(record(of)?.["p"]));
  for (const kind of ["sensor", "switch", "number", "button", "event", "notify", "update"]) {
    assert.ok(kinds.includes(kind), kind);
  }
  assert.equal(kinds.filter((kind) => kind === "device_automation").length, 3);
  const state = fields(fields(message, "cmps"), "state");
  assert.deepEqual(state["options"], PHASES);
});

test("each template asks for a field that the state has; each topic is one of ours", () => {
  const state = Object.keys(JSON.parse(statePayload(NOW)));
  const press = Object.keys(JSON.parse(pressPayload("double")));
  const listened = subscriptionsOf(TOPICS);
  let templates = 0;
  for (const [key, of] of discovery().components) {
    const one = record(of) ?? {};
    const command = one["command_topic"];
    if (command !== undefined) assert.ok(listened.includes(String(command)), key);
    const topic = one["state_topic"] ?? one["topic"];
    const known = topic === TOPICS.button ? press : state;
    for (const value of Object.values(one)) {
      for (const [, field] of String(value).matchAll(/value_json\.(\w+)/g)) {
        templates += 1;
        assert.ok(known.includes(field ?? ""), `${key}: ${field}`);
      }
    }
  }
  assert.ok(templates >= 12, `${templates} templates were looked at`);
});

test("the state of nothing special, and of a fault longer than Home Assistant takes", () => {
  assert.deepEqual(JSON.parse(statePayload({ ...NOW, nextTimer: null })), {
    state: "idle",
    muted: false,
    model: "gpt-realtime",
    conversations_today: 2,
    cost_today_usd: 0.1235,
    budget_left_usd: null,
    day_start: "2026-11-28T00:00:00.000Z",
    last_fault: null,
    next_timer: null,
    next_timer_label: null,
    volume: 40,
    name: "Kitchen",
    version: "1.2.3",
    config: "in force",
    config_hash: "abcdefabcdef",
  });
  const long = JSON.parse(statePayload({ ...NOW, lastFault: "x".repeat(600) }));
  assert.equal(long.last_fault.length, 250);
});

test("commands are read; whatever else comes is counted and does nothing", () => {
  const { mute, volume, wake, stop, say, birth } = TOPICS;
  const read = (topic: string, text: string | null, isRetained = false) =>
    readIncoming(TOPICS, topic, text, isRetained);
  const command = (request: object) => ({ tag: "command", request });
  const ignored = (why: string) => ({ tag: "ignored", why });
  assert.deepEqual(read(mute, "ON"), command({ command: "mute", on: true }));
  assert.deepEqual(read(mute, "OFF"), command({ command: "mute", on: false }));
  assert.deepEqual(read(volume, "35"), command({ command: "volume", percent: 35 }));
  assert.deepEqual(read(volume, "35.0"), command({ command: "volume", percent: 35 }));
  assert.deepEqual(read(wake, "PRESS"), command({ command: "wake" }));
  assert.deepEqual(read(stop, "PRESS"), command({ command: "stop" }));
  assert.deepEqual(
    read(say, "Tea\nis ready\u0007"),
    command({ command: "say", text: "Tea is ready" }),
  );
  assert.deepEqual(read(birth ?? "", "online"), { tag: "born" });
  for (const [topic, text] of [
    [mute, "on"],
    [mute, ""],
    [volume, "101"],
    [volume, "-1"],
    [volume, "1e2"],
    [volume, "٣"],
    [volume, "NaN"],
    [wake, ""],
    [wake, "PRESS\n"],
    [stop, null],
    [say, " \u0000\u200b "],
    [say, "a".repeat(SAY_MAX_CHARS + 1)],
    [say, null],
    [birth, "offline"],
  ] as const) {
    assert.deepEqual(read(topic ?? "", text), ignored("payload"), `${topic} ${text}`);
  }
  assert.deepEqual(read("pipit/other/wake", "PRESS"), ignored("topic"));
  assert.deepEqual(read("", null), ignored("topic"));
  for (const topic of subscriptionsOf(TOPICS)) {
    assert.deepEqual(read(topic, "PRESS", true), ignored("retained"), topic);
  }
});

test("without discovery nothing is announced, and no birth is waited for", () => {
  const topics = topicsOf("pipit", "0123456789ab", "");
  assert.equal(topics.discovery, null);
  assert.ok(!subscriptionsOf(topics).some((topic) => topic.includes("status")));
  assert.deepEqual(readIncoming(topics, "homeassistant/status", "online", false), {
    tag: "ignored",
    why: "topic",
  });
});

test("what was announced and is not wanted any more is known, at its own broker only", () => {
  const before = { broker: "broker.lan:1883", topics: retainedOf(TOPICS) };
  const stored = announcedIn(announcedText(before));
  assert.deepEqual(stored, before);
  const silent = topicsOf("pipit", "0123456789ab", "");
  assert.deepEqual(staleAt("broker.lan:1883", stored, silent), [TOPICS.discovery]);
  assert.deepEqual(staleAt("broker.lan:1883", stored, TOPICS), []);
  assert.deepEqual(staleAt("other.lan:1883", stored, silent), []);
  assert.deepEqual(
    staleAt("broker.lan:1883", stored, topicsOf("house", "0123456789ab", "homeassistant")),
    ["pipit/0123456789ab/state", "pipit/0123456789ab/availability"],
  );
  for (const text of ["", "{", "[]", '{"broker":1}', '{"broker":"b","topics":{}}']) {
    assert.equal(announcedIn(text), null, text);
  }
});
