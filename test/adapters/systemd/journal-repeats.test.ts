/** Trouble that lasts for a night is a handful of lines, and none of it goes uncounted. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LineJournal } from "../../../src/adapters/systemd/journal.ts";
import { LINES_REMEMBERED, SAID_FREELY } from "../../../src/adapters/systemd/journal-repeats.ts";
import { fault } from "../../../src/core/fault.ts";
import { Redactor } from "../../../src/core/redact.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { keptLines } from "../../helpers/host.ts";
import { settled, World } from "../../helpers/world.ts";

const HOUR_MS = 3_600_000;

function journalWith(clock: SimClock) {
  const sink = keptLines({ journald: true });
  const options = { sink, clock, level: "info", colour: false, secrets: new Redactor() } as const;
  return { sink, journal: new LineJournal(options) };
}

test("the same fault is said three times, then counted, and the count is told", () => {
  const clock = new SimClock(new Date(2026, 10, 26, 10, 12).getTime());
  const { sink, journal } = journalWith(clock);
  for (let i = 0; i < 360; i++) {
    journal.log("error", "Microphone is missing");
    clock.advance(10_000);
  }
  const counted = "<3>Microphone is missing (said 360 times since 2026-11-26 10:12)";
  assert.deepEqual(
    sink.lines.slice(0, SAID_FREELY),
    Array(SAID_FREELY).fill("<3>Microphone is missing"),
  );
  assert.deepEqual(sink.lines.slice(SAID_FREELY), [counted]);
});

test("once it has stopped, the rest is told, and a new one counts as new", () => {
  const clock = new SimClock();
  const { sink, journal } = journalWith(clock);
  for (let i = 0; i < 5; i++) journal.log("warning", "x");
  clock.advance(4 * HOUR_MS);
  assert.equal(sink.lines.length, SAID_FREELY + 1);
  assert.equal(clock.pending(), 0);
  journal.log("warning", "x");
  assert.equal(sink.lines.at(-1), "<4>x");
});

test("lines of conversations are never counted; different faults are all said", () => {
  const clock = new SimClock();
  const { sink, journal } = journalWith(clock);
  for (let i = 0; i < 10; i++) journal.log("info", "Connected");
  for (let i = 0; i < LINES_REMEMBERED + 10; i++) journal.log("notice", `fault ${i}`);
  assert.equal(sink.lines.length, 10 + LINES_REMEMBERED + 10);
  assert.equal(clock.pending(), LINES_REMEMBERED);
});

test("what answers the owner is said each time", () => {
  const clock = new SimClock();
  const { sink, journal } = journalWith(clock);
  const line = "Configuration reloaded: in force now: audio.volume";
  for (let i = 0; i < 9; i++) journal.answers.log("notice", line);
  journal.setLevel("warning");
  journal.answers.log("notice", "too quiet for this level");
  assert.deepEqual(sink.lines, Array(9).fill(`<5>${line}`));
  assert.equal(clock.pending(), 0);
});

test("a count that is due is not told below the level that is in force by then", () => {
  const clock = new SimClock();
  const { sink, journal } = journalWith(clock);
  for (let i = 0; i < 9; i++) journal.log("notice", "x");
  journal.setLevel("error");
  clock.advance(HOUR_MS);
  assert.equal(sink.lines.length, SAID_FREELY);
});

test("what was counted is told at the end", () => {
  const clock = new SimClock();
  const { sink, journal } = journalWith(clock);
  for (let i = 0; i < 7; i++) journal.log("error", "x");
  journal.close();
  assert.match(sink.lines.at(-1) ?? "", /^<3>x \(said 7 times since /);
  assert.equal(clock.pending(), 0);
});

test("a day without microphone and network is a handful of lines", async () => {
  const world = new World();
  const { sink, journal } = journalWith(world.clock);
  world.journal.log = (level, line) => journal.log(level, line);
  await world.appliance.start();
  for (let ms = 0; ms < 24 * HOUR_MS; ms += 10_000) {
    world.microphone.sink?.lost(fault("microphone-missing", "retry", "Microphone is missing"));
    world.clock.advance(10_000);
  }
  await settled();
  const said = `${sink.lines.length} lines:\n${sink.lines.join("\n")}`;
  assert.ok(sink.lines.length <= 12, said);
  assert.match(said, /said \d{4} times/, said);
});
