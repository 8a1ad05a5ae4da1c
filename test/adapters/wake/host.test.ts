/** The keeper of a wake-word engine: restarts, backoff, hangs, bounds; in simulated time. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { IN_FLIGHT_MAX, WakeHost, type WakeProcessSink } from "../../../src/adapters/wake/host.ts";
import {
  type HostRequest,
  parseReply,
  parseRequest,
  serveWake,
} from "../../../src/adapters/wake/protocol.ts";
import { FaultError, fault } from "../../../src/core/fault.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { wordsAt } from "../../helpers/wake-words.ts";

const FRAME = new Int16Array(512);
const SETUP = { words: wordsAt(0.7, "computer"), accessKey: "", modelPath: "" };
const START_MAX_MS = 10_000;

/** Engines that do what they are told, and a record of what the owner of the host was told. */
class World {
  readonly clock = new SimClock();
  readonly engines: { sink: WakeProcessSink; requests: HostRequest[]; killed: boolean }[] = [];
  readonly sent: string[] = [];
  spawnThrows: boolean = false;
  readonly host = new WakeHost({
    setup: SETUP,
    asks: true,
    startMaxMs: START_MAX_MS,
    clock: this.clock,
    dice: new SimDice(),
    spawn: (sink) => {
      if (this.spawnThrows) throw new Error("no more processes");
      const requests: HostRequest[] = [];
      const engine = { sink, requests, killed: false };
      this.engines.push(engine);
      return {
        post: (request) => engine.requests.push(request),
        kill: async () => {
          engine.killed = true;
        },
      };
    },
  });

  start(): this {
    this.host.start({
      detected: (keyword, endSample) => this.sent.push(`${keyword} ${endSample}`),
      lost: (cause) => this.sent.push(`lost ${cause.recovery} ${cause.message}`),
      flowing: () => this.sent.push("flowing"),
    });
    return this;
  }

  /** Frames as they come from a microphone, a hundred milliseconds each time. */
  feedFor(ms: number): void {
    for (let atMs = 0; atMs < ms; atMs += 100) {
      this.host.feed(FRAME, atMs);
      this.clock.advance(100);
    }
  }

  get engine() {
    const engine = this.engines.at(-1);
    if (engine === undefined) throw new Error("no engine yet");
    return engine;
  }
}

test("it starts one engine, feeds it once ready, and passes on what it hears", async () => {
  const world = new World().start();
  world.host.feed(FRAME, 100);
  assert.equal(world.host.framesDropped, 1);
  world.engine.sink.reply({ tag: "ready" });
  world.host.feed(FRAME, 868);
  world.engine.sink.reply({ tag: "detected", keyword: "computer", endSample: 868 });
  world.engine.sink.reply({ tag: "taken", count: 1 });
  assert.deepEqual(world.sent, ["flowing", "computer 868"]);
  await Promise.resolve();
  assert.deepEqual(
    world.engine.requests.map((request) => request.tag),
    ["start", "frames"],
  );
  assert.equal(world.host.framesWaiting, 0);
  await world.host.close();
  await world.host.close();
  assert.ok(world.engine.killed);
  assert.equal(world.clock.pending(), 0);
});

test("what comes at once goes in one message, in order, and before a change of words", async () => {
  const world = new World().start();
  world.engine.sink.reply({ tag: "ready" });
  for (let n = 1; n <= 20; n++)
    world.host.feed(
      FRAME.map(() => n),
      n,
    );
  world.host.listenFor("stop", true);
  world.host.feed(FRAME, 21);
  await Promise.resolve();
  const [, ...after] = world.engine.requests;
  const ends = after.map((request) =>
    request.tag === "frames" ? request.endSamples : request.tag,
  );
  assert.deepEqual(ends, [
    Array.from({ length: 16 }, (_, i) => i + 1),
    "ask",
    [17, 18, 19, 20],
    "ask",
    "listen-for",
    [21],
    "ask",
  ]);
  const [first] = after;
  assert.ok(first?.tag === "frames" && first.pcm[16 * 512 - 1] === 16);
  world.engine.sink.reply({ tag: "taken", count: 16 });
  assert.equal(world.host.framesWaiting, 5);
  await world.host.close();
});

test("a machine on which the engine starts slowly: each start may take twice as long, to a bound", () => {
  const world = new World().start();
  const limits: number[] = [];
  for (let start = 0; start < 7; start++) {
    const fromMs = world.clock.nowMs();
    const { length } = world.sent;
    while (world.sent.length === length) world.clock.advance(100);
    limits.push((world.clock.nowMs() - fromMs) / START_MAX_MS);
    const engines = world.engines.length;
    while (world.engines.length === engines) world.clock.advance(1);
  }
  const rounded = limits.map((limit) => Math.round(limit));
  assert.deepEqual(rounded, [1, 2, 4, 8, 16, 16, 16]);
  world.clock.advance(15 * START_MAX_MS);
  world.engine.sink.reply({ tag: "ready" });
  assert.equal(world.sent.at(-1), "flowing");
});

