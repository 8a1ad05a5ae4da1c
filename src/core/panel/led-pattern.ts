/**
 * What the LEDs do for each indication: which of the two, and how it moves. Pure; a player with a
 * clock makes light of it (adapters/gpio/leds.ts).
 *
 * Theory: the listening LED tells of the microphone (lit: what you say is kept or sent), the status
 * LED of everything else. Where there is only one LED, it shows whatever would be shown. The
 * priority (ringing over fault over muted over awaiting approval over speaking over … idle) is the view's, in indicator.ts.
 */

import { INDICATIONS, type Indication } from "../phase.ts";

/** How an LED moves. Every mode but `off` begins lit, so that a change is seen at once. */
export const LED_MODES = ["off", "on", "blink", "fast", "pulse", "double", "breathe"] as const;
export type LedMode = (typeof LED_MODES)[number];

/** The two LEDs at one indication. */
export interface LedPattern {
  readonly listening: LedMode;
  readonly status: LedMode;
}

const PATTERNS: Readonly<Record<Indication, LedPattern>> = {
  idle: { listening: "off", status: "off" },
  connecting: { listening: "on", status: "fast" },
  listening: { listening: "on", status: "off" },
  thinking: { listening: "off", status: "blink" },
  speaking: { listening: "off", status: "on" },
  "follow-up": { listening: "breathe", status: "off" },
  muted: { listening: "off", status: "pulse" },
  fault: { listening: "off", status: "fast" },
  "awaiting-approval": { listening: "blink", status: "blink" },
  ringing: { listening: "off", status: "breathe" },
  news: { listening: "off", status: "breathe" },
  looking: { listening: "off", status: "double" },
};

/** Of each mode: how long it is lit, dark, lit … in turn, milliseconds; then it begins anew. */
const BEATS = {
  blink: [500, 500],
  fast: [125, 125],
  pulse: [100, 1900],
  double: [100, 100, 100, 700],
} as const;
/** One breath, in and out; where a pin knows only on and off, a slow blink. */
const BREATH_MS = 4000;
/** Steps of a breath on a pin that can be dimmed: 20 a second pattern smooth. */
const BREATH_STEP_MS = 50;
/** A breath ends above the dark, so that the LED is seen to be on. */
const BREATH_FLOOR = 0.1;

/** A level, and until when it lasts: both counted from the beginning of the mode. */
export interface Brightness {
  /** 0 dark, 1 full. */
  readonly level: number;
  /** Milliseconds from the beginning; null: for ever. */
  readonly untilMs: number | null;
}

/** `dimmable`: the pin knows levels between dark and full. */
export function brightness(mode: LedMode, sinceMs: number, dimmable: boolean): Brightness {
  switch (mode) {
    case "off":
      return { level: 0, untilMs: null };
    case "on":
      return { level: 1, untilMs: null };
    case "breathe":
      return dimmable ? breath(sinceMs) : beat(sinceMs, [BREATH_MS / 2, BREATH_MS / 2]);
    case "blink":
    case "fast":
    case "pulse":
    case "double":
      return beat(sinceMs, BEATS[mode]);
  }
}

function beat(sinceMs: number, parts: readonly number[]): Brightness {
  const periodMs = parts.reduce((sum, ms) => sum + ms, 0);
  let untilMs = Math.floor(sinceMs / periodMs) * periodMs;
  for (const [n, ms] of parts.entries()) {
    untilMs += ms;
    if (sinceMs < untilMs) return { level: n % 2 === 0 ? 1 : 0, untilMs };
  }
  return { level: 0, untilMs };
}

/** A raised cosine, from full to the floor and back. */
function breath(sinceMs: number): Brightness {
  const step = Math.floor(sinceMs / BREATH_STEP_MS);
  const turn = (step * BREATH_STEP_MS) / BREATH_MS;
  const wave = (1 + Math.cos(2 * Math.PI * turn)) / 2;
  const level = BREATH_FLOOR + (1 - BREATH_FLOOR) * wave;
  return { level, untilMs: (step + 1) * BREATH_STEP_MS };
}

/** The owner's own patterns: `STATE=MOTION` or `STATE=LISTENING+STATUS`. */
export const LED_PATTERN = new RegExp(
  `^(?:${INDICATIONS.join("|")})=(?:${LED_MODES.join("|")})(?:\\+(?:${LED_MODES.join("|")}))?$`,
);

/** The pattern of an indication. `own`: texts that fit LED_PATTERN; the last one about it counts. */
export function patternOf(indication: Indication, own: readonly string[]): LedPattern {
  const usual = PATTERNS[indication];
  const override = own.findLast((text) => text.startsWith(`${indication}=`));
  if (override === undefined) return usual;
  const [first, second] = override
    .slice(indication.length + 1)
    .split("+")
    .map(modeNamed);
  if (first === undefined) return usual;
  if (second !== undefined) return { listening: first, status: second };
  // One word is about the LED that shows this state.
  return usual.listening === "off"
    ? { ...usual, status: first }
    : { listening: first, status: usual.status };
}

function modeNamed(name: string): LedMode | undefined {
  return LED_MODES.find((mode) => mode === name);
}

/** What the only LED there is shows of a pattern. */
export function onOneLed({ listening, status }: LedPattern): LedMode {
  return listening === "off" ? status : listening;
}

/** At rest, and in the night, LEDs stay dark. A conversation and a fault are always shown. */
export function isDarkened(indication: Indication, quiet: boolean): boolean {
  return quiet && ["idle", "muted", "news"].includes(indication);
}

/** A time of day as HH:MM. */
export const TIME_OF_DAY = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

/**
 * Is `minute` (of the local day, 0 to 1439) within the quiet hours? They include their first minute
 * and not their last, and may go over midnight; with one of the two empty there are none.
 */
export function isQuiet(minute: number, from: string, to: string): boolean {
  const [begin, end] = [minuteOf(from), minuteOf(to)];
  if (begin === null || end === null) return false;
  return begin <= end ? minute >= begin && minute < end : minute >= begin || minute < end;
}

function minuteOf(text: string): number | null {
  if (!TIME_OF_DAY.test(text)) return null;
  const [hours = "", minutes = ""] = text.split(":");
  return Number(hours) * 60 + Number(minutes);
}
