/** Which way to the pins, on machines of all kinds; the button at a pin; PWM; the power switch. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { GpioButton } from "../../../src/adapters/gpio/button.ts";
import { ChipBank } from "../../../src/adapters/gpio/chip.ts";
import { type GpioBackend, type PickOptions, pickBank } from "../../../src/adapters/gpio/pick.ts";
import { PwmPins } from "../../../src/adapters/gpio/pwm.ts";
import { SystemdPower } from "../../../src/adapters/systemd/power.ts";
import { SimClock, settle } from "../../../src/sim/clock.ts";
import { FakeKernel, FakeSysfs, PI_4 } from "../../helpers/fake-gpio.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const LOCKED = [{ label: "pinctrl-bcm2711", lines: 58, refuses: "EACCES" }];

test("auto: character device, else onoff, else nothing, and no word where there is no header", (t) => {
  const sysfs = new FakeSysfs(tempFolder(t));
  const empty = tempFolder(t);
  const Gpio = sysfs.Gpio;
  const pi = new FakeKernel(PI_4);
  const pc = new FakeKernel([{ label: "INT34C5:00", lines: 463 }]);
  const locked = new FakeKernel(LOCKED);
  type World = Pick<PickOptions, "kernel" | "Gpio" | "sysfs">;
  const table: readonly [GpioBackend, World, string | null, RegExp | null][] = [
    ["auto", { kernel: pi, Gpio, sysfs: sysfs.root }, "gpiochip", null],
    ["auto", { kernel: null, Gpio, sysfs: sysfs.root }, "onoff", null],
    ["auto", { kernel: locked, Gpio, sysfs: sysfs.root }, "onoff", null],
    ["auto", { kernel: locked, Gpio: null, sysfs: empty }, null, /No permission/],
    ["auto", { kernel: null, Gpio: null, sysfs: sysfs.root }, null, /not installed/],
    ["auto", { kernel: pc, Gpio, sysfs: empty }, null, null],
    ["auto", { kernel: null, Gpio: null, sysfs: empty }, null, null],
    ["gpiochip", { kernel: pi, Gpio, sysfs: empty }, "gpiochip", null],
    ["gpiochip", { kernel: pc, Gpio, sysfs: sysfs.root }, null, /No GPIO chip/],
    ["onoff", { kernel: pi, Gpio, sysfs: sysfs.root }, "onoff", null],
    ["onoff", { kernel: pi, Gpio, sysfs: empty }, null, /No GPIO chip/],
    ["panel", { kernel: pi, Gpio, sysfs: sysfs.root }, null, null],
    ["none", { kernel: pi, Gpio, sysfs: sysfs.root }, null, null],
  ];
  for (const [index, [backend, world, name, says]] of table.entries()) {
    const options = { clock: new SimClock(), onNotice: () => {}, ...world };
    const { bank, fault } = pickBank(backend, options);
    assert.equal(bank?.name ?? null, name, `row ${index}`);
    if (says === null) assert.equal(fault, null, `row ${index}`);
    else assert.match(fault?.message ?? "", says, `row ${index}`);
  }
});

test("the button: edges while it is open, one line where it cannot be had", async () => {
  const kernel = new FakeKernel(PI_4);
  const bank = new ChipBank(kernel, "/dev/gpiochip1", new SimClock());
  const faults: string[] = [];
  const edges: boolean[] = [];
  const line = { pin: 17, pull: "up", debounceMs: 20 } as const;
  const button = new GpioButton({
    clock: new SimClock(),
    bank,
    line,
    onFault: (why) => faults.push(why.message),
  });
  button.start({ edge: (down) => edges.push(down) });
  await settle();
  kernel.edge(17, true, 0);
  kernel.edge(17, false, 0);
  await button.close();
  await button.close();
  assert.deepEqual(edges, [true, false]);
  assert.equal(kernel.held, 0);
  kernel.taken.set(17, "");
  button.start({ edge: () => {} });
  await settle();
  await button.close();
  assert.deepEqual(faults, [
    "GPIO 17 is in use by another program or the kernel; Pipit runs without it",
  ]);
});

test("PWM: the header's controller and channel; dark at the end, the other way round for active low", async (t) => {
  const root = tempFolder(t);
  const device = join(root, "soc", "fe20c000.pwm");
  const chip = join(root, "pwmchip0");
  mkdirSync(device, { recursive: true });
  mkdirSync(join(chip, "pwm1"), { recursive: true });
  symlinkSync(device, join(chip, "device"));
  writeFileSync(join(chip, "npwm"), "2\n");
  for (const name of ["period", "duty_cycle", "enable"]) {
    writeFileSync(join(chip, "pwm1", name), "");
  }
  const duty = (): string => readFileSync(join(chip, "pwm1", "duty_cycle"), "utf8");
  const pins = new PwmPins(new SimClock(), root);
  const line = await pins.output({ pin: 19, activeLow: true });
  assert.equal(duty(), "1000000");
  line.write(0.25);
  assert.equal(duty(), "750000");
  line.release();
  line.write(1);
  assert.equal(duty(), "1000000");
  assert.equal(readFileSync(join(chip, "pwm1", "enable"), "utf8"), "1");
  const none = new PwmPins(new SimClock(), join(root, "nothing"));
  await assert.rejects(none.output({ pin: 12, activeLow: false }), /no PWM for the header/);
});

test("power off: an error of systemctl is reported, with the remedy", async (t) => {
  const program = join(tempFolder(t), "systemctl");
  const put = (text: string): void =>
    writeFileSync(program, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  put('test "$2" = poweroff');
  assert.equal(await new SystemdPower(program).off(), null);
  put("echo 'Access denied' >&2; exit 1");
  const why = await new SystemdPower(program).off();
  assert.equal(why?.message, "The machine could not be powered off: Access denied");
  assert.equal((await new SystemdPower(`${program}-not`).off())?.code, "power");
});
