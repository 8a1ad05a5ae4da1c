/**
 * A year of timers and alarms in five zones, with restarts, days without power, and plugs pulled in
 * the middle of writes; Temporal says when each should ring. None is lost, none rings twice, each
 * rings within a second of its time, or is told.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Temporal } from "temporal-polyfill";
import { AlarmClock } from "../../../src/app/timers/alarm-clock.ts";
import { timerOrder } from "../../../src/app/timers/orders.ts";
import type { Fault } from "../../../src/core/fault.ts";
import { record } from "../../../src/core/json.ts";
import type { Journal, StateFile } from "../../../src/ports.ts";
import { SimCalendar, SimClock, settle } from "../../../src/sim/clock.ts";
import { SimDice } from "../../../src/sim/dice.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);
const LATE_MAX_MS = 600_000;
const RESTARTS = 200;
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** A disk whose next write may be cut: it then keeps what it had, and never answers. */
class Disk implements StateFile {
  text: string | null = null;
  cutNext: boolean = false;
  wasCut: boolean = false;
  async load() {
    return { ok: true as const, text: this.text };
  }
  save(text: string): Promise<Fault | null> {
    if (this.wasCut || this.cutNext) {
      this.wasCut = true;
      return new Promise(() => {});
    }
    this.text = text;
    return Promise.resolve(null);
  }
  async setAside(): Promise<void> {
    assert.fail("its own text could not be read");
  }
}

interface Wanted {
  readonly label: string;
  readonly dueMs: number;
  /** Rings at these times of the wall, for ever. */
  readonly weekly: { readonly at: string; readonly days: readonly string[] } | null;
}

class House {
  readonly clock = new SimClock(START_MS);
  readonly calendar = new SimCalendar();
  readonly journal: Journal = { log: (_level, line) => this.#reads(line) };
  readonly disk = new Disk();
  readonly dice: SimDice;
  readonly wanted: Wanted[] = [];
  /** When it rang, or was told as missed: by label and due time. */
  readonly rang = new Map<string, number[]>();
  alarmClock: AlarmClock;
  #serial = 0;

  constructor(zone: string, seed: number) {
    this.calendar.zoneName = zone;
    this.dice = new SimDice(seed);
    this.alarmClock = this.#boot();
  }

  #boot(): AlarmClock {
    const { clock, calendar, journal, disk } = this;
    const made = new AlarmClock({
      clock,
      calendar,
      journal,
      store: disk,
      bell: { start: () => this.#rings(made), stop: () => undefined },
      ringMaxMs: () => 15 * 60_000,
      room: () => "free",
      makeRoom: () => assert.fail("there was room"),
      changed: () => undefined,
      armed: () => undefined,
    });
    return made;
  }

  /** Somebody is there, and stops it after twenty seconds, unless the plug is pulled before. */
  #rings(by: AlarmClock): void {
    this.clock.after(20_000, () => by === this.alarmClock && by.silence());
  }

  /** There is always room, so that what is due begins to ring, or joins what rings. */
  #reads(line: string): void {
    if (!line.startsWith("Due: ")) return;
    for (const name of line.split(", ")) this.#note(name, this.clock.wallMs());
  }

  #note(name: string, atMs: number): void {
    const label = /"(.+)"/.exec(name)?.[1] ?? "";
    this.rang.set(label, [...(this.rang.get(label) ?? []), atMs]);
  }

  pick(below: number): number {
    return Math.floor(this.dice.unit() * below);
  }

  async want(): Promise<void> {
    const label = `n${this.#serial++}`;
    const kind = this.dice.unit();
    const [hour, minute] = [this.pick(24), this.pick(60)];
    const at = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
    const nowMs = this.clock.wallMs();
    if (kind < 0.6) {
      const seconds = 1 + this.pick(kind < 0.3 ? 600 : 90_000);
      await this.#ask(
        { act: "set", seconds, label },
        { label, dueMs: nowMs + seconds * 1000, weekly: null },
      );
      return;
    }
    const date = this.#today().add({ days: 1 + this.pick(20) });
    const dueMs = instant(date, at, this.calendar.zoneName);
    await this.#ask(
      { act: "alarm", at: `${date}T${at}`, days: [], label },
      { label, dueMs, weekly: null },
    );
  }

  async wantWeekly(at: string, days: readonly string[]): Promise<void> {
    const label = `w${this.#serial++}`;
    const wanted = { label, dueMs: this.clock.wallMs(), weekly: { at, days } };
    await this.#ask({ act: "alarm", at, days, label }, wanted);
  }

  async #ask(order: Parameters<typeof timerOrder>[1], wanted: Wanted): Promise<void> {
    let answer: unknown = null;
    void timerOrder(this.alarmClock, order).then((reply) => {
      answer = reply;
    });
    await settle();
    // Without an answer, nothing was promised.
    if (record(answer)?.["ok"] === true) this.wanted.push(wanted);
    else assert.ok(answer === null, JSON.stringify(answer));
  }

  /** Only orders wait for promises: time may run. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }

  #today(): Temporal.PlainDate {
    return Temporal.Instant.fromEpochMilliseconds(this.clock.wallMs())
      .toZonedDateTimeISO(this.calendar.zoneName)
      .toPlainDate();
  }

  /** The plug is pulled; after `offMs` there is power again. */
  async restart(offMs: number): Promise<void> {
    this.alarmClock.close();
    this.clock.advance(offMs);
    this.disk.wasCut = false;
    this.disk.cutNext = false;
    this.alarmClock = this.#boot();
    await this.alarmClock.start();
    this.#collectMissed();
    await settle();
  }

  #collectMissed(): void {
    for (const name of this.alarmClock.missed()) this.#note(name, this.clock.wallMs());
    this.alarmClock.announced();
  }
}

