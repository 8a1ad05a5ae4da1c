/** How an answer comes back: told of a rushing, in the simulated room. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EchoPath, type EchoTeacher, NO_TEACHER } from "../../../src/app/audio/echo-path.ts";
import { rushing } from "../../../src/commands/doctor/echo-trial.ts";
import { CaptureClock } from "../../../src/core/audio/capture-clock.ts";
import { FRAME_SAMPLES, msToSamples, samplesToMs } from "../../../src/core/audio/pcm.ts";
import { echoReach, echoRemedy, echoText, reachText } from "../../../src/core/echo/judge.ts";
import {
  isSure,
  learn,
  learnedIn,
  learnedText,
  learnSwept,
  type Measured,
  shiftFor,
} from "../../../src/core/echo/learned.ts";
import type { EchoReading } from "../../../src/core/echo/meter.ts";
import { atMicrophone, type EchoShape, echoTrack } from "../../helpers/sim-room.ts";

const PLAYED = rushing(16_000);
const AHEAD_MS = 160;

/** Plays the rushing in a room where nobody speaks, and half a second of silence after it. */
function reading(
  shape: Partial<EchoShape>,
  echoDb: number,
  teacher: EchoTeacher = NO_TEACHER,
): EchoReading | null {
  const captured = new CaptureClock();
  const path = new EchoPath({ captured, teacher, ringSamples: msToSamples(1000) });
  const echo = echoTrack(PLAYED, { delayMs: 60, driftPpm: 0, overdriven: true, ...shape });
  const microphone = atMicrophone(new Float64Array(PLAYED.length), echo, { echoDb });
  let reported = 0;
  const end = microphone.length + msToSamples(1000);
  for (let at = 0; at < end; at += FRAME_SAMPLES) {
    captured.took(at + FRAME_SAMPLES, samplesToMs(at + FRAME_SAMPLES));
    for (
      ;
      reported < PLAYED.length && reported < at + msToSamples(AHEAD_MS);
      reported += FRAME_SAMPLES
    ) {
      path.playing(PLAYED.subarray(reported, reported + FRAME_SAMPLES), samplesToMs(reported));
    }
    const frame = new Int16Array(FRAME_SAMPLES);
    frame.set(microphone.subarray(at, at + FRAME_SAMPLES));
    path.take(frame);
  }
  return path.reading;
}

for (const delayMs of [0, 30, 60, 180, 400]) {
  test(`an echo ${delayMs} ms late is found there`, () => {
    const found = reading({ delayMs }, 0)?.delayMs ?? Number.NaN;
    assert.ok(Math.abs(found - delayMs) <= 20, `${found} ms`);
  });
}

test("the meter reports loudness, cancellation, and whether a voice gets through", () => {
  const soft = reading({}, 0);
  assert.ok(soft !== null);
  assert.ok(Math.abs(soft.echoDbfs + 30) < 4, `${soft.echoDbfs} dBFS`);
  assert.ok(soft.cancelledDb > 15, `${soft.cancelledDb} dB`);
  assert.equal(echoReach(soft), "full");
  const loud = reading({ driftPpm: 200 }, 20);
  assert.ok(loud !== null);
  assert.ok(Math.abs(loud.echoDbfs + 10) < 4, `${loud.echoDbfs} dBFS`);
  assert.notEqual(echoReach(loud), "full");
  assert.notEqual(echoRemedy(echoReach(loud), loud), "");
});

const HERE: Measured = { devices: "a | b", wallMs: 1_700_000_000_000 };

test("an echo beyond the canceller's reach is brought into it for the next answer", () => {
  const first = reading({ delayMs: 400 }, 0);
  assert.ok(first !== null && first.cancelledDb < 3, "out of reach");
  const learned = learn(null, first, HERE);
  const shiftMs = shiftFor(learned);
  const second = reading({ delayMs: 400 }, 0, { shiftMs, answered: () => undefined });
  assert.ok(second !== null && second.cancelledDb > 15, `${second?.cancelledDb} dB`);
  const after = learn(learned, second, HERE);
  assert.equal(shiftFor(after), shiftMs, "and it stays there");
  assert.equal(
    after.cancelledDb,
    second.cancelledDb,
    "what was measured out of reach is forgotten",
  );
  assert.deepEqual([isSure(after), isSure(learn(after, second, HERE))], [false, true]);
});

