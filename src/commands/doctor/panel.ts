/** LEDs and button. Facts in, findings out. */

import type { Fault } from "../../core/fault.ts";
import { type Finding, finding, fromFault } from "./finding.ts";

export type PinsFacts =
  /** No pin is wanted, by the settings. */
  | { readonly tag: "none-wanted" }
  /** This machine has no header, and `auto` may do without. */
  | { readonly tag: "no-header" }
  | { readonly tag: "refused"; readonly fault: Fault }
  | { readonly tag: "there"; readonly backend: string };

export function judgePins(facts: PinsFacts): Finding {
  switch (facts.tag) {
    case "none-wanted":
      return finding("pins", "skip", "No LED and no button are configured");
    case "no-header":
      return finding(
        "pins",
        "skip",
        "This machine has no GPIO header; the terminal stands in for LEDs and button",
      );
    case "refused":
      return fromFault("pins", "fail", facts.fault);
    case "there":
      return finding("pins", "ok", `By ${facts.backend}; try each with --walk`);
  }
}

export interface StripFacts {
  readonly path: string;
  /** Null: it takes what is written. */
  readonly fault: Fault | null;
  /** What the HAT says it is, by its EEPROM; null: there is none. */
  readonly hat: string | null;
  /** The SPI devices that there are. */
  readonly devices: readonly string[];
}

/** Coloured LEDs at SPI. Nobody can tell from here whether they are lit. */
export function judgeStrip({ path, fault, hat, devices }: StripFacts): Finding {
  const board = hat === null ? "" : `; the board says it is ${hat}`;
  if (fault === null) {
    return finding("leds", "ok", `${path} takes what is written${board}; light them with --walk`);
  }
  const others = devices.length === 0 ? "" : ` (there are ${devices.join(", ")})`;
  return finding("leds", "fail", `${fault.message}${others}${board}`, fault.remedy);
}

/** Boards that carry APA102 LEDs, as their EEPROMs and the drivers of their sound name them. */
const BOARDS_WITH_LEDS = /re-?speaker|seeed[\w-]*voice\w*|voice[ -]?bonnet/i;

/** Such a board is there, and its LEDs are not used; null: there is none. */
export function judgeUnlit(names: string): Finding | null {
  const board = BOARDS_WITH_LEDS.exec(names)?.[0];
  if (board === undefined) return null;
  const says = `There is a board with coloured LEDs (${board}), which are not used`;
  const remedy = "Set leds.backend: apa102, then run scripts/install again";
  return finding("leds", "skip", says, remedy);
}

export interface LedFacts {
  readonly role: string;
  readonly pin: number;
  /** Null: it was lit. */
  readonly fault: Fault | null;
}

export function judgeLed({ role, pin, fault }: LedFacts): Finding {
  if (fault !== null) return fromFault(`${role} LED`, "fail", fault);
  const says = `GPIO ${pin} was on for two seconds; was it dark? See config/README.md, leds.active_low`;
  return finding(`${role} LED`, "ok", says);
}

export type ButtonFacts =
  | { readonly tag: "refused"; readonly fault: Fault }
  | { readonly tag: "pressed"; readonly ms: number }
  | { readonly tag: "stuck" }
  | { readonly tag: "no-press"; readonly ms: number };

export function judgeButton(facts: ButtonFacts): Finding {
  const wires = "Check the wire to ground (or 3.3 V), button.pin and button.pull";
  switch (facts.tag) {
    case "refused":
      return fromFault("button", "fail", facts.fault);
    case "pressed":
      return finding("button", "ok", `Pressed and released after ${Math.round(facts.ms)} ms`);
    case "stuck":
      return finding("button", "fail", "Pressed, and never released", wires);
    case "no-press":
      return finding("button", "warn", `Nobody pressed it in ${facts.ms / 1000} s`, wires);
  }
}
