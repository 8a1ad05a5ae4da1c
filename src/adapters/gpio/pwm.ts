/**
 * LEDs that can be dimmed: pins 12, 13, 18 and 19, driven by the kernel's PWM through sysfs. Needs
 * the overlay (dtoverlay=pwm or pwm-2chan) that puts the pin on its channel.
 *
 * Invariant: like every bank, opening rejects with a FaultError, and `release` leaves the LED dark.
 */

import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { FaultError, fault } from "../../core/fault.ts";
import type { Clock } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import { type OutputLine, type OutputOptions, pinFault } from "./bank.ts";

export const SYSFS_PWM = "/sys/class/pwm";
/** 1 kHz: no eye sees it, and no ear hears it in a wire. */
const PERIOD_NS = 1_000_000;
/** udev gives permission some time after an export. */
const PERMISSION_MAX_MS = 3_000;
const PERMISSION_POLL_MS = 50;
/** The controller of the header: at 0x…20c000 up to the Pi 4, on the RP1 of a Pi 5. */
const HEADER_CONTROLLER = /^(?:[0-9a-f]*20c000|1f00098000)\.pwm$/;
/** Channels of the pins: two for four pins up to the Pi 4, four on a Pi 5. */
const TWO_CHANNELS: ReadonlyMap<number, number> = new Map([
  [12, 0],
  [13, 1],
  [18, 0],
  [19, 1],
]);
const FOUR_CHANNELS: ReadonlyMap<number, number> = new Map([
  [12, 0],
  [13, 1],
  [18, 2],
  [19, 3],
]);

export function isPwmPin(pin: number): boolean {
  return FOUR_CHANNELS.has(pin);
}

export class PwmPins {
  readonly #clock: Clock;
  readonly #root: string;

  /** `root`: another folder than SYSFS_PWM, in tests. */
  constructor(clock: Clock, root = SYSFS_PWM) {
    this.#clock = clock;
    this.#root = root;
  }

  async output({ pin, activeLow }: OutputOptions): Promise<OutputLine> {
    try {
      const folder = await this.#channel(pin);
      const put = (name: string, value: number): void =>
        writeFileSync(join(folder, name), String(value));
      // Duty before enable, and never above the period: the kernel refuses it otherwise.
      const duty = (level: number): number =>
        Math.round(PERIOD_NS * (activeLow ? 1 - level : level));
      put("period", PERIOD_NS);
      put("duty_cycle", duty(0));
      put("enable", 1);
      return this.#line((level) => put("duty_cycle", duty(level)));
    } catch (error) {
      const code = errorCode(error);
      if (code === "") throw error;
      throw pinFault(pin, code);
    }
  }

  /** The channel stays enabled at its dark level: a disabled one may leave an active-low LED lit. */
  #line(put: (level: number) => void): OutputLine {
    let isHeld = true;
    const write = (level: number): void => {
      if (!isHeld) return;
      try {
        put(level);
      } catch (error) {
        if (errorCode(error) === "") throw error;
      }
    };
    const release = (): void => {
      write(0);
      isHeld = false;
    };
    return { dimmable: true, write, release };
  }

  async #channel(pin: number): Promise<string> {
    const chip = this.#chip();
    const count = Number(readFileSync(join(chip, "npwm"), "utf8"));
    const channel = (count >= 4 ? FOUR_CHANNELS : TWO_CHANNELS).get(pin);
    if (channel === undefined) throw pinFault(pin, "ENODEV");
    const folder = join(chip, `pwm${channel}`);
    if (!existsSync(folder)) writeFileSync(join(chip, "export"), String(channel));
    const deadlineMs = this.#clock.nowMs() + PERMISSION_MAX_MS;
    for (;;) {
      try {
        for (const name of ["period", "duty_cycle", "enable"]) {
          accessSync(join(folder, name), constants.W_OK);
        }
        return folder;
      } catch (error) {
        if (this.#clock.nowMs() >= deadlineMs) throw error;
      }
      await new Promise<void>((resolve) => {
        this.#clock.after(PERMISSION_POLL_MS, resolve);
      });
    }
  }

  #chip(): string {
    const names = existsSync(this.#root) ? readdirSync(this.#root) : [];
    const chips = names.filter((name) => name.startsWith("pwmchip"));
    const found = chips.find((name) =>
      HEADER_CONTROLLER.test(basename(realpathSync(join(this.#root, name, "device")))),
    );
    if (found !== undefined) return join(this.#root, found);
    const message = "leds.pwm: the kernel has no PWM for the header; LEDs at its pins stay off";
    const remedy =
      "Add dtoverlay=pwm,pin=12,func=4 (or pwm-2chan) to config.txt, or set leds.pwm: false";
    throw new FaultError(fault("gpio", "report", message, remedy));
  }
}
