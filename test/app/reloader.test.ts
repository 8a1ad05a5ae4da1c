/** A saved configuration: told by itself, once, and never while it is being written. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GRACE_MS, QUIET_MS, Reloader, UNREST_MAX_MS } from "../../src/app/reloader.ts";
import { StatusLine } from "../../src/app/status-line.ts";
import { NOTHING_WRITTEN, type Written, writtenIn } from "../../src/core/settings/loss.ts";
import { DEFAULTS, type Settings } from "../../src/core/settings/table.ts";
import type { ConfigReading, ConfigWatch, ConfigWatchSink } from "../../src/ports.ts";
import { SimClock } from "../../src/sim/clock.ts";
import { SimJournal, SimNotifier } from "../../src/sim/parts.ts";

const GOOD = "good";

class SimWatch implements ConfigWatch {
  sink: ConfigWatchSink | null = null;
  start(sink: ConfigWatchSink): void {
    this.sink = sink;
  }
  async close(): Promise<void> {
    this.sink = null;
  }
}

/** The owner's file, and the daemon that reads it. */
class Desk {
  readonly clock = new SimClock();
  readonly journal = new SimJournal();
  readonly notifier = new SimNotifier();
  readonly watch = new SimWatch();
  readonly status = new StatusLine(this.notifier);
  readonly reloader: Reloader;
  settings: Settings = DEFAULTS;
  reads = 0;
  #file: ConfigReading;

  /** `written`: what its file says at the start. */
  constructor(written: Written = NOTHING_WRITTEN) {
    const good = { ok: true, settings: DEFAULTS, digest: GOOD, path: "c.yaml" } as const;
    this.#file = { ...good, isEmpty: false, written };
    const { clock, journal, watch, status } = this;
    this.reloader = new Reloader({
      clock,
      journal,
      watch,
      status,
      digest: GOOD,
      written,
      settings: () => this.settings,
      read: () => {
        this.reads += 1;
        return this.#file;
      },
      apply: (plan) => {
        this.settings = plan.settings;
      },
    });
  }

  /** Started, and the look at the start is over. */
  static settled(written?: Written): Desk {
    const desk = new Desk(written);
    desk.reloader.start();
    desk.clock.advance(QUIET_MS);
    desk.reads = 0;
    return desk;
  }

  save(
    changes: Partial<Settings>,
    digest = JSON.stringify(changes),
    written: Written = NOTHING_WRITTEN,
  ): void {
    const settings = { ...DEFAULTS, ...changes };
    const isEmpty = digest === "";
    const named = digest === "{}" ? GOOD : digest;
    this.#put({ ok: true, settings, digest: named, path: "c.yaml", isEmpty, written });
  }

  spoil(...problems: string[]): void {
    this.#put({ ok: false, problems, digest: problems.join() });
  }

  get lines(): string[] {
    return this.journal.lines.map(({ line }) => line);
  }

  #put(file: ConfigReading): void {
    this.#file = file;
    this.watch.sink?.changed();
  }
}

const LOUDER = { "audio.volume": 0.5 };
const IN_FORCE = "Configuration reloaded: in force now: audio.volume";
const KEPT = "The configuration was not reloaded; the previous one stays in force";

test("reload on save: in force after half a second, RELOADING and READY sent", () => {
  const desk = Desk.settled();
  desk.save(LOUDER);
  desk.clock.advance(QUIET_MS - 1);
  assert.equal(desk.settings["audio.volume"], DEFAULTS["audio.volume"]);
  desk.clock.advance(1);
  assert.equal(desk.settings["audio.volume"], 0.5);
  assert.deepEqual(desk.lines, [IN_FORCE]);
  assert.deepEqual(desk.notifier.said, ["RELOADING", "READY Ready"]);
});

test("debounce: ten saves within a second are one reload; constant saving does not postpone it for ever", () => {
  const desk = Desk.settled();
  for (let i = 0; i < 10; i++) {
    desk.save({ "audio.volume": i / 10 });
    desk.clock.advance(100);
  }
  desk.clock.advance(QUIET_MS);
  assert.equal(desk.reads, 1);
  assert.equal(desk.lines.length, 1);
  for (let ms = 0; ms < UNREST_MAX_MS; ms += 100) {
    desk.save(LOUDER, `draft ${ms}`);
    desk.clock.advance(100);
  }
  assert.equal(desk.reads, 2);
});

test("no change of content: no reload, no line", () => {
  const desk = Desk.settled();
  desk.save({});
  desk.clock.advance(QUIET_MS);
  desk.save({}, "with a comment");
  desk.clock.advance(QUIET_MS);
  assert.equal(desk.reads, 2);
  assert.deepEqual([desk.lines, desk.notifier.said], [[], []]);
});

test("an editor that truncates or renames first: the half-written file is not read", () => {
  const desk = Desk.settled();
  for (const spoil of [() => desk.spoil("gone"), () => desk.save({}, "")]) {
    spoil();
    desk.clock.advance(QUIET_MS + 1_000);
    desk.save(LOUDER);
    desk.clock.advance(QUIET_MS + GRACE_MS);
    desk.save({});
    desk.clock.advance(QUIET_MS);
  }
  assert.deepEqual(desk.lines, [IN_FORCE, IN_FORCE, IN_FORCE, IN_FORCE]);
});

