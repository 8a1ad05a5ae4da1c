/**
 * The pins of the header, as LEDs and button see them: two backends give them (chip.ts,
 * onoff.ts). Pins are BCM numbers everywhere; what the kernel calls them is the backend's care.
 *
 * Invariants: opening rejects with a FaultError of code `gpio` and nothing else for trouble with the
 * pin; `release` may be called twice and leaves an output dark.
 */

import { type Fault, FaultError, fault, oneLine } from "../../core/fault.ts";

export interface OutputLine {
  /** Does it know levels between dark and full? */
  readonly dimmable: boolean;
  /** 0 dark to 1 full, polarity already dealt with. Never throws: an LED is not worth a crash. */
  write(level: number): void;
  release(): void;
}

export interface InputLine {
  release(): void;
}

export interface OutputOptions {
  readonly pin: number;
  readonly activeLow: boolean;
}

export interface InputOptions {
  readonly pin: number;
  readonly pull: "up" | "down" | "none";
  readonly debounceMs: number;
  /** `down`: pressed. `atMs`: when the level changed, by the Clock port. */
  readonly edge: (down: boolean, atMs: number) => void;
}

export interface Bank {
  readonly name: "gpiochip" | "onoff";
  output(options: OutputOptions): Promise<OutputLine>;
  input(options: InputOptions): Promise<InputLine>;
}

/** The chips that carry the 40-pin header: Pi 1 to 3 and Zero 2 W, Pi 4, Pi 5. */
export const HEADER_LABELS: readonly string[] = [
  "pinctrl-bcm2835",
  "pinctrl-bcm2711",
  "pinctrl-rp1",
];
/** BCM 0 to 27 are on the header; a bank with fewer lines is something else with the same label. */
export const HEADER_LINES_MIN = 28;

export function isHeader(label: string, lines: number): boolean {
  return HEADER_LABELS.includes(label) && lines >= HEADER_LINES_MIN;
}

const NONE_NEEDED = "or set leds.backend and button.backend to none";

export function noGpio(what: string): Fault {
  const remedy = `On a Raspberry Pi, see gpiodetect; elsewhere set leds.backend and button.backend to panel or none`;
  return fault("gpio", "report", `${what}; Pipit runs without LEDs and button`, remedy);
}

/** What the system's refusal of a pin means for the owner. `holder`: who has it, where known. */
export function pinFault(pin: number, code: string, holder = ""): FaultError {
  const { message, remedy } = explained(pin, code, oneLine(holder, 40));
  return new FaultError(fault("gpio", "report", `${message}; Pipit runs without it`, remedy));
}

function explained(pin: number, code: string, holder: string): { message: string; remedy: string } {
  switch (code) {
    case "EBUSY": {
      const by = holder === "" ? "another program or the kernel" : `"${holder}"`;
      return {
        message: `GPIO ${pin} is in use by ${by}`,
        remedy: "Stop the program that uses it (see gpioinfo), or set another pin",
      };
    }
    case "EACCES":
    case "EPERM":
      return {
        message: `GPIO ${pin}: no permission`,
        remedy: `Add the user to the group gpio (sudo usermod -aG gpio USER), ${NONE_NEEDED}`,
      };
    case "ENOENT":
    case "ENODEV":
      return {
        message: `GPIO ${pin}: this machine has no such GPIO`,
        remedy: NONE_NEEDED.slice(3),
      };
    default:
      return { message: `GPIO ${pin} cannot be used (${code || "unknown error"})`, remedy: "" };
  }
}
