/**
 * Pins through sysfs, by the package onoff 6: for kernels without the newer character device.
 *
 * What one must know of it: its numbers are base + BCM, and the base is read from the chip's label;
 * a pin that is exported already swallows errors of configuration, so we look afterwards; after an
 * export, udev takes a moment to give permission, for which onoff would block; exported pins outlive
 * the process; sysfs has no pulls; an edge may be missed, so a pressed button is looked at again.
 */

import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Fault, fault } from "../../core/fault.ts";
import type { Clock } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import {
  type Bank,
  type InputLine,
  type InputOptions,
  isHeader,
  type OutputLine,
  type OutputOptions,
  pinFault,
} from "./bank.ts";

export const SYSFS_GPIO = "/sys/class/gpio";
/** udev gives permission within 0.4 s of an export in the emulator. */
const PERMISSION_MAX_MS = 3_000;
const PERMISSION_POLL_MS = 50;
/** How often a pressed button is looked at, in case its release was missed. */
export const LOOK_AGAIN_MS = 100;

type Bit = 0 | 1;

/** As much of onoff's Gpio as is used. */
export interface OnoffPin {
  readSync(): Bit;
  writeSync(value: Bit): void;
  watch(callback: (error: Error | null | undefined, value: Bit) => void): void;
  direction(): string;
  edge(): string;
  unexport(): void;
}

export type OnoffClass = new (
  number: number,
  direction: "in" | "high" | "low",
  edge?: "both",
) => OnoffPin;

const require = createRequire(import.meta.url);

/** Null where onoff is not installed, or was not built for this machine. */
export function loadOnoff(): OnoffClass | null {
  try {
    const found: unknown = require("onoff");
    return hasGpio(found) ? found.Gpio : null;
  } catch {
    return null;
  }
}

function hasGpio(found: unknown): found is { Gpio: OnoffClass } {
  if (typeof found !== "object" || found === null) return false;
  return typeof Reflect.get(found, "Gpio") === "function";
}

/** The number of the header's first pin; null where sysfs does not have the header. */
export function findBase(root = SYSFS_GPIO): number | null {
  const read = (chip: string, name: string): string =>
    readFileSync(join(root, chip, name), "utf8").trim();
  try {
    for (const chip of readdirSync(root).filter((name) => name.startsWith("gpiochip"))) {
      if (isHeader(read(chip, "label"), Number(read(chip, "ngpio")))) {
        return Number(read(chip, "base"));
      }
    }
  } catch (error) {
    if (errorCode(error) === "") throw error;
  }
  return null;
}

export interface OnoffOptions {
  readonly Gpio: OnoffClass;
  readonly base: number;
  readonly clock: Clock;
  readonly onNotice: (notice: Fault) => void;
  /** Another folder than SYSFS_GPIO, in tests. */
  readonly root?: string;
}

export class OnoffBank implements Bank {
  readonly name = "onoff";
  readonly #options: OnoffOptions;
  readonly #root: string;

  constructor(options: OnoffOptions) {
    this.#options = options;
    this.#root = options.root ?? SYSFS_GPIO;
  }

  async output({ pin, activeLow }: OutputOptions): Promise<OutputLine> {
    const dark: Bit = activeLow ? 1 : 0;
    const lit: Bit = activeLow ? 0 : 1;
    // "out" would drive the pin low, which lights an LED that is active low.
    const line = await this.#open(pin, activeLow ? "high" : "low");
    let isHeld = true;
    const write = (level: number): void => {
      if (isHeld) quietly(() => line.writeSync(level >= 0.5 ? lit : dark));
    };
    const release = (): void => {
      write(0);
      if (isHeld) quietly(() => line.unexport());
      isHeld = false;
    };
    return { dimmable: false, write, release };
  }

  async input({ pin, pull, edge }: InputOptions): Promise<InputLine> {
    const { clock, onNotice } = this.#options;
    const line = await this.#open(pin, "in");
    if (pull !== "none") onNotice(pullNotice(pin, pull));
    const pressed: Bit = pull === "down" ? 1 : 0;
    let lookAgain = (): void => {};
    const report = (value: Bit): void => {
      lookAgain();
      edge(value === pressed, clock.nowMs());
      if (value === pressed) lookAgain = clock.after(LOOK_AGAIN_MS, look);
    };
    // Only a release is news here: telling the same level again would look like flicker.
    const look = (): void => {
      const value = line.readSync();
      if (value === pressed) lookAgain = clock.after(LOOK_AGAIN_MS, look);
      else report(value);
    };
    line.watch((error, value) => {
      if (error === null || error === undefined) report(value);
    });
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      lookAgain();
      quietly(() => line.unexport()); // Ends the watch, too; a second time it would throw.
    };
    return { release };
  }

  async #open(pin: number, direction: "in" | "high" | "low"): Promise<OnoffPin> {
    const { Gpio, base } = this.#options;
    const number = base + pin;
    try {
      await this.#export(number, direction === "in");
      const line =
        direction === "in" ? new Gpio(number, "in", "both") : new Gpio(number, direction);
      const isAsWanted =
        direction === "in"
          ? line.direction() === "in" && line.edge() === "both"
          : line.direction() === "out";
      if (isAsWanted) return line;
      line.unexport();
    } catch (error) {
      const code = errorCode(error);
      if (code === "") throw error;
      throw pinFault(pin, code);
    }
    throw pinFault(pin, "EPERM");
  }

  /** Exports the pin, and waits, without blocking, until its files may be written. */
  async #export(number: number, hasEdge: boolean): Promise<void> {
    const folder = join(this.#root, `gpio${number}`);
    if (!existsSync(folder)) writeFileSync(join(this.#root, "export"), String(number));
    const names = ["value", "direction", ...(hasEdge ? ["edge"] : [])];
    const deadlineMs = this.#options.clock.nowMs() + PERMISSION_MAX_MS;
    for (;;) {
      try {
        for (const name of names) accessSync(join(folder, name), constants.R_OK | constants.W_OK);
        return;
      } catch (error) {
        if (this.#options.clock.nowMs() >= deadlineMs) throw error;
      }
      await new Promise<void>((resolve) => {
        this.#options.clock.after(PERMISSION_POLL_MS, resolve);
      });
    }
  }
}

function pullNotice(pin: number, pull: "up" | "down"): Fault {
  const message = `onoff cannot set the pull of GPIO ${pin}`;
  const line = `gpio=${pin}=ip,p${pull.slice(0, 1)}`;
  return fault("gpio", "report", message, `Add ${line} to config.txt, and set button.pull to none`);
}

/** The line may be gone; then there is nothing left to do for it. */
function quietly(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (errorCode(error) === "") throw error;
  }
}
