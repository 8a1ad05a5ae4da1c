/** What the doctor does with microphone, speaker and engines, in the simulated world. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { chime } from "../../../src/commands/doctor/chime.ts";
import { finding } from "../../../src/commands/doctor/finding.ts";
import { listen } from "../../../src/commands/doctor/listen.ts";
import { type Check, runCheck } from "../../../src/commands/doctor/run-check.ts";
import { type TrialOptions, wakeTrial } from "../../../src/commands/doctor/wake-trial.ts";
import { FRAME_SAMPLES } from "../../../src/core/audio/pcm.ts";
import { FaultError, fault } from "../../../src/core/fault.ts";
import type { WakeEngine, WakeSink } from "../../../src/ports.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { SimMicrophone } from "../../../src/sim/parts.ts";
import { SimSpeaker } from "../../../src/sim/speaker.ts";
import { settled } from "../../helpers/world.ts";

const LOST = fault("microphone-lost", "retry", "It has gone away", "Plug it in again");

/** `ms` of a square wave: loud, and never flat. */
function hear(microphone: SimMicrophone, ms: number, amplitude = 3_277): void {
  const frame = Int16Array.from({ length: FRAME_SAMPLES }, (_, i) =>
    i % 40 < 20 ? amplitude : -amplitude,
  );
  for (let passed = 0; passed < ms; passed += 20) microphone.sink?.frame(frame);
}

test("listening: so much sound, without its first click, and its level", async () => {
  const microphone = new SimMicrophone();
  const levels: (number | null)[] = [];
  const heard = listen(microphone, 2_000, (level) => levels.push(level));
  microphone.sink?.flowing();
  hear(microphone, 200, 32_767);
  hear(microphone, 2_000);
  const result = await heard;
  assert.ok(result.tag === "heard");
  assert.deepEqual([result.reading.peakDbfs, result.floorDbfs], [-20, -20]);
  assert.equal(result.reading.clippedShare, 0);
  assert.equal(levels.length, 100);
  assert.equal(microphone.sink, null, "closed");
});

test("listening to what is not there ends at once, with the reason", async () => {
  const microphone = new SimMicrophone();
  const heard = listen(microphone, 2_000);
  microphone.sink?.lost(LOST);
  assert.deepEqual(await heard, { tag: "lost", fault: LOST });
  assert.equal(microphone.sink, null);
});

test("the chime is heard to its end; a speaker that is lost says so", async () => {
  const clock = new SimClock();
  const speaker = new SimSpeaker(clock);
  const played = chime(speaker, 0.5);
  for (let step = 0; step < 100; step++) {
    clock.advance(20);
    await settled();
  }
  assert.equal(await played, null);
});

/** Says that it is ready, and what it hears, when the test does. */
class PlayedEngine implements WakeEngine {
  sink: WakeSink | null = null;
  start(sink: WakeSink): void {
    this.sink = sink;
  }
  feed(): void {}
  listenFor(): void {}
  async close(): Promise<void> {
    this.sink = null;
  }
}

/** Three engines that the test plays. */
function trial(more: Partial<TrialOptions> = {}) {
  const clock = new SimClock();
  const microphone = new SimMicrophone();
  const engines = [0.2, 0.5, 0.8].map((sensitivity) => {
    return { sensitivity, engine: new PlayedEngine() };
  });
  let ready = 0;
  const result = wakeTrial({
    clock,
    microphone,
    engines,
    maxMs: 10_000,
    onReady: () => {
      ready += 1;
    },
    onLevel: () => undefined,
    ...more,
  });
  const sinks = engines.map(({ engine }) => engine.sink);
  return { clock, microphone, engines, sinks, result, ready: () => ready };
}

test("the strictest engine that hears the word counts; the others have a moment more", async () => {
  const { microphone, engines, sinks, result, ready } = trial();
  for (const sink of sinks) sink?.flowing();
  await settled();
  assert.equal(ready(), 1);
  hear(microphone, 1_000);
  sinks[2]?.detected("computer", 1);
  hear(microphone, 400);
  sinks[1]?.detected("computer", 1);
  hear(microphone, 1_000);
  const done = await result;
  assert.ok(done.tag === "done");
  assert.deepEqual([done.strictest, done.peakDbfs], [0.5, -20]);
  assert.equal(done.ms, 1_820);
  assert.equal(microphone.sink, null);
  assert.ok(engines.every(({ engine }) => engine.sink === null));
});

test("nobody says it: the trial ends, with no score", async () => {
  const { microphone, sinks, result } = trial();
  for (const sink of sinks) sink?.flowing();
  await settled();
  hear(microphone, 12_000);
  const done = await result;
  assert.ok(done.tag === "done");
  assert.deepEqual([done.strictest, done.ms], [null, 10_000]);
});

test("an engine that fails, never starts, or a microphone that goes", async () => {
  const failing = trial();
  failing.sinks[0]?.lost(LOST);
  assert.deepEqual(await failing.result, { tag: "lost", fault: LOST });
  const slow = trial();
  slow.clock.advance(20_000);
  const late = await slow.result;
  assert.match(late.tag === "lost" ? late.fault.message : "", /did not start in time/);
  const pulled = trial();
  for (const sink of pulled.sinks) sink?.flowing();
  await settled();
  pulled.microphone.sink?.lost(LOST);
  assert.deepEqual(await pulled.result, { tag: "lost", fault: LOST });
});

test("a check that hangs, throws or faults is a finding, and the run goes on", async () => {
  const clock = new SimClock();
  const run = async (check: Omit<Check, "name">): Promise<string> => {
    const found = runCheck({ name: "it", ...check }, clock);
    await settled();
    clock.advance(5_000);
    return (await found)
      .map(({ check: name, grade, says }) => `${name} ${grade}: ${says}`)
      .join("|");
  };
  assert.equal(
    await run({ run: () => new Promise(() => undefined) }),
    "it fail: Did not answer in 5 s",
  );
  const quick = { run: async () => finding("it", "ok", "well"), maxMs: 1 };
  assert.equal(await run(quick), "it ok: well");
  const bug = (): never => {
    throw new Error("oops");
  };
  assert.equal(await run({ run: bug }), "it fail: This is a bug in the check: oops");
  const faulty = async (): Promise<never> => {
    throw new FaultError(LOST);
  };
  assert.equal(await run({ run: faulty }), "it fail: It has gone away");
  const two = () => [finding("a", "ok", "1"), finding("b", "warn", "2")];
  assert.equal(await run({ run: two }), "a ok: 1|b warn: 2");
});
