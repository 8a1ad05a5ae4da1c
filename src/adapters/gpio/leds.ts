/**
 * Two LEDs, or one: plays the patterns of core/pattern.ts on pins.
 *
 * Invariants: a pin is written only when its level changes; a pin that cannot be had is told once
 * and asked for
 * again for a while, and the other one goes on, showing everything; `close` leaves both dark and
 * released.
 */

import type { Fault } from "../../core/fault.ts";
import {
  brightness,
  isDarkened,
  type LedMode,
  onOneLed,
  patternOf,
} from "../../core/panel/led-pattern.ts";
import type { Indication } from "../../core/phase.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Clock, Leds } from "../../ports.ts";
import type { Bank, OutputLine } from "./bank.ts";
import { hasQuietHours, isNight, QUIET_LOOK_MS } from "./night.ts";
import { PatientPin } from "./patient-pin.ts";

export interface GpioLedsOptions {
  /** Gives the pins; the first one that it has for a pin number is taken. */
  readonly bank: Pick<Bank, "output">;
  readonly clock: Clock;
  readonly settings: () => Settings;
  readonly onFault: (fault: Fault) => void;
}

interface Led {
  readonly line: OutputLine;
  mode: LedMode;
  sinceMs: number;
  /** What was written last. */
  level: number;
}

type Role = "listening" | "status";

export class GpioLeds implements Leds {
  readonly #options: GpioLedsOptions;
  readonly #leds = new Map<Role, Led>();
  readonly #pins: PatientPin<OutputLine>[] = [];
  #shown: Indication | null = null;
  /** Whom to tell of the first light of what is shown. */
  #lit: (() => void) | undefined;
  #opening: Promise<void> | null = null;
  #isOpen: boolean = false;
  #closed: boolean = false;
  #cancelAlarm: () => void = () => {};

  constructor(options: GpioLedsOptions) {
    this.#options = options;
  }

  /** The first one opens the pins; until they are, what is shown last counts. */
  show(indication: Indication, lit?: () => void): void {
    if (this.#closed) return;
    this.#shown = indication;
    this.#lit = lit;
    this.#opening ??= this.#open();
    this.#play();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelAlarm();
    await this.#opening;
    this.#cancelAlarm();
    for (const pin of this.#pins) await pin.close();
    this.#leds.clear();
  }

  async #open(): Promise<void> {
    const settings = this.#options.settings();
    const pins = [
      ["listening", settings["leds.listening_pin"]],
      ["status", settings["leds.status_pin"]],
    ] as const;
    for (const [role, pin] of pins) {
      if (pin !== "none") await this.#openOne(role, pin, settings["leds.active_low"]);
    }
    this.#isOpen = true; // Only now is it known whether an LED is alone.
    this.#play();
  }

  async #openOne(role: Role, pin: number, activeLow: boolean): Promise<void> {
    const { bank, clock, onFault } = this.#options;
    const patient = new PatientPin({
      clock,
      open: () => bank.output({ pin, activeLow }),
      opened: (line) => {
        this.#leds.set(role, { line, mode: "off", sinceMs: 0, level: 0 });
        this.#play(); // it may have come late
      },
      onFault,
    });
    this.#pins.push(patient);
    await patient.start();
  }

  #play(): void {
    this.#cancelAlarm();
    if (this.#shown === null || this.#closed || !this.#isOpen) return;
    const { clock, settings } = this.#options;
    const nowMs = clock.nowMs();
    const isResting = this.#shown === "idle" || this.#shown === "muted";
    let nextMs = isResting && hasQuietHours(settings()) ? nowMs + QUIET_LOOK_MS : Infinity;
    for (const [role, led] of this.#leds) {
      this.#turnTo(led, this.#wanted(this.#shown, role), nowMs);
      nextMs = Math.min(nextMs, this.#write(led, nowMs));
    }
    this.#reportLit();
    if (nextMs === Infinity) return;
    this.#cancelAlarm = clock.after(nextMs - nowMs, () => this.#play());
  }

  #reportLit(): void {
    if (![...this.#leds.values()].some(({ level }) => level > 0)) return;
    const lit = this.#lit;
    this.#lit = undefined;
    lit?.();
  }

  #wanted(indication: Indication, role: Role): LedMode {
    const settings = this.#options.settings();
    if (isDarkened(indication, isNight(settings, this.#options.clock))) return "off";
    const pattern = patternOf(indication, settings["leds.patterns"]);
    return this.#leds.size === 1 ? onOneLed(pattern) : pattern[role];
  }

  /** A mode that goes on is not begun anew. */
  #turnTo(led: Led, mode: LedMode, nowMs: number): void {
    if (led.mode === mode) return;
    led.mode = mode;
    led.sinceMs = nowMs;
  }

  /** Writes the level of the moment; when it changes next, monotonic. */
  #write(led: Led, nowMs: number): number {
    const { level, untilMs } = brightness(led.mode, nowMs - led.sinceMs, led.line.dimmable);
    const wanted = level * (led.line.dimmable ? this.#options.settings()["leds.brightness"] : 1);
    if (wanted !== led.level) led.line.write(wanted);
    led.level = wanted;
    return untilMs === null ? Infinity : led.sinceMs + untilMs;
  }
}
