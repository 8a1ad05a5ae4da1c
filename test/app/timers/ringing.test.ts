/** Timers and alarms as stories: the whole appliance in virtual time, nobody on the network. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimerOrder } from "../../../src/core/control.ts";
import type { Settings } from "../../../src/core/settings/table.ts";
import { SimStateFile } from "../../../src/sim/parts.ts";
import { RING_VALUE, settled, World } from "../../helpers/world.ts";

const MINUTE_MS = 60_000;

async function order(world: World, request: TimerOrder) {
  const reply = await world.controlServer.answer?.({ command: "timers", order: request });
  assert.ok(reply?.ok, JSON.stringify(reply));
  return reply.data;
}

async function refused(world: World, request: TimerOrder): Promise<string> {
  const reply = await world.controlServer.answer?.({ command: "timers", order: request });
  assert.ok(reply?.ok === false);
  return reply.error;
}

/** A world that begins with what another one has left on the disk. */
async function restarted(disk: SimStateFile, afterMs = 0, changes: Partial<Settings> = {}) {
  const world = new World(changes, 2, new SimStateFile(disk.text));
  world.clock.jumpWall(afterMs);
  await world.appliance.start();
  return world;
}

/** Strokes of the bell so far, each by its loudness against the recording. */
function strokes(world: World): number[] {
  const all = world.speaker.queued;
  const found: number[] = [];
  for (let at = 0; at < all.length; at += 24_000) found.push((all[at] ?? 0) / RING_VALUE);
  return found;
}

function led(world: World): unknown {
  return world.leds.shown.at(-1);
}

async function ringing(changes: Partial<Settings> = {}): Promise<World> {
  const world = await World.started(changes);
  await order(world, { act: "set", seconds: 60, label: "eggs" });
  world.clock.advance(MINUTE_MS + 10);
  assert.equal(led(world), "ringing");
  return world;
}

test("a timer is on the disk before it is answered, rings on time, and grows louder", async () => {
  const world = await World.started();
  const data = await order(world, { act: "set", seconds: 300, label: "eggs" });
  assert.deepEqual(data["done"], ['#1 timer "eggs": 5 min left, at 00:05']);
  assert.match(world.timerFile.text ?? "", /"eggs"/);
  world.clock.advance(300_000 - 1);
  assert.deepEqual(strokes(world), []);
  world.clock.advance(1);
  assert.equal(led(world), "ringing");
  world.clock.advance(40_000);
  const heard = strokes(world);
  assert.equal(heard.length, 21);
  assert.ok((heard[0] ?? 1) < 0.2 && (heard[20] ?? 0) > 0.79, String(heard));
  assert.deepEqual(
    heard,
    heard.toSorted((a, b) => a - b),
  );
});

test("ringing: a tap silences it and starts no conversation; the next one does", async () => {
  const world = await ringing();
  world.tap();
  await settled();
  assert.equal(led(world), "idle");
  assert.equal(world.dialer.links.length, 0);
  const before = strokes(world).length;
  world.clock.advance(10 * MINUTE_MS);
  assert.equal(strokes(world).length, before);
  assert.doesNotMatch(world.timerFile.text ?? "", /eggs/);
  world.tap();
  assert.equal(world.dialer.links.length, 1);
});

test("ringing: the wake word silences it and starts a conversation; pipit stop only silences it", async () => {
  const called = await ringing();
  called.wake();
  assert.equal(called.dialer.links.length, 1);
  assert.equal(led(called), "connecting");

  const stopped = await ringing();
  const reply = await stopped.controlServer.answer?.({ command: "stop" });
  assert.ok(reply?.ok);
  assert.equal(led(stopped), "idle");
  assert.equal(stopped.dialer.links.length, 0);
});

test("it rings while muted, and without a key", async () => {
  const world = await World.started({ "openai.api_key": "" });
  await world.controlServer.answer?.({ command: "mute", on: true });
  await order(world, { act: "set", seconds: 5, label: "" });
  world.clock.advance(5_010);
  assert.equal(led(world), "ringing");
  assert.equal(strokes(world).length, 1);
  world.tap();
  assert.equal(led(world), "muted");
});

