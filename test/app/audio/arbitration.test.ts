/** Several Pipits in one house: the whole appliance, in a simulated network. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES } from "../../../src/core/audio/pcm.ts";
import { claimText, WAIT_MS } from "../../../src/core/wake/arbiter.ts";
import type { Clock, Neighbours } from "../../../src/ports.ts";
import { SimNeighbours, type SimNeighboursOptions } from "../../../src/sim/neighbours.ts";
import { SimStateFile } from "../../../src/sim/parts.ts";
import { World } from "../../helpers/world.ts";

const GAVE_WAY = "Another Pipit answers this call";

/** A Pipit that waits for its call; `peak`: how loud it hears the house. */
interface Room {
  readonly world: World;
  readonly peak: number;
}

class House {
  readonly lan: SimNeighbours;
  readonly rooms: Room[] = [];

  /** The first room's clock carries the datagrams; all clocks go in step. */
  private constructor(peaks: readonly number[], more: Partial<SimNeighboursOptions>) {
    const clock: Clock = {
      nowMs: () => this.#first.nowMs(),
      wallMs: () => this.#first.wallMs(),
      after: (ms, ring) => this.#first.after(ms, ring),
    };
    this.lan = new SimNeighbours({ clock, delayMs: 5, ...more });
    peaks.forEach((peak, i) => {
      const neighbours: Neighbours = this.lan.member();
      const world = new World({}, i + 1, new SimStateFile(), neighbours);
      this.rooms.push({ world, peak });
    });
  }

  static async of(
    peaks: readonly number[],
    more: Partial<SimNeighboursOptions> = {},
  ): Promise<House> {
    const house = new House(peaks, more);
    for (const { world } of house.rooms) await world.appliance.start();
    house.hear(1_000);
    return house;
  }

  get #first(): Clock {
    const [room] = this.rooms;
    assert.ok(room);
    return room.world.clock;
  }

  /** Time passes in all rooms, a millisecond in each in turn; each hears its own loudness. */
  hear(ms: number): void {
    for (let passed = 0; passed < ms; passed += 20) {
      for (let i = 0; i < 20; i++) for (const { world } of this.rooms) world.clock.advance(1);
      for (const { world, peak } of this.rooms) {
        const frame = Int16Array.from({ length: FRAME_SAMPLES }, (_, i) => (i % 2 ? peak : -peak));
        world.microphone.sink?.frame(frame);
      }
    }
  }

  /** The word has just ended, for these rooms. */
  call(...rooms: readonly number[]): void {
    for (const room of rooms) {
      const { world } = this.rooms[room] ?? {};
      const sample = Math.round((world?.clock.nowMs() ?? 0) * 24);
      world?.wakeEngine.sink?.detected("computer", sample);
    }
  }

  /** Which have dialled. */
  get answering(): number[] {
    return this.rooms.flatMap(({ world }, i) => (world.dialer.links.length > 0 ? [i] : []));
  }

  saidBy(room: number): string[] {
    return this.rooms[room]?.world.lines("debug").filter((line) => line === GAVE_WAY) ?? [];
  }
}

test("of three that hear it the loudest answers; the others say so in one line, and show nothing", async () => {
  const house = await House.of([900, 4_000, 2_000]);
  const shown = house.rooms.map(({ world }) => world.leds.shown.length);
  house.call(0, 1, 2);
  house.hear(140);
  assert.deepEqual(house.answering, [], "all wait");
  house.hear(1_000);
  assert.deepEqual(house.answering, [1]);
  assert.deepEqual(
    [0, 1, 2].map((room) => house.saidBy(room).length),
    [1, 0, 1],
  );
  for (const room of [0, 2]) {
    const { world } = house.rooms[room] ?? {};
    assert.equal(world?.leds.shown.length, shown[room], "dark");
    assert.equal(world?.store.files.size, 0, "no conversation");
  }
});

test("a call that waited loses no sound: what is sent begins where it would have begun", async () => {
  const beginning = async (neighbours: Neighbours | null): Promise<number> => {
    const world = new World({}, 1, new SimStateFile(), neighbours);
    await world.appliance.start();
    world.listen(3_000);
    world.wake();
    world.listen(400);
    world.accept();
    world.listen(400);
    return world.sentSound[0] ?? 0;
  };
  const clock = { nowMs: () => 0, wallMs: () => 0, after: () => () => {} };
  const alone = new SimNeighbours({ clock, delayMs: 0 }).member();
  assert.equal(await beginning(alone), await beginning(null));
});

test("alone, or with nobody who can be heard, it answers within 150 ms and a frame", async () => {
  const house = await House.of([900, 4_000], { arrives: () => false });
  house.call(0);
  house.hear(WAIT_MS - 10);
  house.hear(20);
  assert.deepEqual(house.answering, [0]);
  house.call(1);
  house.hear(WAIT_MS + 20);
  assert.deepEqual(house.answering, [0, 1], "nothing arrives: both answer");
});

test("two of three datagrams are lost: still only one answers", async () => {
  const seen = new Map<string, number>();
  const arrives = (from: number, to: number, text: string): boolean => {
    const key = `${from} ${to} ${text}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return seen.get(key) === 3;
  };
  const house = await House.of([4_000, 900], { arrives });
  house.call(0, 1);
  house.hear(1_000);
  assert.deepEqual(house.answering, [0]);
  assert.equal(house.saidBy(1).length, 1);
});

test("one that is in a conversation keeps it: the word that interrupts it calls nobody else", async () => {
  const house = await House.of([900, 4_000]);
  house.call(0);
  house.hear(400);
  const [first] = house.rooms;
  first?.world.accept();
  house.hear(3_000);
  house.call(0, 1);
  house.hear(1_000);
  assert.deepEqual(house.answering, [0], "though the other hears it louder");
});

test("a forged claim keeps it silent once; the next call is answered, a flood beside it or not", async () => {
  const house = await House.of([900]);
  const forged = {
    kind: "answers",
    device: "f".repeat(16),
    keyword: "computer",
    level: 0,
  } as const;
  house.call(0);
  house.lan.forge(claimText({ ...forged, serial: 1 }));
  house.hear(3_000);
  assert.deepEqual(house.answering, []);
  house.call(0);
  for (let i = 0; i < 10_000; i++) house.lan.forge(claimText({ ...forged, serial: 1 }));
  for (let i = 0; i < 10_000; i++) house.lan.forge("{".repeat(i % 300));
  house.hear(WAIT_MS + 20);
  assert.deepEqual(house.answering, [0]);
});

test("without the network it answers at once", async () => {
  const lost: Neighbours = {
    start: () => {},
    tell: () => {},
    counts: () => ({ tooLong: 0, tooMany: 0, unsigned: 0 }),
    close: async () => {},
  };
  const world = new World({}, 1, new SimStateFile(), lost);
  await world.appliance.start();
  world.listen(1_000);
  world.wake();
  assert.equal(world.dialer.links.length, 1);
});
