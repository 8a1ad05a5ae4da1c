/**
 * What the lamps do for each indication: which of the two, and how it moves. Pure; a player with a
 * clock makes light of it (adapters/gpio/leds.ts).
 *
 * Theory: the listening lamp tells of the microphone (lit: what you say is kept or sent), the status
 * lamp of everything else. Where there is only one lamp, it shows whatever would be shown. The
 * priority (fault over muted over speaking over … idle) is the view's, in indicator.ts.
 */

import { INDICATIONS, type Indication } from "./indication.ts";

/** How a lamp moves. Every motion but `off` begins lit, so that a change is seen at once. */
export const MOTIONS = ["off", "on", "blink", "fast", "pulse", "breathe"] as const;
export type Motion = (typeof MOTIONS)[number];

/** The two lamps at one indication. */
export interface Look {
  readonly listening: Motion;
  readonly status: Motion;
}

const LOOKS: Readonly<Record<Indication, Look>> = {
  idle: { listening: "off", status: "off" },
  connecting: { listening: "on", status: "fast" },
  listening: { listening: "on", status: "off" },
  thinking: { listening: "off", status: "blink" },
  speaking: { listening: "off", status: "on" },
  "follow-up": { listening: "breathe", status: "off" },
  muted: { listening: "off", status: "pulse" },
  fault: { listening: "off", status: "fast" },
  ringing: { listening: "off", status: "breathe" },
};

/** Of each motion: how long it is lit and dark, milliseconds. */
const BEATS = {
  blink: { litMs: 500, darkMs: 500 },
  fast: { litMs: 125, darkMs: 125 },
  pulse: { litMs: 100, darkMs: 1900 },
} as const;
/** One breath, in and out; where a pin knows only on and off, a slow blink. */
const BREATH_MS = 4000;
/** Steps of a breath on a pin that can be dimmed: 20 a second look smooth. */
const BREATH_STEP_MS = 50;
/** A breath ends above the dark, so that the lamp is seen to be on. */
const BREATH_FLOOR = 0.1;

/** A level, and until when it lasts: both counted from the beginning of the motion. */
export interface Glow {
  /** 0 dark, 1 full. */
  readonly level: number;
  /** Milliseconds from the beginning; null: for ever. */
  readonly untilMs: number | null;
}

/** `dimmable`: the pin knows levels between dark and full. */
export function glow(motion: Motion, sinceMs: number, dimmable: boolean): Glow {
  switch (motion) {
    case "off":
      return { level: 0, untilMs: null };
    case "on":
      return { level: 1, untilMs: null };
    case "breathe":
      return dimmable ? breath(sinceMs) : beat(sinceMs, BREATH_MS / 2, BREATH_MS / 2);
    case "blink":
    case "fast":
    case "pulse":
      return beat(sinceMs, BEATS[motion].litMs, BEATS[motion].darkMs);
  }
}

function beat(sinceMs: number, litMs: number, darkMs: number): Glow {
  const periodMs = litMs + darkMs;
  const beganMs = Math.floor(sinceMs / periodMs) * periodMs;
  return sinceMs - beganMs < litMs
    ? { level: 1, untilMs: beganMs + litMs }
    : { level: 0, untilMs: beganMs + periodMs };
}

/** A raised cosine, from full to the floor and back. */
function breath(sinceMs: number): Glow {
  const step = Math.floor(sinceMs / BREATH_STEP_MS);
  const turn = (step * BREATH_STEP_MS) / BREATH_MS;
  const wave = (1 + Math.cos(2 * Math.PI * turn)) / 2;
  const level = BREATH_FLOOR + (1 - BREATH_FLOOR) * wave;
  return { level, untilMs: (step + 1) * BREATH_STEP_MS };
}

/** The owner's own looks: `STATE=MOTION` or `STATE=LISTENING+STATUS`. */
export const LOOK_PATTERN = new RegExp(
  `^(?:${INDICATIONS.join("|")})=(?:${MOTIONS.join("|")})(?:\\+(?:${MOTIONS.join("|")}))?$`,
);

/** The look of an indication. `own`: texts that fit LOOK_PATTERN; the last one about it counts. */
export function lookOf(indication: Indication, own: readonly string[]): Look {
  const usual = LOOKS[indication];
  const wish = own.findLast((text) => text.startsWith(`${indication}=`));
  if (wish === undefined) return usual;
  const [first, second] = wish
    .slice(indication.length + 1)
    .split("+")
    .map(motionNamed);
  if (first === undefined) return usual;
  if (second !== undefined) return { listening: first, status: second };
  // One word is about the lamp that shows this state.
  return usual.listening === "off"
    ? { ...usual, status: first }
    : { listening: first, status: usual.status };
}

function motionNamed(name: string): Motion | undefined {
  return MOTIONS.find((motion) => motion === name);
}

/** What the only lamp there is shows of a look. */
export function onOneLamp({ listening, status }: Look): Motion {
  return listening === "off" ? status : listening;
}

/** At rest, and in the night, lamps stay dark. A conversation and a fault are always shown. */
export function isDarkened(indication: Indication, quiet: boolean): boolean {
  return quiet && (indication === "idle" || indication === "muted");
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