const DAY_MS = 24 * 3_600_000;

test("what was learned outlives the process, and is forgotten after a month", () => {
  const found: EchoReading = { delayMs: 210, echoDbfs: -22.5, returnLossDb: 8, cancelledDb: 24 };
  const learned = learn(null, found, HERE);
  for (const one of [learned, learnSwept(found, HERE)]) {
    assert.deepEqual(learnedIn(learnedText(one), HERE.wallMs + 29 * DAY_MS), one);
    assert.equal(learnedIn(learnedText(one), HERE.wallMs + 31 * DAY_MS), null);
    // A machine without a clock of its own starts in the past.
    assert.deepEqual(learnedIn(learnedText(one), 0), one);
  }
  for (const text of ["", "{}", '{"version":2}', "[1]", '{"version":1,"devices":"a | b"}']) {
    assert.equal(learnedIn(text, HERE.wallMs), null, text);
  }
});

test("another card: learned anew", () => {
  const found: EchoReading = { delayMs: 60, echoDbfs: -22, returnLossDb: 8, cancelledDb: 24 };
  const first = learn(learn(null, found, HERE), found, HERE);
  const other = learn(first, { ...found, echoDbfs: -10 }, { ...HERE, devices: "a | other" });
  assert.deepEqual([other.answers, other.echoDbfs, isSure(other)], [1, -10, false]);
});

test("a delay that only jitters is the old one; another one is believed", () => {
  const found: EchoReading = { delayMs: 60, echoDbfs: -20, returnLossDb: 8, cancelledDb: 24 };
  const first = learn(null, found, HERE);
  const second = learn(first, { ...found, delayMs: 80, cancelledDb: 34 }, HERE);
  assert.equal(second.delayMs, 60);
  assert.equal(second.cancelledDb, 27);
  assert.equal(second.answers, 2);
  assert.equal(learn(second, { ...found, delayMs: 260 }, HERE).delayMs, 260);
  assert.equal(learn(second, { ...found, delayMs: null }, HERE).delayMs, 60);
});

test("what is worse counts at once, and what is a little worse does not change the verdict", () => {
  const good: EchoReading = { delayMs: 60, echoDbfs: -30, returnLossDb: 8, cancelledDb: 17 };
  const known = learn(learn(null, good, HERE), good, HERE);
  assert.equal(known.reach, "full");
  assert.equal(learn(known, { ...good, cancelledDb: 13 }, HERE).reach, "full", "answers differ");
  let now = learn(known, { ...good, echoDbfs: -20, cancelledDb: 14 }, HERE);
  assert.equal(now.reach, "wake", "turned up: after one answer");
  let answers = 0;
  while (now.reach !== "full" && answers < 10) {
    now = learn(now, good, HERE);
    answers += 1;
  }
  assert.ok(answers >= 2 && answers < 10, `turned down again: after ${answers} answers`);
  const unclear = { ...good, delayMs: null };
  assert.notEqual(learn(null, unclear, HERE).reach, "full", "an echo whose delay is not known");
});

test("the sentences of doctor and status", () => {
  const good = { delayMs: 60, echoDbfs: -24.2, cancelledDb: 23.8 };
  assert.equal(
    `${echoText(good)}: ${reachText(echoReach(good))}`,
    "The microphone hears an answer 60 ms late, at -24 dBFS, and 24 dB of it are taken out: your voice will get through an answer",
  );
  assert.equal(echoRemedy(echoReach(good), good), "");
  const drifting = { delayMs: null, echoDbfs: -20, cancelledDb: 12 };
  assert.match(echoText(drifting), /^The microphone hears an answer at -20 dBFS, and 12 dB/);
  assert.equal(echoReach({ ...drifting, cancelledDb: 14 }), "wake");
  assert.equal(echoReach(drifting), "none");
  assert.match(echoRemedy("none", drifting), /one USB device/);
  assert.equal(echoReach({ delayMs: null, echoDbfs: -63, cancelledDb: 0 }), "full", "headphones");
});