test("ringing has a time limit; then it is reported as missed", async () => {
  const world = await ringing();
  world.clock.advance(15 * MINUTE_MS + 1_000);
  assert.equal(led(world), "idle");
  const rung = strokes(world).length;
  world.clock.advance(MINUTE_MS);
  assert.equal(strokes(world).length, rung);
  const data = await order(world, { act: "list" });
  assert.deepEqual(data["missed"], ['timer "eggs" at 2026-01-01 00:01']);
  assert.ok(world.lines("notice").some((line) => line.startsWith("Nobody stopped the ringing")));
});

test("a timer due during a conversation waits for the reply, not for a follow-up window", async () => {
  const world = await World.started();
  await order(world, { act: "set", seconds: 20, label: "eggs" });
  world.wake();
  world.accept();
  world.listen(3000);
  world.heardSpeech();
  world.server("response.created", { response: { id: "r1" } });
  world.delta("r1", "i1", 25_000);
  world.done("r1");
  world.listen(18_000);
  assert.equal(led(world), "speaking");
  assert.ok(!world.speaker.queued.includes(0.16 * RING_VALUE), "not over the answer");
  world.listen(8_000);
  await settled();
  world.listen(1_000);
  assert.equal(led(world), "ringing");
});

test("a timer due during an endless reply ends it", async () => {
  const world = await World.started();
  await order(world, { act: "set", seconds: 5, label: "eggs" });
  world.wake();
  world.accept();
  world.listen(2_000);
  world.heardSpeech();
  world.server("response.created", { response: { id: "r1" } });
  world.delta("r1", "i1", 120_000);
  world.listen(20_000);
  assert.equal(led(world), "speaking");
  world.listen(5_000);
  await settled();
  world.listen(1_000);
  assert.equal(led(world), "ringing");
});

test("restart: timers persist; missed by a little they ring, by much they are reported", async () => {
  const world = await World.started();
  await order(world, { act: "set", seconds: 600, label: "bread" });
  const before = await restarted(world.timerFile, 5 * MINUTE_MS);
  before.clock.advance(5 * MINUTE_MS + 1_000);
  assert.equal(led(before), "ringing");
  const late = await restarted(world.timerFile, 19 * MINUTE_MS);
  assert.equal(led(late), "ringing");
  const tooLate = await restarted(world.timerFile, 21 * MINUTE_MS);
  assert.equal(led(tooLate), "idle");
  const data = await order(tooLate, { act: "list" });
  assert.deepEqual(data["missed"], ['timer "bread" at 2026-01-01 00:10']);
});

test("power cut while ringing: it rings again, unless it was silenced", async () => {
  const world = await ringing();
  const cut = await restarted(world.timerFile, 2 * MINUTE_MS);
  assert.equal(led(cut), "ringing");
  cut.tap();
  await settled();
  const again = await restarted(cut.timerFile, 3 * MINUTE_MS);
  assert.equal(led(again), "idle");
});

test("two at once are one ringing; a third joins; one tap is enough", async () => {
  const world = await World.started();
  for (const [seconds, label] of [
    [30, "tea"],
    [30, "eggs"],
    [33, "rice"],
  ] as const) {
    await order(world, { act: "set", seconds, label });
  }
  world.clock.advance(34_000);
  const data = await order(world, { act: "list" });
  assert.deepEqual(data["ringing"], ['#1 timer "tea"', '#2 timer "eggs"', '#3 timer "rice"']);
  assert.equal(strokes(world).length, 2 + 1);
  world.tap();
  await settled();
  assert.deepEqual((await order(world, { act: "list" }))["timers"], []);
});

test("snoozed, it comes again; nothing rang, nothing is snoozed", async () => {
  const world = await ringing();
  const data = await order(world, { act: "snooze", minutes: 5 });
  assert.deepEqual(data["done"], ['#2 timer "eggs": 5 min left, at 00:06']);
  assert.equal(led(world), "idle");
  world.clock.advance(5 * MINUTE_MS);
  assert.equal(led(world), "ringing");
  world.tap();
  world.clock.advance(11 * MINUTE_MS);
  assert.equal(
    await refused(world, { act: "snooze", minutes: 5 }),
    "Nothing has rung in the last minutes",
  );
});

