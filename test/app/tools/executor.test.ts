/** Functions carried out, as stories: the built-in ones in a whole appliance, and calls that misbehave. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkOf } from "../../../src/adapters/functions/schema-check.ts";
import { Executor, type Handler, RUNNING_MAX } from "../../../src/app/tools/executor.ts";
import { fault } from "../../../src/core/fault.ts";
import { builtInRows } from "../../../src/core/functions/built-in.ts";
import { Registry, USUAL } from "../../../src/core/functions/registry.ts";
import type { Settings } from "../../../src/core/settings/table.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { SimJournal } from "../../../src/sim/parts.ts";
import { settled, World } from "../../helpers/world.ts";

async function call(world: World, name: string, args: object = {}) {
  const request = { command: "tools", act: "call", name, arguments: JSON.stringify(args) } as const;
  const reply = await world.controlServer.answer?.(request);
  assert.ok(reply?.ok, JSON.stringify(reply));
  return { end: reply.data["end"], data: JSON.parse(String(reply.data["output"])) };
}

async function kitchen(changes: Partial<Settings> = {}): Promise<World> {
  const world = await World.started(changes);
  world.functionHost.checkOf = checkOf;
  return world;
}

test("the time, here and elsewhere", async () => {
  const world = await kitchen();
  assert.deepEqual((await call(world, "get_time")).data, {
    time: "00:00",
    date: "2026-01-01",
    weekday: "Thursday",
    zone: "UTC",
  });
  assert.equal((await call(world, "get_time", { zone: "Asia/Tokyo" })).data.time, "09:00");
  assert.match((await call(world, "get_time", { zone: "Tokio" })).data.error, /no zone 'Tokio'/);
});

test("timers by the words a model uses", async () => {
  const world = await kitchen();
  const set = await call(world, "set_timer", { seconds: 300, label: "pasta" });
  assert.deepEqual(set.data, { done: ['#1 timer "pasta": 5 min left, at 00:05'] });
  await call(world, "set_alarm", { at: "07:00", days: ["sat", "mon"], label: "" });
  const longer = await call(world, "change_timer", { which: "pasta", add_seconds: 60 });
  assert.deepEqual(longer.data, { done: ['#1 timer "pasta": 6 min left, at 00:06'] });
  await call(world, "change_timer", { which: "2", at: "08:15" });
  const { timers } = (await call(world, "list_timers")).data;
  assert.deepEqual(timers, [
    '#1 timer "pasta": 6 min left, at 00:06',
    "#2 alarm: 08:15 2026-01-01",
  ]);
  assert.match(
    (await call(world, "cancel_timer", { which: "rice" })).data.error,
    /No timer or alarm/,
  );
  const gone = await call(world, "cancel_timer", { which: "all" });
  assert.equal(gone.data.cancelled.length, 2);
  world.timerFile.trouble = { code: "not-stored", recovery: "report", message: "full", remedy: "" };
  const unsaved = await call(world, "set_timer", { seconds: 9 });
  assert.equal(unsaved.data.warning, "not on the disk: full");
});

test("volume, status and memory", async () => {
  const world = await kitchen({ "tools.memory": "on", "audio.volume": 0.5 });
  assert.deepEqual((await call(world, "set_volume", { change: "louder" })).data, { percent: 60 });
  assert.deepEqual((await call(world, "set_volume")).data, { percent: 60 });
  const { data } = await call(world, "get_status");
  assert.equal(data.microphone, "ok");
  assert.equal(data.cost_today_usd, 0);
  assert.deepEqual((await call(world, "remember", { fact: "Anna likes tea." })).data, {
    kept: ["Anna likes tea."],
  });
  assert.match(world.memoryFile.text ?? "", /- "Anna likes tea\."/);
  world.memoryFile.text = "facts:\n  - edited by hand\n";
  assert.match((await call(world, "forget", { about: "tea" })).data.error, /Nothing like that/);
  assert.deepEqual((await call(world, "forget", { about: "hand" })).data, {
    gone: ["edited by hand"],
  });
  world.memoryFile.text = "facts: oh no";
  assert.match((await call(world, "remember", { fact: "x y" })).data.error, /owner must repair/);
  assert.equal(world.memoryFile.text, "facts: oh no");
});

test("a full disk: the model is told that it is not stored, whatever it was", async () => {
  const world = await kitchen({ "tools.memory": "on" });
  const full = fault("not-stored", "report", "full");
  [world.memoryFile.full, world.volumeFile.full, world.timerFile.full] = [full, full, full];
  const asked: [string, object][] = [
    ["remember", { fact: "Anna likes tea." }],
    ["forget", { about: "tea" }],
    ["set_volume", { percent: 40 }],
    ["set_volume", { change: "louder" }],
    ["set_timer", { seconds: 9 }],
  ];
  for (const [name, args] of asked) {
    assert.equal((await call(world, name, args)).data.warning, "not on the disk: full", name);
  }
});

test("two things to remember at once: both are", async () => {
  const world = await kitchen({ "tools.memory": "on" });
  const facts = ["Anna likes tea.", "Ben likes milk.", "The cat is Tom."];
  await Promise.all(facts.map((fact) => call(world, "remember", { fact })));
  for (const fact of facts) assert.ok(world.memoryFile.text?.includes(fact), fact);
});

test("a memory file with more than fits is used, told once, and never written over", async () => {
  const world = await kitchen({ "tools.memory": "on" });
  const lines = Array.from({ length: 130 }, (_, n) => `  - fact number ${n}\n`);
  const text = `facts:\n${lines.join("")}`;
  world.memoryFile.text = text;
  for (let n = 0; n < 3; n++) {
    const { data } = await call(world, "remember", { fact: "one more" });
    assert.match(data.error, /holds more than 100 facts; the owner must shorten it first/);
  }
  assert.match((await call(world, "forget", { about: "number 3" })).data.error, /shorten it first/);
  assert.equal(world.memoryFile.text, text);
  assert.equal(world.lines("warning").filter((line) => line.includes("memory file")).length, 1);
});

test("a disk without room: the timer is told as not stored, and is stored when there is room", async () => {
  const world = await kitchen();
  const trouble = { code: "not-stored", recovery: "report", message: "full", remedy: "" } as const;
  world.timerFile.trouble = trouble;
  assert.match((await call(world, "set_timer", { seconds: 900 })).data.warning, /full/);
  assert.match((await call(world, "set_timer", { seconds: 901 })).data.warning, /full/);
  assert.equal(world.lines("warning").filter((line) => line === "full").length, 1);
  world.timerFile.trouble = null;
  world.clock.advance(61_000);
  await settled();
  assert.match(world.timerFile.text ?? "", /"entries"/);
  assert.ok(world.lines("notice").includes("The timers are stored again"));
});

test("functions: disabled or unknown ones are refused; wrong arguments are reported", async () => {
  const world = await kitchen({ "tools.disabled": ["get_time"] });
  assert.match((await call(world, "get_time")).data.error, /no function 'get_time'/);
  assert.match((await call(world, "remember", { fact: "x" })).data.error, /no function/);
  const { data, end } = await call(world, "set_timer", { minutes: 5 });
  assert.equal(end, "arguments");
  assert.match(data.error, /required property 'seconds'/);
  const notices = world.lines("notice").filter((line) => line.startsWith("Function"));
  assert.equal(notices.length, 3);
  assert.ok(!notices.some((line) => line.includes("minutes")), "no arguments in the journal");
});

test("the owner's own function in a whole appliance; a reload brings another", async () => {
  const http = { url: "https://x.test/" };
  const custom = { weather: { description: "Tells the weather.", http, timeout_s: 2 } };
  const world = await kitchen({ "tools.custom": custom });
  world.functionHost.works.set("weather", async () => ({ ok: true, data: "rain" }));
  assert.equal((await call(world, "weather")).data, "rain");
  world.functionHost.works.set("weather", () => new Promise(() => {}));
  const late = call(world, "weather");
  await world.clock.advanceAsync(2_100);
  assert.equal((await late).end, "late");
  world.settings = { ...world.settings, "tools.custom": {} };
  assert.match((await call(world, "weather")).data.error, /no function/);
});

class Bench {
  readonly clock = new SimClock();
  readonly journal = new SimJournal();
  readonly executor: Executor;
  constructor(handler: Handler, timeLimitMs = 5_000) {
    const own = { name: "f", description: "", parameters: { type: "object" }, timeLimitMs };
    const registry = new Registry([{ ...USUAL, ...own, where: "http" }]);
    this.executor = new Executor({
      clock: this.clock,
      journal: this.journal,
      registry: () => registry,
      handler: () => handler,
      checkOf: async () => () => [],
    });
  }
}

test("abort: a cancelled call ends at once, and its work is aborted", async () => {
  let reported = false;
  const bench = new Bench((_args, signal) => {
    signal.addEventListener("abort", () => {
      reported = true;
    });
    return new Promise(() => {});
  });
  const called = bench.executor.call("f", "{}", "call_1");
  assert.equal(await bench.executor.call("f", "{}", "call_1"), null);
  await settled();
  bench.executor.abort("call_1");
  bench.executor.abort("call_2");
  assert.equal((await called)?.end, "aborted");
  assert.ok(reported);
  assert.equal(bench.executor.running, 0);
  assert.equal(bench.clock.pending(), 0);
});

test("concurrency limit: further calls are refused, running ones go on", async () => {
  const bench = new Bench(() => new Promise(() => {}));
  const all = Array.from({ length: 100 }, (_, n) => bench.executor.call("f", "{}", `c${n}`));
  await settled();
  assert.equal(bench.executor.running, RUNNING_MAX);
  await bench.clock.advanceAsync(5_000);
  const ends = (await Promise.all(all)).map((called) => called?.end);
  assert.equal(ends.filter((end) => end === "late").length, RUNNING_MAX);
  assert.equal(ends.filter((end) => end === "busy").length, 100 - RUNNING_MAX);
  assert.equal(bench.executor.running, 0);
});

test("property: every call ends once, in its time, and nothing leaks", async () => {
  const dice = new SimDice(7);
  const bench = new Bench((_args, signal) => {
    const ms = dice.unit() * 8_000;
    return new Promise((resolve) => {
      const isFine = dice.unit() < 0.8;
      const end = isFine ? ({ ok: true, data: 1 } as const) : ({ ok: false, error: "" } as const);
      signal.addEventListener(
        "abort",
        bench.clock.after(ms, () => resolve(end)),
      );
    });
  });
  const ends = new Map<string, number>();
  for (let n = 0; n < 3_000; n++) {
    const id = `c${n}`;
    // Its end is noted when time has gone on by up to 900 ms.
    void bench.executor.call("f", dice.unit() < 0.1 ? "{" : "{}", id).then((called) => {
      assert.ok(called !== null && called.ms <= 5_900, JSON.stringify(called));
      ends.set(id, (ends.get(id) ?? 0) + 1);
    });
    if (dice.unit() < 0.2) bench.executor.abort(`c${n - Math.floor(dice.unit() * 4)}`);
    await settled();
    bench.clock.advance(dice.unit() * 900);
  }
  await bench.clock.advanceAsync(10_000);
  assert.equal(ends.size, 3_000);
  assert.ok([...ends.values()].every((count) => count === 1));
  assert.equal(bench.executor.running, 0);
  assert.equal(bench.clock.pending(), 0);
});

test("every built-in function has somebody who carries it out", async () => {
  const world = await kitchen({ "tools.memory": "on", "camera.source": "auto" });
  for (const { name } of builtInRows({ memory: true, camera: true })) {
    const { end } = await call(world, name);
    assert.ok(end === "ok" || end === "arguments" || end === "failed", `${name}: ${end}`);
  }
});
