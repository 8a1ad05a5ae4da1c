/**
 * What a row of coloured LEDs shows: the states, priorities and modes of led-pattern.ts, with a colour
 * each, and from three LEDs on with motion. Pure; adapters/gpio/strip.ts makes light of it.
 */

import { INDICATIONS, type Indication } from "../phase.ts";
import { brightness, onOneLed, patternOf } from "./led-pattern.ts";

export interface Colour {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

/** Light of a moment, and until when it lasts, milliseconds from the beginning of the state. */
export interface StripFrame {
  /** Of each LED: 0 dark, 1 full. */
  readonly levels: readonly number[];
  /** Null: for ever. */
  readonly untilMs: number | null;
}

export interface StripScene {
  readonly indication: Indication;
  /** How long it has been shown, milliseconds. */
  readonly sinceMs: number;
  readonly count: number;
  /** The owner's patterns, as `leds.patterns`. */
  readonly own: readonly string[];
  /** How loud the answer is just now, 0 to 1; null: not known. */
  readonly loudness: number | null;
  /** Until the next timer rings, milliseconds; null: none is running. */
  readonly timerMs: number | null;
}

/** Fewer LEDs have no room for motion. */
export const MOTION_MIN = 3;
/** A step of what moves: ten a second look smooth enough, and cost little. */
export const STEP_MS = 100;
/** In the last minute of a timer its LEDs go out one after the other. */
export const COUNTDOWN_MS = 60_000;
/** Of a countdown: it is no call for attention. */
const COUNTDOWN_LEVEL = 0.3;
/** What is behind the head of a light that runs round. */
const TAIL = [1, 0.35, 0.1] as const;

const COLOURS: Readonly<Record<Indication, string>> = {
  idle: "#ffffff", // of a timer that runs down
  connecting: "#0080ff",
  listening: "#0080ff",
  thinking: "#ffa000",
  speaking: "#00ff40",
  "follow-up": "#0080ff",
  muted: "#ff0000",
  fault: "#ff0000",
  "awaiting-approval": "#ff00ff",
  ringing: "#ffffff",
  looking: "#ffffff",
  news: "#00ff40",
};

/** The owner's own colours: `STATE=#rrggbb`. */
export const LED_COLOUR = new RegExp(`^(?:${INDICATIONS.join("|")})=#[0-9A-Fa-f]{6}$`);

/** `own`: texts that fit LED_COLOUR; the last one about it counts. */
export function colourOf(indication: Indication, own: readonly string[]): Colour {
  const override = own.findLast((text) => text.startsWith(`${indication}=`));
  const hex = (override?.slice(indication.length + 1) ?? COLOURS[indication]).slice(1);
  const part = (at: number): number => Number.parseInt(hex.slice(at, at + 2), 16);
  return { red: part(0), green: part(2), blue: part(4) };
}

/** A pattern of the owner's is shown by all LEDs alike; so is any state on fewer than MOTION_MIN. */
export function stripFrame(scene: StripScene): StripFrame {
  const { indication, sinceMs, count, own } = scene;
  const isOwn = own.some((text) => text.startsWith(`${indication}=`));
  const moved = count < MOTION_MIN || isOwn ? null : motion(scene);
  if (moved !== null) return moved;
  const { level, untilMs } = brightness(onOneLed(patternOf(indication, own)), sinceMs, true);
  return { levels: all(count, () => level), untilMs };
}

/** Null: this state has none, and is shown by all LEDs alike. */
function motion(scene: StripScene): StripFrame | null {
  const { indication, sinceMs, count, loudness } = scene;
  const step = Math.floor(sinceMs / STEP_MS);
  const untilMs = (step + 1) * STEP_MS;
  switch (indication) {
    case "idle":
      return countdown(scene);
    case "listening": {
      // It opens from the middle, and then stands: a long question costs no writes.
      const reach = step + 1;
      const half = Math.ceil(count / 2);
      return { levels: fromMiddle(count, reach), untilMs: reach >= half ? null : untilMs };
    }
    case "connecting":
      return { levels: round(count, step, [1]), untilMs };
    case "thinking":
      return { levels: round(count, step, TAIL), untilMs };
    case "speaking":
      if (loudness === null) return null;
      return { levels: fromMiddle(count, 1 + loudness * (count / 2)), untilMs };
    case "awaiting-approval": {
      const half = Math.floor(sinceMs / 500);
      return { levels: all(count, (n) => ((n + half) % 2) ^ 1), untilMs: (half + 1) * 500 };
    }
    default:
      return null;
  }
}

/** The LEDs that are left of the last minute. */
function countdown({ sinceMs, count, timerMs }: StripScene): StripFrame {
  const dark = { levels: all(count, () => 0), untilMs: null };
  if (timerMs === null || timerMs <= 0) return dark;
  if (timerMs > COUNTDOWN_MS) return { ...dark, untilMs: sinceMs + timerMs - COUNTDOWN_MS };
  const eachMs = COUNTDOWN_MS / count;
  const left = Math.ceil(timerMs / eachMs);
  const levels = all(count, (n) => (n < left ? COUNTDOWN_LEVEL : 0));
  return { levels, untilMs: sinceMs + timerMs - (left - 1) * eachMs };
}

/** `reach` LEDs to either side of the middle are lit, the last of them as far as it goes. */
function fromMiddle(count: number, reach: number): readonly number[] {
  const middle = (count - 1) / 2;
  const first = count % 2 === 0 ? 0.5 : 0;
  return all(count, (n) => {
    const away = Math.abs(n - middle) - first;
    return Math.min(1, Math.max(0, reach - away));
  });
}

function round(count: number, step: number, tail: readonly number[]): readonly number[] {
  return all(count, (n) => tail[(((step - n) % count) + count) % count] ?? 0);
}

function all(count: number, level: (n: number) => number): readonly number[] {
  return Array.from({ length: count }, (_, n) => level(n));
}

// ---------------------------------------------------------------- bytes

/** The most LEDs: longer rows need a supply of their own. */
export const STRIP_MAX = 64;
const DRIVE_MAX = 31;

/**
 * The frame of an APA102 (DotStar, SK9822): 32 zero bits, then a word for each LED (three ones, five
 * bits of brightness, blue, green, red), then zeros: 32 bits for the SK9822, and half a bit for each
 * LED, by which the clock of the last one is behind. `drive`: 0 to 1, the same for all.
 */
export function stripBytes(
  levels: readonly number[],
  { red, green, blue }: Colour,
  drive: number,
): Uint8Array {
  const bright = Math.max(1, Math.min(DRIVE_MAX, Math.round(drive * DRIVE_MAX)));
  const words = levels.flatMap((level) => {
    if (level <= 0) return [0xe0, 0, 0, 0];
    const part = (of: number): number => Math.round(of * Math.min(1, level));
    return [0xe0 | bright, part(blue), part(green), part(red)];
  });
  const end = new Array<number>(4 + Math.ceil(levels.length / 16)).fill(0);
  return Uint8Array.from([0, 0, 0, 0, ...words, ...end]);
}

/** How loud samples sound, 0 to 1: from a whisper (-50 dBFS) to a loud voice (-14 dBFS). */
export function loudnessOf(pcm: Int16Array): number {
  let sum = 0;
  // Every eighth sample is enough for a light.
  for (let n = 0; n < pcm.length; n += 8) sum += (pcm[n] ?? 0) ** 2;
  const power = sum / Math.max(1, Math.ceil(pcm.length / 8)) / 32_768 ** 2;
  return Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-9) + 50) / 36));
}
