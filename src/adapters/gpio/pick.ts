/**
 * Which way to the pins is taken. `auto` prefers the character device, then onoff, and says nothing
 * where the machine has no header: then a terminal, or nothing, takes its place.
 */

import { type Fault, fault } from "../../core/fault.ts";
import type { Clock } from "../../ports.ts";
import { type Bank, noGpio } from "./bank.ts";
import { ChipBank, findChip } from "./chip.ts";
import { type GpioKernel, loadGpioKernel } from "./kernel.ts";
import { findBase, loadOnoff, OnoffBank, type OnoffClass, SYSFS_GPIO } from "./onoff.ts";

export type GpioBackend = "auto" | "gpiochip" | "onoff" | "panel" | "none";

export interface PickOptions {
  readonly clock: Clock;
  /** Told of what works, but not as wished. */
  readonly onNotice: (notice: Fault) => void;
  /** Others than the real ones, in tests; null: not installed. */
  readonly kernel?: GpioKernel | null;
  readonly Gpio?: OnoffClass | null;
  readonly sysfs?: string;
}

/** Either a bank, or why not; both null where none is wanted, or `auto` finds no header. */
export interface Picked {
  readonly bank: Bank | null;
  readonly fault: Fault | null;
}

export function pickBank(backend: GpioBackend, options: PickOptions): Picked {
  switch (backend) {
    case "panel":
    case "none":
      return { bank: null, fault: null };
    case "gpiochip":
      return byChip(options);
    case "onoff":
      return byOnoff(options);
    case "auto": {
      const chip = byChip(options);
      if (chip.bank !== null) return chip;
      const { sysfs = SYSFS_GPIO } = options;
      const onoff = findBase(sysfs) === null ? null : byOnoff(options);
      if (onoff?.bank) return onoff;
      // A header that we may not touch is worth a line; a machine without one is not.
      const isThere = onoff !== null || chip.fault?.message.includes("permission") === true;
      return { bank: null, fault: isThere ? chip.fault : null };
    }
  }
}

function byChip({ kernel = loadGpioKernel(), clock }: PickOptions): Picked {
  if (kernel === null) return { bank: null, fault: notInstalled("gpiochip", "koffi and epoll") };
  const chip = findChip(kernel);
  if (chip.found) return { bank: new ChipBank(kernel, chip.path, clock), fault: null };
  if (chip.code === "EACCES" || chip.code === "EPERM") {
    const message = "No permission for the GPIO chips; Pipit runs without LEDs and button";
    const remedy = "Add the user to the group gpio: sudo usermod -aG gpio USER";
    return { bank: null, fault: fault("gpio", "report", message, remedy) };
  }
  return { bank: null, fault: noGpio("No GPIO chip of a Raspberry Pi was found") };
}

function byOnoff(options: PickOptions): Picked {
  const { Gpio = loadOnoff(), sysfs = SYSFS_GPIO, clock, onNotice } = options;
  if (Gpio === null) return { bank: null, fault: notInstalled("onoff", "onoff") };
  const base = findBase(sysfs);
  if (base === null) {
    return { bank: null, fault: noGpio(`No GPIO chip of a Raspberry Pi was found in ${sysfs}`) };
  }
  return {
    bank: new OnoffBank({ Gpio, base, clock, onNotice, root: sysfs }),
    fault: null,
  };
}

function notInstalled(backend: string, packages: string): Fault {
  const message = `The backend ${backend} needs ${packages}, which is not installed or not built`;
  return fault("gpio", "report", message, "Reinstall the packages: npm ci");
}
