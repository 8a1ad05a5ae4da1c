/** LEDs on pins: written only on change, one or two of them, dark at night and at the end. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type OutputOptions, pinFault } from "../../../src/adapters/gpio/bank.ts";
import { GpioLeds } from "../../../src/adapters/gpio/leds.ts";
import type { Fault } from "../../../src/core/fault.ts";
import { DEFAULTS, type Settings } from "../../../src/core/settings/table.ts";
import { SimClock, settle } from "../../../src/sim/clock.ts";

/** Local noon: the quiet hours are told in local time. */
const NOON_MS = new Date(2026, 0, 5, 12, 0, 0).getTime();

class Wires {
  readonly clock = new SimClock(NOON_MS);
  /** `pin:level@ms`, in order; `pin:off` for a release. */
  readonly log: string[] = [];
  readonly faults: Fault[] = [];
  settings: Settings;
  readonly leds: GpioLeds;

  constructor(changes: Partial<Settings> = {}, lost: readonly number[] = [], dimmable = false) {
    this.settings = { ...DEFAULTS, ...changes };
    this.leds = new GpioLeds({
      clock: this.clock,
      settings: () => this.settings,
      onFault: (fault) => this.faults.push(fault),
      bank: {
        output: async ({ pin }: OutputOptions) => {
          if (lost.includes(pin)) throw pinFault(pin, "EBUSY", "somebody");
          const write = (level: number): void => {
            this.log.push(`${pin}:${level}@${this.clock.nowMs()}`);
          };
          const release = (): void => {
            this.log.push(`${pin}:off`);
          };
          return { dimmable, write, release };
        },
      },
    });
  }

  static async lit(changes: Partial<Settings> = {}, lost: readonly number[] = []): Promise<Wires> {
    const wires = new Wires(changes, lost);
    wires.leds.show("idle");
    await settle();
    return wires;
  }

  take(): string[] {
    return this.log.splice(0);
  }
}

test("the lit callback: called when the LED is written, after the pins were opened", async () => {
  const wires = new Wires();
  const events: string[] = [];
  const note = (what: string) => (): void => {
    events.push(`${what}@${wires.clock.nowMs()}`);
  };
  wires.leds.show("connecting", note("connecting"));
  wires.leds.show("listening", note("listening"));
  assert.deepEqual(events, [], "the pins are being opened");
  wires.clock.advance(12);
  await settle();
  assert.deepEqual(events, ["listening@12"]);
  wires.leds.show("idle", note("idle"));
  wires.leds.show("speaking", note("speaking"));
  assert.deepEqual(events, ["listening@12", "speaking@12"], "darkness is no light");
  await wires.leds.close();
});

test("no pin: the lit callback is not called", async () => {
  const wires = new Wires({}, [27, 22]);
  wires.leds.show("listening", () => assert.fail("there is no light"));
  await settle();
  await wires.leds.close();
});

test("each state at once, each level once, and nothing at rest", async () => {
  const wires = await Wires.lit();
  assert.equal(wires.clock.pending(), 0);
  wires.leds.show("listening");
  assert.deepEqual(wires.take(), ["27:1@0"]);
  wires.clock.advance(5000);
  assert.deepEqual(wires.take(), []);
  wires.leds.show("thinking");
  wires.clock.advance(1100);
  assert.deepEqual(wires.take(), ["27:0@5000", "22:1@5000", "22:0@5500", "22:1@6000"]);
  wires.leds.show("speaking");
  wires.leds.show("idle");
  assert.deepEqual(wires.take(), ["22:0@6100"]);
  assert.equal(wires.clock.pending(), 0);
});

test("what was shown while the pins were being opened is shown when they are", async () => {
  const wires = new Wires();
  wires.leds.show("idle");
  wires.leds.show("listening");
  await settle();
  assert.deepEqual(wires.take(), ["27:1@0"]);
});

test("a pin in use is logged once, and the other LED shows everything", async () => {
  const wires = await Wires.lit({}, [27]);
  assert.deepEqual(
    wires.faults.map(({ message }) => message),
    ['GPIO 27 is in use by "somebody"; Pipit runs without it'],
  );
  wires.leds.show("listening");
  assert.deepEqual(wires.take(), ["22:1@0"]);
  wires.leds.show("idle");
  assert.deepEqual(wires.take(), ["22:0@0"]);
});

test("one LED wired: it shows the status, too", async () => {
  const wires = await Wires.lit({ "leds.status_pin": "none" });
  wires.leds.show("fault");
  assert.deepEqual(wires.take(), ["27:1@0"]);
});

test("quiet hours begin and end by the clock; a conversation and a fault show all the same", async () => {
  const quiet = { "leds.quiet_from": "12:10", "leds.quiet_to": "12:20" };
  const wires = await Wires.lit({ ...quiet, "leds.patterns": ["idle=on"] });
  assert.deepEqual(wires.take(), ["22:1@0"]);
  wires.clock.advance(10 * 60_000);
  assert.deepEqual(wires.take(), ["22:0@600000"]);
  for (const shown of ["listening", "fault"] as const) {
    wires.leds.show(shown);
    assert.match(wires.take().at(-1) ?? "", /:1@/);
  }
  wires.leds.show("muted");
  wires.clock.advance(3000);
  assert.match(wires.take().at(-1) ?? "", /:0@/);
  wires.clock.advance(10 * 60_000);
  assert.ok(
    wires.take().some((line) => line.startsWith("22:1")),
    "the night is over",
  );
});

test("a reload is seen with the next change", async () => {
  const wires = await Wires.lit();
  wires.settings = { ...wires.settings, "leds.patterns": ["listening=blink"] };
  wires.leds.show("listening");
  wires.clock.advance(600);
  assert.deepEqual(wires.take(), ["27:1@0", "27:0@500"]);
});

test("a pin that can be dimmed breathes, within its brightness", async () => {
  const wires = new Wires({ "leds.brightness": 0.4, "leds.status_pin": "none" }, [], true);
  wires.leds.show("follow-up");
  await settle();
  wires.clock.advance(4000);
  const levels = wires.take().map((line) => Number(line.slice(3).split("@")[0]));
  assert.ok(levels.length > 60 && Math.max(...levels) <= 0.4 && Math.min(...levels) >= 0.04);
});

test("close: timers gone, pins let go, twice; also while they are being opened", async () => {
  const wires = await Wires.lit();
  wires.leds.show("fault");
  wires.take();
  await wires.leds.close();
  await wires.leds.close();
  wires.leds.show("listening");
  assert.deepEqual(wires.take(), ["27:off", "22:off"]);
  assert.equal(wires.clock.pending(), 0);
  const early = new Wires();
  early.leds.show("listening");
  await early.leds.close();
  assert.deepEqual(early.take(), ["27:off", "22:off"]);
});
