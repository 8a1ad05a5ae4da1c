/** A kernel with GPIO chips, byte by byte, and a sysfs tree with an onoff that works on it. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GpioKernel } from "../../src/adapters/gpio/kernel.ts";
import type { OnoffClass, OnoffPin } from "../../src/adapters/gpio/onoff.ts";

interface Chip {
  readonly label: string;
  readonly lines: number;
  /** What opening it fails with. */
  readonly refuses?: string;
}

/** An error as Node throws it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** The chips of a Pi 4 with an expander that was found first. */
export const PI_4: readonly Chip[] = [
  { label: "pcf8574", lines: 8 },
  { label: "pinctrl-bcm2711", lines: 58 },
];

/** Remembers each request for a line, and each value written. */
export class FakeKernel implements GpioKernel {
  readonly requests: Buffer[] = [];
  /** Values by pin, oldest first. */
  readonly written = new Map<number, bigint[]>();
  readonly open_ = new Map<number, number | string>();
  /** Lines that are taken, and by whom. */
  readonly taken = new Map<number, string>();
  clockMs = 50_000;
  readonly #chips: readonly Chip[];
  readonly #readable = new Map<number, () => void>();
  readonly #events = new Map<number, Buffer[]>();
  #next = 10;

  constructor(chips: readonly Chip[]) {
    this.#chips = chips;
  }

  chips(): readonly string[] {
    return this.#chips.map((_, index) => `/dev/gpiochip${index}`);
  }

  open(path: string): number {
    const chip = this.#chips[Number(path.slice(-1))];
    if (chip === undefined) throw systemError("ENOENT");
    if (chip.refuses !== undefined) throw systemError(chip.refuses);
    return this.#give(path);
  }

  close(descriptor: number): void {
    if (!this.open_.delete(descriptor)) throw systemError("EBADF");
  }

  ioctl(descriptor: number, request: number, argument: Buffer): string {
    const what = this.open_.get(descriptor);
    if (what === undefined) return "EBADF";
    const size = (request >>> 16) & 0x3fff;
    if (size !== argument.length) return "EFAULT";
    switch (request & 0xff) {
      case 0x01:
        return this.#chipInfo(String(what), argument);
      case 0x05:
        argument.write(this.taken.get(argument.readUInt32LE(64)) ?? "", 32);
        return "";
      case 0x07:
        return this.#line(argument);
      case 0x0f: {
        const pin = Number(what);
        this.written.set(pin, [...(this.written.get(pin) ?? []), argument.readBigUInt64LE(0)]);
        return argument.readBigUInt64LE(8) === 1n ? "" : "EINVAL";
      }
      default:
        return "ENOTTY";
    }
  }

  read(descriptor: number, into: Buffer): number {
    const event = this.#events.get(descriptor)?.shift();
    return event === undefined ? 0 : event.copy(into);
  }

  watch(descriptor: number, readable: () => void): () => void {
    this.#readable.set(descriptor, readable);
    return () => this.#readable.delete(descriptor);
  }

  nowMs(): number {
    return this.clockMs;
  }

  /** Descriptors that are open. */
  get held(): number {
    return this.open_.size;
  }

  /** The line tells of an edge that is `agoMs` old. */
  edge(pin: number, rising: boolean, agoMs: number): void {
    for (const [descriptor, what] of this.open_) {
      if (what !== pin) continue;
      const event = Buffer.alloc(48);
      event.writeBigUInt64LE(BigInt(Math.round((this.clockMs - agoMs) * 1e6)), 0);
      event.writeUInt32LE(rising ? 1 : 2, 8);
      event.writeUInt32LE(pin, 12);
      this.#events.set(descriptor, [event]);
      this.#readable.get(descriptor)?.();
    }
  }

  #chipInfo(path: string, argument: Buffer): string {
    const chip = this.#chips[Number(path.slice(-1))];
    argument.write(chip?.label ?? "", 32);
    argument.writeUInt32LE(chip?.lines ?? 0, 64);
    return "";
  }

  #line(argument: Buffer): string {
    this.requests.push(Buffer.from(argument));
    const pin = argument.readUInt32LE(0);
    if (this.taken.has(pin)) return "EBUSY";
    argument.writeInt32LE(this.#give(pin), 588);
    return "";
  }

  #give(what: number | string): number {
    this.#next += 1;
    this.open_.set(this.#next, what);
    return this.#next;
  }
}

/** A folder like /sys/class/gpio, in which exporting makes a pin's folder. */
export class FakeSysfs {
  readonly root: string;
  /** What each pin said and did, in order. */
  readonly log: string[] = [];
  readonly pins = new Map<number, FakePin>();

  constructor(root: string, label = "pinctrl-bcm2711", base = 512) {
    this.root = root;
    for (const [name, content] of [
      [`gpiochip${base}`, { label, base, ngpio: 58 }],
      ["gpiochip504", { label: "pcf8574", base: 504, ngpio: 8 }],
    ] as const) {
      mkdirSync(join(root, name));
      for (const [key, value] of Object.entries(content)) {
        writeFileSync(join(root, name, key), `${value}\n`);
      }
    }
    writeFileSync(join(root, "export"), "");
  }

  /** What the kernel does about a number written to `export`. */
  exportPin(number: number): void {
    const folder = join(this.root, `gpio${number}`);
    mkdirSync(folder);
    for (const name of ["value", "direction", "edge"]) writeFileSync(join(folder, name), "");
  }

  /** The number that was written to `export` last. */
  get asked(): string {
    return readFileSync(join(this.root, "export"), "utf8");
  }

  get Gpio(): OnoffClass {
    const sysfs = this;
    return class extends FakePin {
      constructor(number: number, direction: "in" | "high" | "low", edge?: "both") {
        super(sysfs, number, direction, edge ?? "none");
        sysfs.pins.set(number, this);
      }
    };
  }
}

export class FakePin implements OnoffPin {
  readonly #sysfs: FakeSysfs;
  readonly #number: number;
  readonly #direction: "in" | "high" | "low";
  readonly #edge: string;
  #level: 0 | 1;
  #answer: ((error: null, value: 0 | 1) => void) | null = null;

  constructor(
    sysfs: FakeSysfs,
    number: number,
    direction: "in" | "high" | "low",
    edge: "both" | "none",
  ) {
    this.#sysfs = sysfs;
    this.#number = number;
    this.#direction = direction;
    this.#edge = edge;
    this.#level = direction === "low" ? 0 : 1;
    sysfs.log.push(`open ${number} ${direction}`);
  }

  readSync(): 0 | 1 {
    return this.#level;
  }

  writeSync(value: 0 | 1): void {
    this.#sysfs.log.push(`write ${this.#number} ${value}`);
  }

  watch(callback: (error: null, value: 0 | 1) => void): void {
    this.#answer = callback;
  }

  direction(): string {
    return this.#direction === "in" ? "in" : "out";
  }

  edge(): string {
    return this.#edge;
  }

  unexport(): void {
    if (!this.#sysfs.pins.delete(this.#number)) throw systemError("EBADF");
    this.#answer = null;
    this.#sysfs.log.push(`unexport ${this.#number}`);
    rmSync(join(this.#sysfs.root, `gpio${this.#number}`), { recursive: true });
  }

  /** The level changes; `missed`: and nobody is told. */
  change(level: 0 | 1, missed = false): void {
    this.#level = level;
    if (!missed) this.#answer?.(null, level);
  }
}