function instant(date: Temporal.PlainDate, at: string, zone: string): number {
  return date.toPlainDateTime(at).toZonedDateTime(zone, { disambiguation: "compatible" })
    .epochMilliseconds;
}

/** When a repeating alarm should ring within a span. */
function occurrences({ weekly, dueMs }: Wanted, toMs: number, zone: string): number[] {
  if (weekly === null) return [dueMs];
  const found: number[] = [];
  let date = Temporal.Instant.fromEpochMilliseconds(dueMs).toZonedDateTimeISO(zone).toPlainDate();
  for (;;) {
    const atMs = instant(date, weekly.at, zone);
    if (atMs > toMs) return found;
    const day = DAYS[date.dayOfWeek - 1] ?? "";
    if (atMs > dueMs && weekly.days.includes(day)) found.push(atMs);
    date = date.add({ days: 1 });
  }
}

const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "America/Santiago",
  "Africa/Casablanca",
] as const;

for (const [index, zone] of ZONES.entries()) {
  test(`a year in ${zone}: ${RESTARTS} restarts, plugs pulled at writes`, async () => {
    const house = new House(zone, 100 + index);
    await house.alarmClock.start();
    await house.wantWeekly("02:30", DAYS);
    await house.wantWeekly("07:00", DAYS.slice(0, 5));
    const offs: [number, number][] = [];
    const stepMs = (365 * 24 * HOUR_MS) / RESTARTS;
    for (let i = 0; i < RESTARTS; i++) {
      const aheadMs = house.pick(stepMs * 0.8);
      for (let n = house.pick(4); n > 0; n--) await house.want();
      await house.pass(aheadMs);
      // In half of the cases, the plug is pulled in the middle of the next write.
      house.disk.cutNext = house.dice.unit() < 0.5;
      if (house.disk.cutNext) await house.want();
      await house.pass(house.pick(40_000));
      const fromMs = house.clock.wallMs();
      const long = house.dice.unit() < 0.3 ? house.pick(30 * HOUR_MS) : house.pick(700_000);
      await house.restart(long);
      offs.push([fromMs, house.clock.wallMs()]);
      await house.pass(aheadMs);
    }
    await house.pass(40 * 24 * HOUR_MS);
    assert.ok(house.wanted.length > RESTARTS, `only ${house.wanted.length} were promised`);
    for (const wanted of house.wanted) check(house, wanted, offs);
  });
}

function check(house: House, wanted: Wanted, offs: readonly (readonly [number, number])[]): void {
  const toMs = house.clock.wallMs() - 60_000;
  const dues = occurrences(wanted, toMs, house.calendar.zoneName);
  const rang = house.rang.get(wanted.label) ?? [];
  for (const dueMs of dues) {
    const off = offs.find(([from, to]) => dueMs >= from - 21_000 && dueMs <= to);
    const what = `${wanted.label} due ${new Date(dueMs).toISOString()}`;
    if (off === undefined) {
      const near = rang.filter((atMs) => Math.abs(atMs - dueMs) <= 1_000);
      assert.equal(near.length, 1, `${what}: rang ${near.length} times`);
      continue;
    }
    // Around a time without power: at its time, at the start after it, or told as missed then.
    const [, upMs] = off;
    const heard = rang.filter((atMs) => Math.abs(atMs - dueMs) <= 1_000 || atMs >= upMs);
    const isReported = heard.length > 0 || wanted.weekly !== null;
    assert.ok(isReported, `${what} was lost; rang at ${rang}`);
    if (upMs - dueMs > LATE_MAX_MS || dueMs < off[0]) continue;
    assert.ok(
      rang.some((atMs) => atMs >= dueMs && atMs <= upMs + 1_000),
      `${what} did not ring`,
    );
  }
  if (wanted.weekly === null) assert.ok(rang.length <= 2, `${wanted.label} rang at ${rang}`);
}