test("an engine that dies is started again, later each time, and at once after a good hour", () => {
  const world = new World().start();
  const pauses: number[] = [];
  for (let death = 0; death < 12; death++) {
    const diedAtMs = world.clock.nowMs();
    const count = world.engines.length;
    world.engine.sink.ended("ended with code 3");
    while (world.engines.length === count) world.clock.advance(10);
    pauses.push(world.clock.nowMs() - diedAtMs);
    world.engine.sink.reply({ tag: "ready" });
  }
  assert.ok((pauses[0] ?? 0) >= 800 && (pauses[0] ?? 0) <= 1010, `${pauses[0]}`);
  for (let n = 1; n < 8; n++) assert.ok((pauses[n] ?? 0) > 1.5 * (pauses[n - 1] ?? 0));
  assert.ok(pauses.every((pause) => pause <= 300_010));
  assert.equal(world.host.restarts, 12);
  world.clock.advance(3_600_000);
  world.engine.sink.ended("ended with code 3");
  world.clock.advance(1010);
  assert.equal(world.engines.length, 14);
  assert.equal(world.sent.filter((said) => said.startsWith("lost retry")).length, 13);
});

test("what only the owner can mend is told once and not tried again", () => {
  const world = new World().start();
  const refused = fault("wake-word-failed", "report", "bad key", "get another");
  world.engine.sink.reply({ tag: "failed", fault: refused });
  world.engine.sink.ended("ended with code 0");
  world.clock.advance(86_400_000);
  assert.equal(world.engines.length, 1);
  assert.deepEqual(world.sent, ["lost report bad key"]);
  world.host.feed(FRAME, 1);
  assert.equal(world.host.framesDropped, 1);
});

test("an engine that never gets ready, or hangs, is killed and replaced", () => {
  const world = new World().start();
  world.clock.advance(START_MAX_MS);
  assert.ok(world.engine.killed);
  world.clock.advance(1010);
  const second = world.engine;
  second.sink.reply({ tag: "ready" });
  world.feedFor(4_900);
  assert.ok(!second.killed);
  world.feedFor(300);
  assert.ok(second.killed);
  assert.match(world.sent.at(-1) ?? "", /^lost retry The wake-word engine stopped answering/);
  second.sink.reply({ tag: "detected", keyword: "computer", endSample: 1 });
  assert.ok(!world.sent.includes("computer 1"), "a replaced engine is not listened to");
});

test("a process that was held up itself blames no engine, whose answers only wait to be read", () => {
  const world = new World().start();
  const { sink } = world.engine;
  sink.reply({ tag: "ready" });
  world.host.feed(FRAME, 1);
  world.clock.advance(60_000); // Suspended, or swapped out.
  world.host.feed(FRAME, 2);
  sink.reply({ tag: "detected", keyword: "computer", endSample: 1 });
  sink.reply({ tag: "taken", count: 2 });
  assert.deepEqual(world.sent, ["flowing", "computer 1"]);
});

test("an engine that was only slow is given more time after each replacement, up to 20 s", () => {
  const world = new World().start();
  const limits = [5_000, 10_000, 20_000, 20_000];
  for (const limitMs of limits) {
    const { engine } = world;
    engine.sink.reply({ tag: "ready" });
    world.feedFor(limitMs - 100);
    assert.ok(!engine.killed, `${limitMs} ms are not over`);
    world.feedFor(300);
    assert.ok(engine.killed, `${limitMs} ms are over`);
    for (let s = 0; s < 20 && world.engine === engine; s++) world.clock.advance(1_000);
  }
  assert.equal(world.engines.length, limits.length + 1);
});

test("it is asked how far it is four times a second while it is fed, and no more in a quiet room", async () => {
  const world = new World().start();
  world.engine.sink.reply({ tag: "ready" });
  const asked = (): number => world.engine.requests.filter(({ tag }) => tag === "ask").length;
  for (let n = 1; n <= 50; n++) {
    world.host.feed(FRAME, n);
    await Promise.resolve();
    const before = asked();
    world.clock.advance(40);
    if (asked() > before)
      world.engine.sink.reply({ tag: "taken", count: world.host.framesWaiting });
  }
  assert.ok(asked() >= 6 && asked() <= 8, `${asked()} in two seconds`);
  world.clock.advance(1_000);
  const last = asked();
  world.engine.sink.reply({ tag: "taken", count: world.host.framesWaiting });
  world.clock.advance(3_600_000);
  assert.equal(asked(), last);
  assert.equal(world.clock.pending(), 0);
  world.host.feed(FRAME, 51);
  await Promise.resolve();
  await world.host.close();
  assert.equal(world.clock.pending(), 0, "nothing is asked of an engine that is gone");
});

