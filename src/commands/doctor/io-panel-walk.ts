/**
 * Tries the pins one after the other: lights an LED, waits for a press.
 *
 * Invariant: every pin is released when the promise resolves, and each wait has its end.
 */

import type { Bank } from "../../adapters/gpio/bank.ts";
import { type GpioBackend, pickBank } from "../../adapters/gpio/pick.ts";
import { openSpi } from "../../adapters/gpio/spi.ts";
import { darkBytes } from "../../adapters/gpio/strip.ts";
import { FaultError } from "../../core/fault.ts";
import { colourOf, stripBytes } from "../../core/panel/strip.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Clock } from "../../ports.ts";
import { type Finding, finding } from "./finding.ts";
import { readNames, readText } from "./io-read-files.ts";
import type { ButtonFacts, LedFacts, PinsFacts, StripFacts } from "./panel.ts";

const LIT_MS = 2_000;
/** For the owner to get to the button. */
export const PRESS_WAIT_MS = 15_000;
/** A finger lets go. */
const RELEASE_WAIT_MS = 5_000;

const LEDS = [
  ["listening", "leds.listening_pin"],
  ["status", "leds.status_pin"],
] as const;

/** The pins that the settings name, without opening any. */
export function pinsFacts(settings: Settings, clock: Clock): PinsFacts {
  const wantsLeds = LEDS.some(([, key]) => settings[key] !== "none");
  const wantsButton = settings["button.pin"] !== "none";
  const leds = settings["leds.backend"];
  const backends: readonly (GpioBackend | null)[] = [
    wantsLeds && leds !== "apa102" ? leds : null,
    wantsButton ? settings["button.backend"] : null,
  ];
  const wanted = backends.filter((one) => one !== null && one !== "none" && one !== "panel");
  const [first, second = first] = wanted;
  if (first == null || second == null) return { tag: "none-wanted" };
  const picked = [first, second].map((backend) => pickBank(backend, { clock, onNotice }));
  const fault = picked.find((one) => one.fault !== null)?.fault ?? null;
  if (fault !== null) return { tag: "refused", fault };
  const bank = picked.find((one) => one.bank !== null)?.bank ?? null;
  return bank === null ? { tag: "no-header" } : { tag: "there", backend: bank.name };
}

/** What works, but not as wished, is the daemon's to tell. */
const onNotice = (): void => undefined;

function bankOf(backend: GpioBackend, clock: Clock): Bank | null {
  return pickBank(backend, { clock, onNotice }).bank;
}

/** The SPI device of coloured LEDs, opened and let go; null where none are wanted. */
export function stripFacts(settings: Settings): StripFacts | null {
  if (settings["leds.backend"] !== "apa102") return null;
  const path = settings["leds.device"];
  const hat = readText("/proc/device-tree/hat/product")?.replaceAll("\0", "").trim() ?? null;
  const devices = readNames("/dev")
    .filter((name) => name.startsWith("spidev"))
    .map((name) => `/dev/${name}`);
  try {
    openSpi(path).release();
    return { path, fault: null, hat, devices };
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return { path, fault: error.fault, hat, devices };
  }
}

/** What the board says it is, by its EEPROM, and what its sound card is called. */
export function boardNames(): string {
  const hat = readText("/proc/device-tree/hat/product")?.replaceAll("\0", "") ?? "";
  return `${hat}\n${readText("/proc/asound/cards") ?? ""}`;
}

/** Lights coloured LEDs for a while, red, green and blue. */
export async function walkStrip(
  settings: Settings,
  clock: Clock,
  say: (text: string) => void,
): Promise<Finding> {
  const [path, count] = [settings["leds.device"], settings["leds.count"]];
  const levels = new Array<number>(count).fill(1);
  const line = openSpi(path);
  say(`${count} LEDs at ${path} are red, green and blue now`);
  for (const hex of ["#ff0000", "#00ff00", "#0000ff"]) {
    const colour = colourOf("idle", [`idle=${hex}`]);
    line.write(stripBytes(levels, colour, settings["leds.brightness"]));
    await pause(clock, LIT_MS / 3);
  }
  line.write(darkBytes(count));
  line.release();
  const says =
    "They were red, green and blue; were they dark? See config/README.md, leds.power_pin";
  return finding("leds", "ok", says);
}

/** Lights each LED in turn; `say` announces it. */
export async function walkLeds(
  settings: Settings,
  clock: Clock,
  say: (text: string) => void,
): Promise<readonly LedFacts[]> {
  const backend = settings["leds.backend"];
  const bank = backend === "apa102" ? null : bankOf(backend, clock);
  const facts: LedFacts[] = [];
  for (const [role, key] of LEDS) {
    const pin = settings[key];
    if (pin === "none" || bank === null) continue;
    say(`the ${role} LED (GPIO ${pin}) is lit now`);
    try {
      const line = await bank.output({ pin, activeLow: settings["leds.active_low"] });
      line.write(1);
      await pause(clock, LIT_MS);
      line.release();
      facts.push({ role, pin, fault: null });
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      facts.push({ role, pin, fault: error.fault });
    }
  }
  return facts;
}

/** Waits for one press and its release; null where there is no button. */
export async function walkButton(
  settings: Settings,
  clock: Clock,
  say: (text: string) => void,
): Promise<ButtonFacts | null> {
  const bank = bankOf(settings["button.backend"], clock);
  const pin = settings["button.pin"];
  if (bank === null || pin === "none") return null;
  say(`press the button (GPIO ${pin}) within ${PRESS_WAIT_MS / 1000} s`);
  let [downMs, done]: [number | null, (facts: ButtonFacts) => void] = [null, () => undefined];
  const pressed = new Promise<ButtonFacts>((resolve) => {
    done = resolve;
  });
  let cancel = clock.after(PRESS_WAIT_MS, () => done({ tag: "no-press", ms: PRESS_WAIT_MS }));
  const line = { pin, pull: settings["button.pull"], debounceMs: settings["button.debounce_ms"] };
  const edge = (down: boolean, atMs: number): void => {
    if (!down && downMs !== null) done({ tag: "pressed", ms: atMs - downMs });
    if (!down || downMs !== null) return;
    downMs = atMs;
    cancel();
    cancel = clock.after(RELEASE_WAIT_MS, () => done({ tag: "stuck" }));
  };
  try {
    const held = await bank.input({ ...line, edge });
    const facts = await pressed;
    held.release();
    return facts;
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return { tag: "refused", fault: error.fault };
  } finally {
    cancel();
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
