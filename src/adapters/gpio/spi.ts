/**
 * Writing to an SPI device: /dev/spidev*, and the one system call that its speed needs. A file in its
 * place takes the same bytes, one frame after the other.
 */

import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { type Fault, FaultError, fault } from "../../core/fault.ts";
import { errorCode } from "../os/files.ts";
import { type Ioctl, loadIoctl } from "./kernel.ts";

/** _IOW('k', 4, u32) of linux/spi/spidev.h: SPI_IOC_WR_MAX_SPEED_HZ. */
export const SET_SPEED = 0x4004_6b04;
/** The kernel's own choice, 125 MHz, is beyond what an LED on a HAT can follow. */
export const SPEED_HZ = 4_000_000;

export interface SpiLine {
  /** All of it, in one transfer. Never throws: an LED is not worth a crash. False: not written. */
  write(bytes: Uint8Array): boolean;
  release(): void;
}

/** Throws a FaultError where the device cannot be had. `ioctl`: another one in tests; null: none. */
export function openSpi(path: string, ioctl: Ioctl | null = loadIoctl()): SpiLine {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_WRONLY);
  } catch (error) {
    const code = errorCode(error);
    if (code === "") throw error;
    throw new FaultError(spiFault(path, code), { cause: error });
  }
  const trouble = fstatSync(descriptor).isCharacterDevice() ? speedTrouble(descriptor, ioctl) : "";
  if (trouble !== "") {
    closeSync(descriptor);
    throw new FaultError(spiFault(path, trouble));
  }
  return line(descriptor);
}

function speedTrouble(descriptor: number, ioctl: Ioctl | null): string {
  if (ioctl === null) return NO_KOFFI;
  const speed = Buffer.alloc(4);
  speed.writeUInt32LE(SPEED_HZ);
  return ioctl(descriptor, SET_SPEED, speed);
}

function line(descriptor: number): SpiLine {
  let isHeld = true;
  return {
    write: (bytes) => {
      if (!isHeld) return false;
      try {
        return writeSync(descriptor, bytes) === bytes.length;
      } catch (error) {
        if (errorCode(error) === "") throw error;
        return false;
      }
    },
    release: () => {
      if (isHeld) closeSync(descriptor);
      isHeld = false;
    },
  };
}

const NO_KOFFI = "koffi";

function spiFault(path: string, code: string): Fault {
  const [message, remedy] = explained(path, code);
  return fault("gpio", "report", `${message}; it goes on without LEDs`, remedy);
}

function explained(path: string, code: string): readonly [string, string] {
  const rights =
    "Run scripts/install again: it lets the service at it; for another user: sudo usermod -aG spi USER";
  switch (code) {
    case "ENOENT":
    case "ENODEV":
    case "ENXIO":
      return [
        `There is no ${path}`,
        "Switch SPI on: sudo raspi-config nonint do_spi 0 (or dtparam=spi=on in config.txt), restart, and compare leds.device with: ls /dev/spidev*",
      ];
    case "EACCES":
    case "EPERM":
      return [`${path}: no permission`, rights];
    case "ENOTTY":
    case "EINVAL":
      return [`${path} is no SPI device`, "Compare leds.device with: ls /dev/spidev*"];
    case NO_KOFFI:
      return [
        "The backend apa102 needs koffi, not installed here or not built",
        "Reinstall the packages: npm ci",
      ];
    default:
      return [`${path} cannot be used (${code})`, ""];
  }
}