test("quiet is no hang: an engine that was not fed for an hour is fed again", () => {
  const world = new World().start();
  world.engine.sink.reply({ tag: "ready" });
  world.host.feed(FRAME, 1);
  world.engine.sink.reply({ tag: "taken", count: 1 });
  world.clock.advance(3_600_000);
  world.host.feed(FRAME, 2);
  assert.equal(world.engines.length, 1);
  assert.equal(world.host.framesWaiting, 1);
});

test("frames in flight are bounded, the rest is dropped and counted", () => {
  const world = new World().start();
  world.engine.sink.reply({ tag: "ready" });
  for (let n = 0; n < IN_FLIGHT_MAX + 10; n++) world.host.feed(FRAME, n);
  assert.equal(world.host.framesWaiting, IN_FLIGHT_MAX);
  assert.equal(world.host.framesDropped, 10);
  world.engine.sink.reply({ tag: "taken", count: 1 });
  world.host.feed(FRAME, 1000);
  assert.equal(world.host.framesDropped, 10);
  assert.throws(() => world.host.feed(new Int16Array(480), 1), RangeError);
});

test("a spawn that throws is tried again, and a closed host starts nothing", async () => {
  const world = new World();
  world.spawnThrows = true;
  world.start();
  assert.match(world.sent[0] ?? "", /^lost retry .*could not start: no more processes/);
  world.spawnThrows = false;
  world.clock.advance(1010);
  assert.equal(world.engines.length, 1);
  world.engine.sink.ended("ended with code 1");
  await world.host.close();
  world.clock.advance(1_000_000);
  assert.equal(world.engines.length, 1);
});

test("the engine's side: ready, taken, detected, and a fault for whatever is thrown", () => {
  const replies: unknown[] = [];
  const words = [null, "computer"];
  const take = serveWake(
    () => ({
      process: () => {
        if (words.length === 0) throw new Error("trap");
        return words.shift() ?? null;
      },
    }),
    (reply) => replies.push(reply),
  );
  for (const request of [{ tag: "start", setup: SETUP }, 5, { tag: "frames", pcm: [1] }]) {
    take(request);
  }
  const frame = (n: number): void => take({ tag: "frames", pcm: FRAME, endSamples: [n] });
  take({ tag: "ask" });
  frame(1);
  frame(2);
  take({ tag: "ask" });
  take({ tag: "ask" });
  frame(3);
  take({ tag: "ask" });
  const tags = replies.map((reply) => parseReply(reply)?.tag);
  assert.deepEqual(tags, ["ready", "taken", "detected", "taken", "taken", "failed"]);
  const counts = replies.map((reply) => parseReply(reply)).filter((one) => one?.tag === "taken");
  assert.deepEqual(
    counts.map((one) => one.count),
    [0, 2, 0],
    "each frame once",
  );
  const failed = parseReply(replies[5]);
  assert.ok(failed?.tag === "failed" && /trap/.test(failed.fault.message));
  const refuse = serveWake(
    () => {
      throw new FaultError(fault("config", "report", "no such word"));
    },
    (reply) => replies.push(reply),
  );
  refuse({ tag: "start", setup: SETUP });
  const refused = parseReply(replies[6]);
  assert.ok(refused?.tag === "failed" && refused.fault.recovery === "report");
  assert.equal(parseRequest({ tag: "frames", pcm: FRAME, endSamples: [1, 2] }), null);
  assert.equal(parseReply("nonsense"), null);
});

test("which words are looked for is told when it is ready, when it changes, and after a new start", async () => {
  const world = new World();
  world.host.listenFor("stop", false);
  world.start();
  const asked = (): HostRequest[] =>
    world.engine.requests.filter(({ tag }) => tag === "listen-for");
  assert.deepEqual(asked(), []);
  world.engine.sink.reply({ tag: "ready" });
  assert.deepEqual(asked(), [{ tag: "listen-for", keyword: "stop", on: false }]);
  world.host.listenFor("stop", false);
  world.host.listenFor("stop", true);
  assert.equal(asked().length, 2);
  world.engine.sink.ended("ended with code 1");
  world.clock.advance(2000);
  assert.equal(world.engines.length, 2);
  world.engine.sink.reply({ tag: "ready" });
  assert.deepEqual(asked(), [{ tag: "listen-for", keyword: "stop", on: true }]);
  await world.host.close();
});
