/** onoff: the number from the chip's label, its quirks, and a missed edge. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findBase, LOOK_AGAIN_MS, OnoffBank } from "../../../src/adapters/gpio/onoff.ts";
import type { Fault } from "../../../src/core/fault.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { FakeSysfs } from "../../helpers/fake-gpio.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

interface Made {
  readonly sysfs: FakeSysfs;
  readonly bank: OnoffBank;
  readonly clock: SimClock;
  readonly notices: Fault[];
}

function made(t: TestContext, base = 571): Made {
  const sysfs = new FakeSysfs(tempFolder(t), "pinctrl-rp1", base);
  const clock = new SimClock();
  const notices: Fault[] = [];
  const { Gpio, root } = sysfs;
  const onNotice = (notice: Fault): number => notices.push(notice);
  return { sysfs, clock, notices, bank: new OnoffBank({ Gpio, base, clock, onNotice, root }) };
}

test("the base comes from the label, not from any number", (t) => {
  assert.equal(findBase(new FakeSysfs(tempFolder(t), "pinctrl-rp1", 569).root), 569);
  assert.equal(findBase(new FakeSysfs(tempFolder(t), "pinctrl-bcm2835", 0).root), 0);
  assert.equal(findBase(new FakeSysfs(tempFolder(t), "raspberrypi-exp-gpio", 512).root), null);
  assert.equal(findBase(join(tempFolder(t), "nothing")), null);
});

test("an output: exported by base + BCM, waited for, never lit by the opening", async (t) => {
  const { sysfs, bank, clock } = made(t);
  const opening = bank.output({ pin: 27, activeLow: true });
  await clock.advanceAsync(200); // udev has not been yet.
  assert.equal(sysfs.asked, "598");
  assert.deepEqual(sysfs.log, []);
  sysfs.exportPin(598);
  await clock.advanceAsync(50);
  const line = await opening;
  line.write(1);
  line.release();
  line.release();
  line.write(1);
  assert.deepEqual(sysfs.log, ["open 598 high", "write 598 0", "write 598 1", "unexport 598"]);
  assert.equal(clock.pending(), 0);
});

test("no permission: reported in bounded time", async (t) => {
  const { bank, clock } = made(t);
  const refused = assert.rejects(
    bank.output({ pin: 27, activeLow: false }),
    /GPIO 27: this machine has no/,
  );
  await clock.advanceAsync(3_100);
  await refused;
  assert.equal(clock.pending(), 0);
});

test("a pin left exported by a crash is taken over", async (t) => {
  const { sysfs, bank } = made(t);
  sysfs.exportPin(593);
  const line = await bank.output({ pin: 22, activeLow: false });
  assert.equal(sysfs.asked, "");
  line.release();
  assert.deepEqual(sysfs.log, ["open 593 low", "write 593 0", "unexport 593"]);
});

test("an input: the pull is named as missing; a missed release is found", async (t) => {
  const { sysfs, bank, clock, notices } = made(t);
  sysfs.exportPin(588);
  const edges: [boolean, number][] = [];
  const edge = (down: boolean, atMs: number): number => edges.push([down, atMs]);
  const line = await bank.input({ pin: 17, pull: "up", debounceMs: 20, edge });
  assert.match(notices[0]?.remedy ?? "", /gpio=17=ip,pu /);
  const pin = sysfs.pins.get(588);
  clock.advance(1000);
  pin?.change(0);
  clock.advance(LOOK_AGAIN_MS * 3.5);
  pin?.change(1, true);
  clock.advance(LOOK_AGAIN_MS);
  assert.deepEqual(edges, [
    [true, 1000],
    [false, 1000 + LOOK_AGAIN_MS * 4],
  ]);
  assert.equal(clock.pending(), 0, "a button at rest is not looked at");
  pin?.change(0);
  line.release();
  line.release();
  assert.equal(clock.pending(), 0);
});

test("no sysfs folder: reported, not thrown", async (t) => {
  const { sysfs, bank } = made(t);
  rmSync(sysfs.root, { recursive: true });
  await assert.rejects(
    bank.output({ pin: 4, activeLow: false }),
    /GPIO 4: this machine has no such GPIO/,
  );
});
