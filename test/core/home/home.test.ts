/** The house in words: its address, its devices, what is asked first, what its answers mean. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Entity,
  entitiesIn,
  homeWriter,
  PROMPT_MAX_BYTES,
} from "../../../src/core/home/entities.ts";
import { mustConfirm } from "../../../src/core/home/guard.ts";
import { baseOf, homeServer } from "../../../src/core/home/spec.ts";
import { failureOf, sentenceResult } from "../../../src/core/home/translate.ts";
import { matches } from "../../../src/core/mcp/servers.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";

const WORDS = DEFAULTS["home_assistant.confirm"];
const HOUSE: readonly Entity[] = [
  { names: ["Kitchen Lamp", "Worktop"], domain: "light", areas: ["Kitchen"], deviceClass: "" },
  { names: ["Door Lamp"], domain: "light", areas: ["Hallway"], deviceClass: "" },
  { names: ["Front", "Haustür"], domain: "lock", areas: ["Hallway"], deviceClass: "" },
  { names: ["Big Roller"], domain: "cover", areas: ["Yard"], deviceClass: "garage" },
  { names: ["Blind"], domain: "cover", areas: ["Kitchen"], deviceClass: "blind" },
  { names: ["Gate relay"], domain: "switch", areas: ["Yard"], deviceClass: "" },
];

function asks(tool: string, args: Record<string, unknown>, words = WORDS): boolean {
  return mustConfirm(words, HOUSE, tool, args);
}

test("asked first: whatever may move a lock, a garage, a gate; and nothing else", () => {
  assert.ok(asks("HassTurnOff", { name: "Front" }));
  assert.ok(asks("HassTurnOff", { name: "haustür" }), "by its other name");
  assert.ok(asks("HassTurnOn", { name: "Big Roller" }), "by what it is");
  assert.ok(asks("HassTurnOn", { name: "Gate relay" }), "by what it is called");
  assert.ok(asks("HassTurnOff", { area: "Hallway" }), "all of the hallway");
  assert.ok(asks("HassTurnOff", { floor: "Ground" }), "a floor may have anything");
  assert.ok(asks("HassTurnOn", { area: "Kitchen", domain: ["lock"] }));
  assert.ok(asks("HassTurnOn", { device_class: ["garage_door"] }));
  assert.ok(asks("HassTurnOn", { name: "the back door" }), "a name that nobody knows");
  assert.ok(asks("unlock_everything", {}), "a script");
  assert.ok(asks("ask_home_assistant", { text: "open big roller please" }));

  assert.ok(!asks("HassTurnOn", { name: "Kitchen Lamp" }));
  assert.ok(!asks("HassTurnOn", { name: "Door Lamp" }), "a lamp opens nothing");
  assert.ok(!asks("HassTurnOn", { name: "Blind" }));
  assert.ok(!asks("HassTurnOff", { area: "Kitchen" }));
  assert.ok(!asks("HassTurnOff", { area: "Hallway", domain: ["light"] }));
  assert.ok(!asks("GetLiveContext", { domain: "lock" }), "looking is free");
  assert.ok(!asks("ask_home_assistant", { text: "movie time" }));
  assert.ok(!asks("HassTurnOff", { name: "Front" }, []), "nothing is wanted");
  assert.ok(asks("HassTurnOn", { name: "Kitchen Lamp" }, ["kitchen lamp"]), "one by its name");
});

test("the address: as owners copy it", () => {
  for (const [given, base] of [
    ["http://homeassistant.local:8123/", "http://homeassistant.local:8123"],
    ["http://homeassistant.local", "http://homeassistant.local"],
    ["https://ha.example/lovelace/0?x=1", "https://ha.example"],
    ["https://ha.example/api/mcp", "https://ha.example"],
    ["https://example.org/house/config/dashboard", "https://example.org/house"],
  ]) {
    assert.equal(baseOf(given ?? ""), base);
  }
});

test("its tools: two are ours already, under each name they have; - takes out, others take in", () => {
  const spec = (tools: readonly string[]) => {
    const url = "http://ha.test";
    return homeServer({ ...DEFAULTS, "home_assistant.url": url, "home_assistant.tools": tools })
      ?.spec;
  };
  const all = spec([]);
  assert.ok(all && all.allow.length === 0);
  for (const name of ["GetDateTime", "assist__GetDateTime", "assist.HassCancelAllTimers"]) {
    assert.ok(matches(all.deny, name), name);
  }
  assert.ok(matches(spec(["-HassBroadcast"])?.deny ?? [], "HassBroadcast"));
  assert.deepEqual(spec(["HassTurnOn", "-x"])?.allow, ["HassTurnOn"]);
  assert.equal(homeServer(DEFAULTS), null);
});

test("its prompt: two sentences are wrong here and go; it is cut where a house is huge", () => {
  const prompt =
    "Be kind. When a user asks to turn on all devices, ask user to specify an area, unless there is one.\nThis device is not able to start timers.\nStatic Context:\n- names: 'On, Off'\n  domain: light\n  areas: Hall, Attic\n";
  const told = homeWriter(prompt, "Hall")(Infinity).join("\n");
  assert.match(told, /Be kind\./);
  assert.doesNotMatch(told, /specify an area|start timers/);
  assert.deepEqual(entitiesIn(prompt), [
    { names: ["On", "Off"], domain: "light", areas: ["Hall", "Attic"], deviceClass: "" },
  ]);
  const huge = homeWriter("- names: x\n".repeat(50_000), "")(Infinity);
  assert.ok(huge.join("\n").length < PROMPT_MAX_BYTES + 1_000);
  assert.match(huge.join("\n"), /cut: the whole has/);
  const bytes = (lines: readonly string[]): number => Buffer.byteLength(lines.join("\n"));
  const write = homeWriter("- names: Küche\n".repeat(500), "Hall");
  assert.doesNotMatch(write(0).join("\n"), /Küche|of itself/);
  assert.match(write(0).join("\n"), /You stand in the area Hall/);
  for (const room of [100, 400, 1_000, 5_000]) {
    assert.ok(bytes(write(room)) <= bytes(write(0)) + room, `${room}`);
  }
  assert.match(write(1_000).join("\n"), /Küche.*cut: the whole has/s);
});

test("failures: a sentence for each reason, and never Python", () => {
  for (const reason of [
    "NAME",
    "AREA",
    "STATE",
    "ASSISTANT",
    "MULTIPLE_TARGETS",
    "DUPLICATE_NAME",
    "NEW_ONE",
  ]) {
    const told = failureOf(
      `Error calling tool: <MatchFailedError result=<MatchFailedReason.${reason}: 1>>`,
    );
    assert.match(told, /; nothing was done$/);
    assert.doesNotMatch(told, /Match|<|Error/);
  }
  assert.match(
    failureOf("sequence item 4: expected str instance, coroutine found"),
    /error of its own/,
  );
  assert.match(failureOf("Error calling tool: Light is offline"), /Light is offline/);
  const refused = { response: { response_type: "error", data: { code: "no_valid_targets" } } };
  assert.deepEqual(sentenceResult(refused, 100), {
    ok: false,
    error: "No device fits; nothing was done",
  });
  assert.equal(sentenceResult("<html>", 100).ok, false);
});

test("a house whose text is one endless line is read in time that grows with its length", () => {
  for (const text of [
    "x".repeat(1e6),
    "not able ".repeat(1e5),
    " ".repeat(1e6),
    "a: ".repeat(3e5),
  ]) {
    const beganMs = performance.now();
    homeWriter(text, "")(Infinity);
    entitiesIn(text);
    // Its square would take minutes.
    assert.ok(performance.now() - beganMs < 5_000, `${text.slice(0, 9)}…`);
  }
});
