/** The character device: the structures byte by byte, and what becomes of trouble. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ChipBank, findChip } from "../../../src/adapters/gpio/chip.ts";
import { FaultError } from "../../../src/core/fault.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { FakeKernel, PI_4 } from "../../helpers/fake-gpio.ts";

function made(): { kernel: FakeKernel; bank: ChipBank; clock: SimClock } {
  const kernel = new FakeKernel(PI_4);
  const clock = new SimClock();
  clock.advance(9000);
  return { kernel, clock, bank: new ChipBank(kernel, "/dev/gpiochip1", clock) };
}

/** The bytes of a buffer that are not 0, by their offset. */
function bytesOf(buffer: Buffer | undefined): Record<number, number> {
  return Object.fromEntries([...(buffer ?? [])].map((byte, at) => [at, byte]).filter(([, b]) => b));
}

const CONSUMER = { 256: 0x70, 257: 0x69, 258: 0x70, 259: 0x69, 260: 0x74 };

test("the chip is found by its label, whatever its number, and let go again", () => {
  const kernel = new FakeKernel(PI_4);
  assert.deepEqual(findChip(kernel), { found: true, path: "/dev/gpiochip1" });
  assert.equal(kernel.held, 0);
  for (const label of ["pinctrl-bcm2835", "pinctrl-rp1"]) {
    assert.equal(findChip(new FakeKernel([{ label, lines: 54 }])).found, true, label);
  }
  assert.deepEqual(findChip(new FakeKernel([{ label: "pinctrl-rp1", lines: 8 }])), {
    found: false,
    code: "",
  });
  const locked = new FakeKernel([{ label: "pinctrl-rp1", lines: 54, refuses: "EACCES" }]);
  assert.deepEqual(findChip(locked), { found: false, code: "EACCES" });
});

test("output: off at the start, off and released at the end", async () => {
  const { kernel, bank } = made();
  const line = await bank.output({ pin: 27, activeLow: true });
  const [request] = kernel.requests;
  assert.equal(request?.length, 592);
  assert.deepEqual(bytesOf(request), {
    ...CONSUMER,
    0: 27,
    288: 2 + 8, // active low, output
    296: 1, // one attribute: values 0
    320: 2,
    336: 1,
    560: 1,
  });
  line.write(1);
  line.write(0.2);
  line.write(0.7);
  line.release();
  line.release();
  line.write(1);
  assert.deepEqual(kernel.written.get(27), [1n, 0n, 1n, 0n]);
  assert.equal(kernel.held, 0);
});

test("an input: pull, both edges, debounced by the kernel", async () => {
  const { kernel, bank } = made();
  const options = { pin: 17, debounceMs: 20, edge: () => {} };
  await bank.input({ ...options, pull: "up" });
  await bank.input({ ...options, pull: "down", debounceMs: 0 });
  await bank.input({ ...options, pull: "none" });
  const [up, down, none] = kernel.requests;
  assert.deepEqual(bytesOf(up), {
    ...CONSUMER,
    0: 17,
    288: 2 + 4 + 16 + 32, // active low, input, both edges
    289: 1, // pull-up: 256
    296: 1,
    320: 3, // debounce: 20000 µs = 0x4e20
    328: 0x20,
    329: 0x4e,
    336: 1,
    560: 1,
  });
  assert.deepEqual(bytesOf(down), { ...CONSUMER, 0: 17, 288: 4 + 16 + 32, 289: 2, 560: 1 });
  assert.equal(none?.readBigUInt64LE(288), 54n);
});

test("an edge is dated when the level changed, not when it had lasted", async () => {
  const { kernel, bank } = made();
  const edges: [boolean, number][] = [];
  const edge = (down: boolean, atMs: number): number => edges.push([down, atMs]);
  const line = await bank.input({ pin: 17, pull: "up", debounceMs: 20, edge });
  kernel.edge(17, true, 3);
  kernel.edge(17, false, -40); // A clock that is ahead is not believed,
  kernel.edge(17, true, 20_000); // nor one that is far behind.
  assert.deepEqual(edges, [
    [true, 9000 - 3 - 20],
    [false, 9000 - 20],
    [true, 9000 - 5000 - 20],
  ]);
  line.release();
  line.release();
  kernel.edge(17, false, 0);
  assert.equal(edges.length, 3);
  assert.equal(kernel.held, 0);
});

test("GPIO errors: pin in use, no permission, no chip: one line, nothing left open", async () => {
  const { kernel, bank } = made();
  kernel.taken.set(27, "spi0 CS0");
  await assert.rejects(bank.output({ pin: 27, activeLow: false }), (error) => {
    assert.ok(error instanceof FaultError);
    assert.equal(error.fault.code, "gpio");
    assert.match(error.message, /^GPIO 27 is in use by "spi0 CS0"; Pipit runs without it\. Stop/);
    return true;
  });
  assert.equal(kernel.held, 0);
  const locked = new FakeKernel([{ label: "pinctrl-rp1", lines: 54, refuses: "EACCES" }]);
  for (const [path, says] of [
    ["/dev/gpiochip0", /no permission.*usermod -aG gpio/],
    ["/dev/gpiochip9", /this machine has no such GPIO/],
  ] as const) {
    const lost = new ChipBank(locked, path, new SimClock());
    await assert.rejects(lost.output({ pin: 5, activeLow: false }), says);
  }
});