test("which one is meant: by label, by number, by being the only one; else it asks", async () => {
  const world = await World.started();
  assert.equal(await refused(world, { act: "cancel", which: "" }), "There is no timer or alarm");
  await order(world, { act: "set", seconds: 600, label: "pasta" });
  await order(world, { act: "set", seconds: 700, label: "sauce" });
  assert.match(await refused(world, { act: "cancel", which: "" }), /^Several fit; ask which/);
  assert.match(
    await refused(world, { act: "cancel", which: "rice" }),
    /there are: #1 timer "pasta"/,
  );
  const longer = await order(world, { act: "add", which: "the pasta one", seconds: 60 });
  assert.deepEqual(longer["done"], ['#1 timer "pasta": 11 min left, at 00:11']);
  const gone = await order(world, { act: "cancel", which: "2" });
  assert.deepEqual(gone["cancelled"], ['#2 timer "sauce": 11 min 40 s left, at 00:11']);
  await order(world, { act: "cancel", which: "" });
  assert.deepEqual((await order(world, { act: "list" }))["timers"], []);
});

test("cancelled while it rings, it is silent", async () => {
  const world = await ringing();
  await order(world, { act: "cancel", which: "eggs" });
  assert.equal(led(world), "idle");
});

test("a clock that is put right moves no timer, but every alarm", async () => {
  const world = await World.started();
  await order(world, { act: "set", seconds: 600, label: "tea" });
  await order(world, { act: "alarm", at: "02:05", days: [], label: "" });
  world.clock.advance(60_000);
  world.clock.jumpWall(2 * 3_600_000);
  world.clock.advance(60_000);
  const lines = (await order(world, { act: "list" }))["lines"];
  assert.deepEqual(lines, ["#2 alarm: 02:05 2026-01-01", '#1 timer "tea": 8 min left, at 02:10']);
  world.clock.advance(3 * MINUTE_MS);
  assert.equal(led(world), "ringing");
});

test("a clock that nobody has set yet rings no old alarm, for five minutes at most", async () => {
  const first = await World.started();
  await order(first, { act: "alarm", at: "00:02", days: [], label: "up" });
  const world = new World({}, 3, new SimStateFile(first.timerFile.text));
  world.calendar.hasTime = false;
  await world.appliance.start();
  world.clock.advance(3 * MINUTE_MS);
  assert.equal(led(world), "idle");
  await order(world, { act: "set", seconds: 30, label: "own" });
  world.clock.advance(31_000);
  assert.equal(led(world), "ringing");
  world.tap();
  world.clock.advance(2 * MINUTE_MS);
  assert.equal(led(world), "ringing", "by the clock there is");
});

test("another zone is another time", async () => {
  const world = await World.started();
  await order(world, { act: "alarm", at: "07:00", days: ["daily"], label: "" });
  world.calendar.zoneName = "Asia/Kolkata"; // 05:30 ahead: it is 05:31 there.
  const lines = (await order(world, { act: "list" }))["lines"];
  assert.deepEqual(lines, ["#1 alarm: 07:00 every day, next 2026-01-01"]);
  world.clock.advance(90 * MINUTE_MS);
  assert.equal(led(world), "ringing");
});

test("full disk: reported, the timer rings all the same; a corrupt file is kept aside", async () => {
  const world = await World.started();
  world.timerFile.trouble = {
    code: "not-stored",
    recovery: "report",
    message: "The timers could not be stored: the disk is full",
    remedy: "",
  };
  const data = await order(world, { act: "set", seconds: 10, label: "" });
  assert.equal(data["not_stored"], "The timers could not be stored: the disk is full");
  world.clock.advance(10_010);
  assert.equal(led(world), "ringing");
  const torn = new World({}, 4, new SimStateFile("{ torn"));
  await torn.appliance.start();
  assert.equal(torn.timerFile.aside, "{ torn");
  assert.equal(torn.lines("error").length, 1);
});

test("at rest, nothing wakes the machine for timers that do not exist", async () => {
  const world = await World.started();
  const before = world.clock.pending();
  await order(world, { act: "set", seconds: 600, label: "" });
  assert.equal(world.clock.pending(), before + 1);
  await order(world, { act: "cancel", which: "all" });
  assert.equal(world.clock.pending(), before);
});
