/** A connection that is begun before the wake word: used, thrown away, counted, and never to blame. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PREPARED_MAX_MS, PREPARED_PER_MINUTE_MAX, Preconnect } from "../../src/app/preconnect.ts";
import type { DialTarget } from "../../src/ports.ts";
import { SimClock, settle } from "../../src/sim/clock.ts";
import { SimDialer } from "../../src/sim/parts.ts";
import { settled, World } from "../helpers/world.ts";
import { keptSink } from "../helpers/ws-peers.ts";

const TARGET: DialTarget = { url: "wss://peer.test/v1/realtime?model=m", headers: { a: "k" } };

function rig(wanted: DialTarget | null = TARGET) {
  const clock = new SimClock();
  const dialer = new SimDialer();
  const preconnect = new Preconnect({ clock, dialer, wanted: () => wanted });
  const loud = (): void => {
    preconnect.gate(false);
    preconnect.gate(true);
  };
  return { clock, dialer, preconnect, loud, sink: keptSink() };
}

test("begun by the gate, handed out to whom it is for, with what was said on it", async () => {
  const { clock, dialer, preconnect, loud, sink } = rig();
  loud();
  const [early] = dialer.links;
  early?.sink.opened();
  early?.sink.text("hello");
  const link = preconnect.dial({ ...TARGET }, sink);
  assert.deepEqual(sink.said, [], "nothing from within the call");
  await settle();
  assert.deepEqual(sink.said, ["opened", "hello"]);
  link.send("x");
  early?.sink.text("more");
  assert.deepEqual([early?.sent, sink.said.at(-1), dialer.links.length], [["x"], "more", 1]);
  assert.deepEqual(preconnect.counts, { begun: 1, used: 1, refused: 0 });
  assert.equal(clock.pending(), 0);
});

test("still connecting when it is handed out: opened is said when it is", async () => {
  const { dialer, preconnect, loud, sink } = rig();
  loud();
  preconnect.dial(TARGET, sink);
  await settle();
  assert.deepEqual(sink.said, []);
  dialer.links[0]?.sink.opened();
  assert.deepEqual(sink.said, ["opened"]);
});

test("no wake word: closed after its time, without a word; the next sound begins another", () => {
  const { clock, dialer, preconnect, loud } = rig();
  loud();
  dialer.links[0]?.sink.opened();
  clock.advance(PREPARED_MAX_MS);
  assert.deepEqual([dialer.links[0]?.closed, dialer.links[0]?.sent], [true, []]);
  loud();
  assert.equal(preconnect.counts.begun, 2);
});

test("so many a minute, and one at a time", () => {
  const { clock, dialer, preconnect, loud } = rig();
  for (let n = 0; n < 2 * PREPARED_PER_MINUTE_MAX; n++) {
    loud();
    loud();
    clock.advance(PREPARED_MAX_MS);
  }
  assert.equal(dialer.links.length, PREPARED_PER_MINUTE_MAX);
  assert.ok(preconnect.counts.refused > 0);
  clock.advance(60_000);
  loud();
  assert.equal(dialer.links.length, PREPARED_PER_MINUTE_MAX + 1);
});

test("another model or key: thrown away, dialled anew; nothing wanted: nothing begun", () => {
  const { dialer, preconnect, loud, sink } = rig();
  loud();
  preconnect.dial({ ...TARGET, headers: { a: "other" } }, sink);
  assert.deepEqual(
    dialer.links.map(({ closed }) => closed),
    [true, false],
  );
  const idle = rig(null);
  idle.loud();
  assert.equal(idle.dialer.links.length, 0);
});

test("it died before the wake word, or the server talks to itself: nobody hears of it", () => {
  const { dialer, preconnect, loud, sink } = rig();
  loud();
  dialer.links[0]?.sink.closed({ tag: "close", code: 1011, reason: "" });
  preconnect.dial(TARGET, sink);
  assert.deepEqual([dialer.links.length, sink.ends], [2, []]);
  const chatty = rig();
  chatty.loud();
  chatty.dialer.links[0]?.sink.opened();
  for (let n = 0; n < 9; n++) chatty.dialer.links[0]?.sink.text("news");
  assert.equal(chatty.dialer.links[0]?.closed, true);
});

test("it was dead when it was handed out: the network's failure; a refusal stays one", async () => {
  const { dialer, preconnect, loud, sink } = rig();
  loud();
  dialer.links[0]?.sink.opened();
  preconnect.dial(TARGET, sink);
  await settle();
  dialer.links[0]?.sink.closed({ tag: "close", code: 1006, reason: "" });
  assert.deepEqual(sink.ends, [{ tag: "network", stage: "tcp", code: "ECONNRESET" }]);
  const other = rig();
  other.loud();
  other.dialer.links[0]?.sink.opened();
  other.preconnect.dial(TARGET, other.sink);
  other.dialer.links[0]?.sink.closed({ tag: "close", code: 4000, reason: "key" });
  await settle();
  assert.deepEqual(other.sink.ends, [{ tag: "close", code: 4000, reason: "key" }]);
});

/** Loud for so long, then quiet: what the gate opens at. */
async function talk(world: World, ms: number): Promise<void> {
  world.listen(ms);
  await settled();
}

test("the appliance: off by default, however loud it is", async () => {
  const world = new World();
  await world.appliance.start();
  await talk(world, 2000);
  assert.equal(world.dialer.links.length, 0);
});

test("the appliance: begun at the sound, spoken on at the wake word", async () => {
  const world = new World({ "session.preconnect": "gate" });
  await world.appliance.start();
  await talk(world, 1000);
  assert.equal(world.dialer.links.length, 1);
  assert.deepEqual(world.saidTypes, []);
  world.link.sink.opened();
  world.server("session.created", { session: { id: "s" } });
  world.wake();
  await settled();
  assert.deepEqual([world.dialer.links.length, world.saidTypes], [1, ["session.update"]]);
  world.server("session.updated", { session: { id: "s" } });
  assert.ok(world.sentMs > 0);
  assert.match(world.lines("info").join("\n"), /Connected to OpenAI.*\nAudio session config/);
});

test("the appliance: a prepared socket that dies condemns no model", async () => {
  const world = new World({ "session.preconnect": "gate" });
  await world.appliance.start();
  await talk(world, 1000);
  world.link.sink.opened();
  world.wake();
  await settled();
  world.link.sink.closed({ tag: "close", code: 1006, reason: "" });
  world.listen(1500);
  assert.equal(world.dialer.links.length, 2);
  world.accept();
  world.listen(100);
  assert.equal(world.link.target.url, world.dialer.links[0]?.target.url);
  assert.ok(world.sentMs > 0);
});
