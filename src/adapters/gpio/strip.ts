/**
 * A row of coloured LEDs (APA102, DotStar) at an SPI device: plays core/panel/strip.ts.
 *
 * Invariants: at most twenty writes a second but for changes of the state, and none while nothing changes;
 * a device that cannot be had is reported once and asked for again for a while; `close` leaves all dark.
 */

import type { Fault } from "../../core/fault.ts";
import { isDarkened } from "../../core/panel/led-pattern.ts";
import { colourOf, stripBytes, stripFrame } from "../../core/panel/strip.ts";
import type { Indication } from "../../core/phase.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Clock, Leds } from "../../ports.ts";
import type { Bank, OutputLine } from "./bank.ts";
import { hasQuietHours, isNight, QUIET_LOOK_MS } from "./night.ts";
import { PatientPin } from "./patient-pin.ts";
import type { SpiLine } from "./spi.ts";

/** Loudness that is not heard yet: the speaker is fed 300 ms ahead, ten times a second. */
const HEARD_LATER_MAX = 16;

export interface StripOptions {
  /** Throws a FaultError where the device cannot be had. */
  readonly open: () => SpiLine;
  /** For `leds.power_pin`; null: there is no way to the pins. */
  readonly bank: Pick<Bank, "output"> | null;
  readonly clock: Clock;
  readonly settings: () => Settings;
  readonly onFault: (fault: Fault) => void;
}

export class StripLeds implements Leds {
  readonly #options: StripOptions;
  readonly #device: PatientPin<SpiLine>;
  readonly #power: PatientPin<OutputLine> | null;
  #line: SpiLine | null = null;
  #shown: Indication | null = null;
  #sinceMs = 0;
  #lit: (() => void) | undefined;
  #opening: Promise<void> | null = null;
  #closed: boolean = false;
  #written = "";
  #loud: readonly { readonly atMs: number; readonly share: number }[] = [];
  /** When the next timer rings, monotonic. */
  #dueMs: number | null = null;
  #cancelAlarm: () => void = () => {};

  constructor(options: StripOptions) {
    this.#options = options;
    const { clock, open, onFault, bank, settings } = options;
    this.#device = new PatientPin({
      clock,
      open: async () => open(),
      opened: (line) => {
        this.#line = line;
        this.#play();
      },
      onFault,
    });
    const pin = settings()["leds.power_pin"];
    const lights = (line: OutputLine): void => line.write(1);
    this.#power =
      pin === "none" || bank === null
        ? null
        : new PatientPin({
            clock,
            open: () => bank.output({ pin, activeLow: false }),
            opened: lights,
            onFault,
          });
  }

  /** The first one opens the device; until it is, what is shown last counts. */
  show(indication: Indication, lit?: () => void): void {
    if (this.#closed) return;
    if (indication !== this.#shown) this.#sinceMs = this.#options.clock.nowMs();
    if (indication !== "speaking") this.#loud = [];
    this.#shown = indication;
    this.#lit = lit;
    this.#opening ??= this.#open();
    this.#play();
  }

  loudness(share: number, atMs: number): void {
    if (this.#shown !== "speaking") return;
    this.#loud = [...this.#loud.slice(1 - HEARD_LATER_MAX), { atMs, share }];
    // The first one sets the light in motion; then it looks by itself.
    if (this.#loud.length === 1) this.#play();
  }

  countdown(dueMs: number | null): void {
    if (dueMs === this.#dueMs) return;
    this.#dueMs = dueMs;
    if (this.#shown === "idle") this.#play();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelAlarm();
    await this.#opening;
    this.#cancelAlarm();
    const { settings } = this.#options;
    this.#line?.write(darkBytes(settings()["leds.count"]));
    this.#line = null;
    await this.#device.close();
    await this.#power?.close();
  }

  async #open(): Promise<void> {
    await this.#power?.start();
    await this.#device.start();
  }

  #play(): void {
    this.#cancelAlarm();
    const shown = this.#shown;
    if (shown === null || this.#closed || this.#line === null) return;
    const { clock, settings } = this.#options;
    const now = settings();
    const nowMs = clock.nowMs();
    const isRest = shown === "idle" || shown === "muted";
    const isDark = isDarkened(shown, isNight(now, clock));
    const { levels, untilMs } = stripFrame({
      indication: isDark ? "idle" : shown,
      sinceMs: nowMs - this.#sinceMs,
      count: now["leds.count"],
      own: isDark ? [] : now["leds.patterns"],
      loudness: this.#heard(nowMs),
      timerMs: isDark || this.#dueMs === null ? null : this.#dueMs - nowMs,
    });
    const colour = colourOf(shown, now["leds.colours"]);
    const isShown = this.#write(stripBytes(levels, colour, now["leds.brightness"]));
    if (isShown && levels.some((level) => level > 0)) this.#tellLit();
    const looks = isRest && hasQuietHours(now) ? QUIET_LOOK_MS : Number.POSITIVE_INFINITY;
    const endMs = untilMs === null ? Number.POSITIVE_INFINITY : this.#sinceMs + untilMs - nowMs;
    const waitMs = Math.max(1, Math.min(looks, endMs));
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#cancelAlarm = clock.after(waitMs, () => this.#play());
  }

  /** The loudness that is heard now; null: nobody says. */
  #heard(nowMs: number): number | null {
    const [first] = this.#loud;
    if (first === undefined) return null;
    const heard = this.#loud.findLast(({ atMs }) => atMs <= nowMs);
    return (heard ?? first).share;
  }

  /** What has not changed is not written. False: the device has not taken it. */
  #write(bytes: Uint8Array): boolean {
    const text = bytes.join(",");
    if (text === this.#written) return true;
    if (this.#line?.write(bytes) !== true) return false;
    this.#written = text;
    return true;
  }

  #tellLit(): void {
    const lit = this.#lit;
    this.#lit = undefined;
    lit?.();
  }
}

export function darkBytes(count: number): Uint8Array {
  const levels = new Array<number>(count).fill(0);
  return stripBytes(levels, { red: 0, green: 0, blue: 0 }, 0);
}