test("invalid file: all problems logged once, shown in status, settings unchanged", () => {
  const desk = Desk.settled();
  desk.spoil("c.yaml:12:3 a: no", "c.yaml:13:3 b: no");
  desk.clock.advance(QUIET_MS + GRACE_MS - 1);
  assert.deepEqual(desk.lines, []);
  desk.clock.advance(1);
  const lines = ["c.yaml:12:3 a: no", "c.yaml:13:3 b: no", KEPT];
  assert.deepEqual(desk.lines, lines);
  assert.deepEqual(desk.notifier.said, ["STATUS Reload refused: c.yaml:12:3 a: no"]);
  desk.watch.sink?.changed(); // touched
  desk.clock.advance(QUIET_MS + GRACE_MS);
  assert.deepEqual(desk.lines, lines);
  assert.equal(desk.settings, DEFAULTS);
});

test("invalid file restored: one line says that all is well", () => {
  const desk = Desk.settled();
  desk.spoil("c.yaml:1:1 x: no");
  desk.clock.advance(QUIET_MS + GRACE_MS);
  desk.save({});
  desk.clock.advance(QUIET_MS);
  assert.equal(desk.lines.at(-1), "Configuration reloaded: nothing has changed");
  assert.deepEqual(desk.notifier.said.slice(-3), ["RELOADING", "STATUS Ready", "READY Ready"]);
});

test("asked for, it reads at once and always answers", () => {
  const desk = Desk.settled();
  desk.reloader.now();
  assert.deepEqual(desk.lines, ["Configuration reloaded: nothing has changed"]);
  desk.spoil("c.yaml:1:1 x: no");
  desk.reloader.now();
  desk.reloader.now();
  assert.deepEqual(desk.lines.slice(1), ["c.yaml:1:1 x: no", KEPT, "c.yaml:1:1 x: no", KEPT]);
  assert.equal(desk.notifier.said.at(-1), "READY Reload refused: c.yaml:1:1 x: no");
  desk.clock.advance(60_000);
  assert.equal(desk.lines.length, 5, "and what was asked for is not told again by the watch");
});

test("asked for in the instant in which an editor has emptied the file, it waits for the rest", () => {
  const desk = Desk.settled();
  desk.save({}, "");
  desk.reloader.now();
  assert.deepEqual(desk.lines, []);
  desk.save(LOUDER);
  desk.clock.advance(QUIET_MS);
  assert.deepEqual(desk.lines, [IN_FORCE]);
  desk.save({}, "");
  desk.reloader.now();
  desk.clock.advance(QUIET_MS + GRACE_MS);
  assert.deepEqual(desk.lines, [IN_FORCE, IN_FORCE], "and a file that stays empty is meant so");
});

test("asked for during the start, it answers after it: READY must not come too early", () => {
  const desk = new Desk();
  desk.reloader.now();
  assert.deepEqual(desk.notifier.said, []);
  desk.reloader.start();
  assert.deepEqual(desk.notifier.said, ["RELOADING", "READY Ready"]);
});

test("what was saved between the first reading and the watch is found", () => {
  const desk = new Desk();
  desk.save(LOUDER);
  desk.reloader.start();
  desk.clock.advance(QUIET_MS);
  assert.deepEqual(desk.lines, [IN_FORCE]);
});

test("restart keys are named until the restart; after close nothing is read", async () => {
  const desk = Desk.settled();
  desk.save({ "audio.input_device": "hw:1" });
  desk.clock.advance(QUIET_MS);
  assert.deepEqual(desk.lines, [
    "Configuration reloaded: only after a restart: audio.input_device",
  ]);
  desk.save(LOUDER);
  await desk.reloader.close();
  desk.clock.advance(60_000);
  assert.deepEqual([desk.reads, desk.clock.pending()], [1, 0]);
});

const CAPPED = { budget: { daily_usd: 0.5 }, audio: { volume: 0.4 } };

test("an emptied file takes neither the cap nor the volume away; {} does", () => {
  const desk = Desk.settled(writtenIn(CAPPED));
  desk.save({}, "", writtenIn(null));
  desk.clock.advance(QUIET_MS + GRACE_MS);
  const gone = "c.yaml: is empty now; if the defaults are intended, write {} into it";
  assert.deepEqual(desk.lines, [gone, KEPT]);
  assert.equal(desk.status.config.refused?.why, gone, "status shows it until it is mended");
  desk.reloader.now();
  desk.clock.advance(GRACE_MS);
  assert.equal(desk.lines.filter((line) => line === KEPT).length, 2, "not by SIGHUP either");
  desk.save({}, "braces", writtenIn({}));
  desk.clock.advance(QUIET_MS);
  assert.equal(desk.status.config.refused, null);
  assert.match(desk.lines.at(-1) ?? "", /^Configuration reloaded: /);
});

test("restart keys that wait are in the status, and the owner hears when none does any more", () => {
  const desk = Desk.settled();
  desk.save({ "audio.output_device": "file:x.wav" });
  desk.clock.advance(QUIET_MS);
  assert.deepEqual(desk.status.config.waiting, ["audio.output_device"]);
  desk.save({}, "back");
  desk.clock.advance(QUIET_MS);
  assert.deepEqual(desk.status.config.waiting, []);
  assert.deepEqual(desk.lines, [
    "Configuration reloaded: only after a restart: audio.output_device",
    "Configuration reloaded: no setting waits for a restart now",
  ]);
});
