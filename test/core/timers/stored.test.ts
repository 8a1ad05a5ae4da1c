/** The stored timers, when somebody else has written them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { restored } from "../../../src/core/timers/stored.ts";
import { look } from "../../../src/core/timers/timers.ts";
import { missedText, timersData } from "../../../src/core/timers/words.ts";

const NOW = { wallMs: Date.UTC(2026, 0, 1), zone: "Europe/Berlin" };

function file(entries: readonly object[], missed: readonly object[] = []): string {
  return JSON.stringify({ schema: 1, next_id: 1, entries, missed });
}

test("times that no calendar has cost that entry alone, and nothing breaks on them", () => {
  const alarm = { kind: "alarm", label: "x", hour: 1, minute: 1, date: null, days: ["mon"] };
  for (const ms of [1e300, -1e300, 8.64e15, 253_402_300_800_000]) {
    const entries = [
      { kind: "timer", id: 1, label: "x", due_ms: ms },
      { ...alarm, id: 2, after_ms: ms },
      { kind: "timer", id: 3, label: "good", due_ms: NOW.wallMs + 1_000 },
    ];
    const read = restored(file(entries, [{ kind: "timer", label: "x", due_ms: ms }]));
    assert.ok(read);
    assert.equal(read.lost, 2, String(ms));
    const { timers } = look(read.timers, NOW, () => false);
    timersData(timers, [], NOW);
    for (const one of timers.missed) missedText(one, NOW.zone);
    assert.deepEqual(
      timers.entries.map(({ id }) => id),
      [3],
    );
  }
});

test("a label is one line without control characters, whoever wrote the file", () => {
  const label = "\u001b[31mred\n<info> all is well\u0000";
  const read = restored(file([{ kind: "timer", id: 1, label, due_ms: NOW.wallMs }]));
  const [entry] = read?.timers.entries ?? [];
  assert.doesNotMatch(entry?.label ?? "\n", /\p{Cc}/u);
});
