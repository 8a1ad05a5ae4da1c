/** A service that is faster than udev at boot still gets its pins. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bank, pinFault } from "../../../src/adapters/gpio/bank.ts";
import { GpioButton } from "../../../src/adapters/gpio/button.ts";
import { LateBank } from "../../../src/adapters/gpio/late-bank.ts";
import { GpioLeds } from "../../../src/adapters/gpio/leds.ts";
import { TRIES_MAX, TRY_EVERY_MS } from "../../../src/adapters/gpio/patient-pin.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";
import { SimClock } from "../../../src/sim/clock.ts";

/** Pins that are refused so many times. */
class Udev implements Bank {
  readonly name = "gpiochip";
  refusals: number;
  asked = 0;
  released = 0;
  level = 0;
  constructor(refusals: number) {
    this.refusals = refusals;
  }
  async output() {
    this.#ask();
    return {
      dimmable: false,
      write: (level: number) => {
        this.level = level;
      },
      release: () => {
        this.released += 1;
      },
    };
  }
  async input() {
    this.#ask();
    return {
      release: () => {
        this.released += 1;
      },
    };
  }
  #ask(): void {
    this.asked += 1;
    if (this.refusals-- > 0) throw pinFault(17, "EACCES");
  }
}

function button(bank: Bank) {
  const clock = new SimClock();
  const faults: string[] = [];
  const line = { pin: 17, pull: "up", debounceMs: 20 } as const;
  const part = new GpioButton({ clock, bank, line, onFault: (why) => faults.push(why.message) });
  part.start({ edge: () => undefined });
  return { clock, faults, part };
}

test("a pin in use is retried; its opening is logged once", async () => {
  const udev = new Udev(3);
  const { clock, faults, part } = button(udev);
  await clock.advanceAsync(5 * TRY_EVERY_MS);
  assert.equal(udev.asked, 4);
  assert.equal(faults.length, 1);
  await part.close();
  assert.equal(udev.released, 1);
  assert.equal(clock.pending(), 0);
});

test("retries end for a pin that never opens", async () => {
  const udev = new Udev(1_000);
  const { clock, faults, part } = button(udev);
  await clock.advanceAsync(100 * TRY_EVERY_MS);
  assert.equal(udev.asked, TRIES_MAX);
  assert.equal(faults.length, 1);
  assert.equal(clock.pending(), 0);
  await part.close();
});

test("an LED opened late shows the present state", async () => {
  const udev = new Udev(1);
  const clock = new SimClock();
  const settings = { ...DEFAULTS, "leds.listening_pin": 27, "leds.status_pin": "none" } as const;
  const leds = new GpioLeds({
    bank: udev,
    clock,
    settings: () => settings,
    onFault: () => undefined,
  });
  leds.show("listening");
  await clock.advanceAsync(TRY_EVERY_MS + 10);
  assert.equal(udev.level, 1);
  await leds.close();
  assert.equal(udev.released, 1);
});

test("chips that are closed at the start are looked for again", async () => {
  const udev = new Udev(0);
  let looks = 0;
  const late = new LateBank(() => {
    looks += 1;
    const fault = pinFault(17, "EACCES").fault;
    return looks < 3 ? { bank: null, fault } : { bank: udev, fault: null };
  });
  const { clock, faults, part } = button(late);
  await clock.advanceAsync(3 * TRY_EVERY_MS);
  assert.equal(udev.asked, 1);
  assert.equal(faults.length, 1);
  await part.close();
});
