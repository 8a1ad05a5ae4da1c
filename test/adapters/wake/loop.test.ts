/** An engine in turns of the loop: little in each, in order; a trap opens it again; an end is an end. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { LoopWakeEngine } from "../../../src/adapters/wake/loop.ts";
import type { Detector } from "../../../src/adapters/wake/protocol.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { wordsAt } from "../../helpers/wake-words.ts";

/** A frame that is known again by its first sample. */
function frame(mark: number): Int16Array {
  return new Int16Array(512).fill(mark);
}

class World {
  readonly clock = new SimClock();
  /** What engines took, and what came out. */
  readonly log: string[] = [];
  /** How long a frame takes. */
  frameMs = 0.7;
  readonly engine = new LoopWakeEngine(() => this.#open(), {
    words: wordsAt(0.7, "computer"),
    clock: this.clock,
    dice: new SimDice(),
  });

  constructor() {
    this.engine.start({
      detected: (keyword, endSample) => this.log.push(`${keyword} ends at ${endSample}`),
      lost: (cause) => this.log.push(`lost: ${cause.message}`),
      flowing: () => this.log.push("flowing"),
    });
  }

  /** Hears the word in a frame of 7s, and cannot stand one of 13s. */
  #open(): Detector {
    return {
      process: ([mark = 0]) => {
        this.log.push(`frame ${mark}`);
        this.clock.advance(this.frameMs);
        if (mark === 13) throw new Error("unreachable executed");
        return mark === 7 ? "computer" : null;
      },
      listenFor: (keyword, on) => this.log.push(`${keyword} ${on ? "on" : "off"}`),
    };
  }
}

/** On a slow core one frame takes the turn. */
for (const { frameMs, most } of [
  { frameMs: 7, most: 1 },
  { frameMs: 1.5, most: 2 },
  { frameMs: 0.1, most: 3 },
]) {
  test(`frames of ${frameMs} ms: ${most} in a turn of the loop, in order; a change of words stays in its place`, async () => {
    const world = new World();
    world.frameMs = frameMs;
    const frames = await framesByTurn(world);
    assert.equal(Math.max(...frames), most);
    await world.engine.close();
  });
}

/** Four frames, with a change of words before the last; how many of them each turn took. */
async function framesByTurn({ engine, log }: World): Promise<readonly number[]> {
  await turn();
  for (const mark of [1, 7, 2]) engine.feed(frame(mark), mark * 100);
  engine.listenFor("computer", false);
  engine.feed(frame(3), 300);
  const turns: string[][] = [];
  for (let n = 0; n < 6; n++) {
    log.length = 0;
    await turn();
    turns.push([...log]);
  }
  const all = turns.flat();
  assert.deepEqual(all, [
    "frame 1",
    "frame 7",
    "computer ends at 700",
    "frame 2",
    "computer off",
    "frame 3",
  ]);
  assert.equal(engine.framesWaiting, 0, "it tells by itself how far it is");
  return turns.map((of) => of.filter((line) => line.startsWith("frame")).length);
}

test("a trap is a loss with its reason, and the engine is opened again", async () => {
  const { engine, log, clock } = new World();
  await turn();
  engine.feed(frame(13), 1);
  engine.feed(frame(7), 2);
  for (let n = 0; n < 4; n++) await turn();
  assert.deepEqual(log, ["flowing", "frame 13", "lost: Wake-word engine: unreachable executed"]);
  log.length = 0;
  clock.advance(1_000);
  await turn();
  engine.feed(frame(7), 3);
  for (let n = 0; n < 3; n++) await turn();
  assert.deepEqual(log, ["flowing", "frame 7", "computer ends at 3"]);
  assert.equal(engine.restarts, 1);
  await engine.close();
  assert.equal(clock.pending(), 0);
});

test("nothing comes of what still waits when it is closed", async () => {
  const { engine, log } = new World();
  await turn();
  for (let n = 0; n < 20; n++) engine.feed(frame(7), n);
  await turn();
  log.length = 0;
  await engine.close();
  for (let n = 0; n < 25; n++) await turn();
  assert.deepEqual(log, []);
});
