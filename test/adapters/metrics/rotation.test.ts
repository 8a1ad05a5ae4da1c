/** Rotation by count, age and room: the oldest first, nothing that is not ours, no belief in a wrong clock. */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MetricsFiles } from "../../../src/adapters/metrics/files.ts";
import type { MetricsLimits } from "../../../src/adapters/metrics/rotation.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2027-06-15T12:00:00Z");
const ROOM: MetricsLimits = { maxFiles: 1000, maxBytes: 20_000_000, maxAgeDays: 0 };

function nameOf(wallMs: number, id = "ab12"): string {
  const digits = new Date(wallMs).toISOString().replace(/[-:]/g, "");
  return `session_${digits.slice(0, 8)}_${digits.slice(9, 15)}_${id}.json`;
}

const sorted = (names: readonly string[]): string[] => names.toSorted((a, b) => (a < b ? -1 : 1));

class Folder {
  readonly dir: string;
  readonly clock = new SimClock(NOW_MS);
  limits: MetricsLimits = ROOM;
  readonly store: MetricsFiles;

  constructor(test: { after(clean: () => void): void }) {
    this.dir = tempFolder(test);
    this.store = new MetricsFiles({ dir: this.dir, limits: () => this.limits, clock: this.clock });
  }

  put(name: string, bytes = 100): string {
    writeFileSync(join(this.dir, name), "x".repeat(bytes));
    return name;
  }

  /** A file `days` before the true now. */
  daysAgo(days: number, bytes = 100): string {
    return this.put(nameOf(NOW_MS - days * DAY_MS), bytes);
  }

  /** A conversation of the clock's now is over. */
  async save(text = "{}"): Promise<string> {
    const name = nameOf(this.clock.wallMs(), "just");
    assert.equal(await this.store.save(name, text), null);
    return name;
  }

  get names(): string[] {
    return readdirSync(this.dir).sort();
  }
}

test("by count: the oldest go first, and the one just written stays, whatever the clock", async (t) => {
  const folder = new Folder(t);
  const [, second, third] = [3, 2, 1].map((days) => folder.daysAgo(days));
  folder.limits = { ...ROOM, maxFiles: 3 };
  const now = await folder.save();
  assert.deepEqual(folder.names, [second, third, now]);
  folder.clock.jumpWall(-100 * DAY_MS);
  const early = await folder.save();
  assert.deepEqual(folder.names, [early, third, now]);
  folder.limits = { ...ROOM, maxFiles: 1 };
  folder.clock.advance(1000);
  const last = await folder.save();
  assert.deepEqual(folder.names, [last], "a lowered limit counts at once");
});

test("by room: in blocks, as files lie on the card", async (t) => {
  const folder = new Folder(t);
  folder.daysAgo(4, 4097);
  const [third, second, first] = [3, 2, 1].map((days) => folder.daysAgo(days, 1));
  // Three small ones and the new one are four blocks; the oldest takes two.
  folder.limits = { ...ROOM, maxBytes: 5 * 4096 };
  const now = await folder.save();
  assert.deepEqual(folder.names, [third, second, first, now]);
  folder.limits = { ...ROOM, maxBytes: 4096 };
  folder.clock.advance(1000);
  const large = await folder.save("x".repeat(9000));
  assert.deepEqual(folder.names, [large], "the one just written stays, however large");
});

test("by age: older than the limit goes; with 0 nothing does", async (t) => {
  const folder = new Folder(t);
  const files = [400, 31, 29, 2, 1].map((days) => folder.daysAgo(days));
  await folder.save();
  assert.equal(folder.names.length, 6);
  folder.limits = { ...ROOM, maxAgeDays: 30 };
  folder.clock.advance(1000);
  await folder.save();
  assert.deepEqual(folder.names.slice(0, 3), files.slice(2));
  assert.equal(folder.names.length, 5);
});

test("a clock that is wrong removes nothing by age, nor do its names when it is right again", async (t) => {
  const folder = new Folder(t);
  const files = [29, 20, 10, 5, 2, 1].map((days) => folder.daysAgo(days));
  folder.limits = { ...ROOM, maxAgeDays: 30 };
  const wrong: string[] = [];
  for (const at of ["1970-01-01T00:00:20Z", "2025-03-01T00:00:00Z", "2038-01-19T03:14:07Z"]) {
    folder.clock.jumpWall(Date.parse(at) - folder.clock.wallMs());
    wrong.push(await folder.save());
    folder.clock.advance(1000);
    wrong.push(await folder.save());
  }
  assert.deepEqual(folder.names, sorted([...files, ...wrong]), "while it is wrong");
  folder.clock.jumpWall(NOW_MS - folder.clock.wallMs());
  const now = await folder.save();
  assert.deepEqual(folder.names, sorted([...files, ...wrong, now]), "when it is right");
  const old = folder.daysAgo(31);
  folder.clock.advance(1000);
  await folder.save();
  assert.ok(!folder.names.includes(old), "and then age counts again");
});

test("what is not ours stays, is not counted, and not looked into", async (t) => {
  const folder = new Folder(t);
  const foreign = [
    ...["README.md", "session_1_2_3.json", "session_20270101_000000_a.json.bak"],
    ...["session_20270101_000000_a.jsonl", "xsession_20270101_000000_a.json", "session_notes.json"],
    ...["session_20270101_000000_.json", "Session_20270101_000000_a.json", ".session.x.tmp"],
    ...[".checkpoint.session_20270101_000000_a", ".checkpoint.zz-1-1.session_20270101_000000_a"],
  ];
  for (const name of foreign) folder.put(name);
  const ours = "session_20270101_000000_";
  mkdirSync(join(folder.dir, `${ours}folder.json`));
  folder.put(`${ours}folder.json/kept`);
  mkdirSync(join(folder.dir, "session"));
  folder.put(`session/${ours}deep.json`);
  symlinkSync("README.md", join(folder.dir, `${ours}link.json`));
  symlinkSync("nowhere", join(folder.dir, `${ours}broken.json`));
  const before = folder.names;
  folder.limits = { maxFiles: 2, maxBytes: 8192, maxAgeDays: 1 };
  await folder.store.recover();
  const kept = folder.daysAgo(0.5);
  const now = await folder.save();
  assert.deepEqual(folder.names, sorted([...before, kept, now]));
  assert.deepEqual(readdirSync(join(folder.dir, "session")), [`${ours}deep.json`]);
  assert.deepEqual(readdirSync(join(folder.dir, `${ours}folder.json`)), ["kept"]);
});
