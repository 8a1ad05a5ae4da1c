/**
 * What every Speaker must do, told as stories in real time: run against each adapter.
 *
 * Times are only bounded from the side that load cannot break, or generously.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { samplesToMs } from "../../src/core/audio/pcm.ts";
import type { Speaker } from "../../src/ports.ts";
import { eventually } from "./host.ts";
import { type HeardSpeaker, noise, speakerSink } from "./sound.ts";

const PCM = noise(12_345);
/** The resolution of a real clock, and the time between two statements. */
const EARLY_MS = 30;

/** A maker whose speakers are closed when the test ends: one that fails must not live on. */
export function closing(t: TestContext, fresh: () => Speaker): () => Speaker {
  return () => {
    const speaker = fresh();
    t.after(() => speaker.close());
    return speaker;
  };
}

async function started(make: () => Speaker): Promise<{ speaker: Speaker; sink: HeardSpeaker }> {
  const speaker = make();
  const sink = speakerSink();
  speaker.start(sink);
  await eventually("the device is open", () => sink.count("flowing") === 1);
  return { speaker, sink };
}

async function anUtterance(make: () => Speaker): Promise<void> {
  const { speaker, sink } = await started(make);
  const startedMs = performance.now();
  assert.equal(speaker.play(PCM), PCM.length);
  speaker.finish();
  let last = 0;
  await eventually("drained", () => {
    assert.ok(speaker.heard() >= last, "positions only grow");
    last = speaker.heard();
    return sink.count("drained") === 1;
  });
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs > samplesToMs(PCM.length) - EARLY_MS, `drained after ${tookMs} ms: too early`);
  assert.equal(speaker.heard(), PCM.length);
  assert.deepEqual(sink.story, ["flowing", "sounded", "drained"]);
  await speaker.close();
}

async function severalUtterances(make: () => Speaker): Promise<void> {
  const { speaker, sink } = await started(make);
  for (let n = 0; n < 2; n++) {
    speaker.play(PCM.subarray(0, 4_000));
    speaker.finish();
  }
  await eventually("both drained", () => sink.count("drained") === 2);
  speaker.play(PCM.subarray(0, 100));
  speaker.finish();
  await eventually("a very short one drained", () => sink.count("drained") === 3);
  speaker.finish();
  assert.equal(sink.count("drained"), 4, "nothing to finish: at once");
  assert.equal(sink.count("sounded"), 3);
  assert.equal(sink.count("underrun"), 0);
  assert.equal(speaker.heard(), 8_100);
  await speaker.close();
}

async function aFlush(make: () => Speaker, t: TestContext): Promise<void> {
  const { speaker, sink } = await started(make);
  const tooks: number[] = [];
  for (let round = 0; round < 5; round++) {
    const base = speaker.heard();
    speaker.play(PCM);
    speaker.finish();
    await eventually("100 ms were heard", () => speaker.heard() >= base + 2_400);
    const before = speaker.heard();
    const startedMs = performance.now();
    const heard = await speaker.flush();
    tooks.push(performance.now() - startedMs);
    assert.ok(heard >= before && heard <= base + PCM.length, `${before} <= ${heard}`);
    assert.equal(speaker.heard(), base + PCM.length, "the rest is passed over");
  }
  t.diagnostic(`flush took ${tooks.map((ms) => ms.toFixed(1)).join(", ")} ms`);
  assert.ok(Math.max(...tooks) < 1_000, "a flush is over in bounded time");
  assert.equal(sink.count("drained"), 0);
  speaker.play(PCM);
  speaker.finish();
  await eventually("sound after it", () => sink.count("drained") === 1);
  assert.equal(speaker.heard(), 6 * PCM.length);
  assert.equal(sink.count("lost"), 0);
  await speaker.close();
}

async function aShortage(make: () => Speaker): Promise<void> {
  const { speaker, sink } = await started(make);
  speaker.play(PCM.subarray(0, 2_400));
  await eventually("all of it was heard", () => speaker.heard() === 2_400);
  const dryMs = performance.now();
  await eventually("a while of nothing", () => performance.now() > dryMs + 100);
  speaker.play(PCM.subarray(2_400, 7_200));
  speaker.finish();
  await eventually("drained", () => sink.count("drained") === 1);
  assert.deepEqual(sink.story, ["flowing", "sounded", "underrun", "drained"]);
  assert.equal(speaker.heard(), 7_200);
  await speaker.close();
}

async function anEnd(make: () => Speaker): Promise<void> {
  const never = make();
  await never.close();
  const { speaker, sink } = await started(make);
  speaker.play(PCM);
  speaker.finish();
  const startedMs = performance.now();
  await Promise.all([speaker.close(), speaker.close()]);
  assert.ok(performance.now() - startedMs < 5_000);
  assert.equal(speaker.play(PCM), 0);
  const before = sink.story.length;
  await speaker.flush();
  speaker.finish();
  assert.equal(sink.story.length, before, "nothing is told after the end");
}

/** Runs all stories as subtests; `fresh` gives a new speaker for each. */
export async function speakerContract(t: TestContext, fresh: () => Speaker): Promise<void> {
  const make = closing(t, fresh);
  await t.test("an utterance sounds once, drains once, and is heard whole", () =>
    anUtterance(make),
  );
  await t.test("several utterances in a row", () => severalUtterances(make));
  await t.test("flush: the position, no drained, and sound again after it", (u) => aFlush(make, u));
  await t.test("a shortage in an utterance is counted", () => aShortage(make));
  await t.test("close in the middle of it all", () => anEnd(make));
}
