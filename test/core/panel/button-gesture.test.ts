/** Edges to gestures, as tables; and that a flickering input can never fire contact noise. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CHANGES_MAX,
  EDGES_MAX,
  type Gesture,
  NOISE_QUIET_MS,
  type PressState,
  type PressTiming,
  pressDeadlineMs,
  pressEdge,
  pressTick,
  UNTOUCHED,
} from "../../../src/core/panel/button-gesture.ts";
import { SimDice } from "../../../src/sim/dice.ts";

const TAPS: PressTiming = { debounceMs: 20, holdMs: null, doubleMs: 0 };
const HOLDS: PressTiming = { debounceMs: 20, holdMs: 600, doubleMs: 0 };
const ALL: PressTiming = { debounceMs: 20, holdMs: 600, doubleMs: 350 };

/** The hand: at these times the level changes, beginning with a press. */
function play(times: readonly number[], timing: PressTiming, untilMs = 100_000): string[] {
  let state: PressState = UNTOUCHED;
  const said: string[] = [];
  const say = (gestures: readonly Gesture[], nowMs: number): void => {
    for (const { tag, pressedMs } of gestures) said.push(`${tag} of ${pressedMs} at ${nowMs}`);
  };
  let clockMs = 0;
  const runTo = (nowMs: number): void => {
    for (;;) {
      const due = pressDeadlineMs(state, timing);
      if (due === null || due > nowMs) return;
      clockMs = Math.max(clockMs, due);
      const step = pressTick(state, clockMs, timing);
      state = step.state;
      say(step.gestures, clockMs);
    }
  };
  for (const [index, time] of times.entries()) {
    runTo(time);
    clockMs = time;
    const step = pressEdge(state, index % 2 === 0, time, timing);
    state = step.state;
    say(step.gestures, time);
  }
  runTo(untilMs);
  return said;
}

const STORIES: readonly [string, readonly number[], PressTiming, readonly string[]][] = [
  ["a tap counts at the press", [100, 200], TAPS, ["tap of 100 at 120"]],
  ["a long press is a tap where there are no holds", [100, 5000], TAPS, ["tap of 100 at 120"]],
  ["bounce", [100, 103, 105, 106, 108, 200, 201, 204], TAPS, ["tap of 108 at 128"]],
  ["a spike is nothing", [100, 110], TAPS, []],
  ["a spike in the other direction is nothing", [100, 300, 310], TAPS, ["tap of 100 at 120"]],
  ["with holds, a tap counts at the release", [100, 250], HOLDS, ["tap of 100 at 270"]],
  ["a hold", [100, 1500], HOLDS, ["hold-start of 100 at 700", "hold-end of 100 at 1520"]],
  ["let go just before the hold, known just after it", [100, 690], HOLDS, ["tap of 100 at 710"]],
  [
    "a spike at the very moment of the hold",
    [100, 690, 705, 2000],
    HOLDS,
    ["hold-start of 100 at 705", "hold-end of 100 at 2020"],
  ],
  ["two presses are a double", [100, 200, 400, 480], ALL, ["double of 100 at 420"]],
  ["one is a tap, once no second has come", [100, 200], ALL, ["tap of 100 at 550"]],
  ["too late for a double", [100, 200, 600, 700], ALL, ["tap of 100 at 550", "tap of 600 at 1050"]],
  ["three presses", [0, 90, 200, 290, 400, 490], ALL, ["double of 0 at 220", "tap of 400 at 840"]],
  [
    "a release that is told again, a press that is told twice",
    [100, 250, 250.5, 251],
    HOLDS,
    ["tap of 100 at 271"],
  ],
];

for (const [name, times, timing, said] of STORIES) {
  test(name, () => assert.deepEqual(play(times, timing), said));
}

test("an edge that was debounced before it came counts at once", () => {
  const { state } = pressEdge(UNTOUCHED, true, 80, TAPS);
  assert.deepEqual(pressTick(state, 100, TAPS).gestures, [{ tag: "tap", pressedMs: 80 }]);
});

test("the same level again changes nothing", () => {
  const down = pressEdge(UNTOUCHED, true, 100, TAPS).state;
  const again = pressEdge(down, true, 110, TAPS).state;
  assert.equal(pressDeadlineMs(again, TAPS), 120);
});

test("contact noise: a floating input is reported once, ignored, and counts again after its quiet", () => {
  const hum = Array.from({ length: 4000 }, (_, i) => 1000 + i * 5); // 20 s of it
  const slow = Array.from({ length: 60 }, (_, i) => 1000 + i * 100); // five presses a second
  for (const [times, most] of [
    [hum, 0],
    [slow, CHANGES_MAX / 2],
  ] as const) {
    const said = play(times, TAPS);
    const taps = said.filter((line) => line.startsWith("tap"));
    assert.ok(taps.length <= most, `${taps.length} taps`);
    assert.equal(said.filter((line) => line.startsWith("contact-noise")).length, 1);
    const end = times.at(-1) ?? 0;
    assert.equal(said.at(-1), `quiet of ${end + NOISE_QUIET_MS} at ${end + NOISE_QUIET_MS}`);
    const after = [...times, end + 5000, end + 5100];
    assert.match(play(after, TAPS).at(-1) ?? "", /^tap/);
  }
});

test("contact noise ends the hold under way", () => {
  const flicker = Array.from({ length: 201 }, (_, i) => 2000 + i * 5);
  const tags = play([100, ...flicker], HOLDS).map((line) => line.split(" ")[0]);
  assert.deepEqual(tags, ["hold-start", "hold-end", "contact-noise", "quiet"]);
});

test("still pressed after the contact noise: no gesture until the next press", () => {
  const flicker = Array.from({ length: 201 }, (_, i) => 1000 + i * 5);
  const said = play([...flicker, 30_000, 40_000, 40_100], HOLDS);
  assert.deepEqual(
    said.map((line) => line.split(" ")[0]),
    ["contact-noise", "quiet", "tap"],
  );
});

test("random edges: holds are closed, contact noise bound the rate, the state stays small", () => {
  const dice = new SimDice(11);
  for (let round = 0; round < 300; round++) {
    let at = 0;
    const times: number[] = [];
    const pace = 3 ** (round % 7);
    for (let i = 0; i < 200; i++) {
      at += dice.unit() * pace;
      times.push(at);
    }
    if (times.length % 2 === 1) times.push(at + 1);
    const tags = play(times, ALL, at + 1e6).map((line) => line.split(" ")[0]);
    const count = (tag: string): number => tags.filter((one) => one === tag).length;
    assert.equal(count("hold-start"), count("hold-end"));
    assert.equal(count("contact-noise"), count("quiet"));
    const most = CHANGES_MAX * (1 + at / 3000);
    assert.ok(count("tap") + count("double") <= most, `${tags.length} in ${at} ms`);
  }
  let state = UNTOUCHED;
  for (let i = 0; i < 1000; i++) state = pressEdge(state, i % 2 === 0, i * 25, TAPS).state;
  assert.ok(state.edges.length <= EDGES_MAX && state.changes.length <= CHANGES_MAX);
});
