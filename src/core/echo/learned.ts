/**
 * What the first answers have taught of the echo: kept between runs, used for the next answer, told by
 * status and doctor.
 *
 * Invariant: what was learned with other devices does not count.
 */

import { number, parseJson, record, text } from "../json.ts";
import type { EchoReading } from "./meter.ts";

export interface LearnedEcho {
  /** Microphone and loudspeaker it was learned with. */
  readonly devices: string;
  /** Answers that it was learned from, at most ANSWERS_MAX. */
  readonly answers: number;
  /** From the time at which a sample is said to sound to its echo; null: not found. */
  readonly delayMs: number | null;
  readonly echoDbfs: number;
  readonly returnLossDb: number;
  readonly cancelledDb: number;
}

const VERSION = 1;
const ANSWERS_MAX = 1_000;
/** Share of the newest answer. */
const NEWEST = 0.3;
/** A delay that differs by more than this is another one: a device was changed, or its buffer. */
const SAME_DELAY_MS = 30;
/**
 * By how much the reference is delayed as long as nothing is known: it comes early, for an echo that
 * is before it cannot be taken out. Speakers and microphones behind a sound server were measured to
 * tell their times up to 10 ms wrong in that direction.
 */
export const FIRST_SHIFT_MS = -30;
/** Echoes so late are in the canceller's reach with that. */
const REACH_MS = [-20, 80] as const;
/** Where others are put: as early as is safe, for the end of an echo must be in reach, too. */
const AIM_MS = 20;

export function learn(
  before: LearnedEcho | null,
  reading: EchoReading,
  devices: string,
): LearnedEcho {
  const { delayMs } = reading;
  if (before === null || before.devices !== devices) {
    return { ...reading, devices, answers: 1 };
  }
  const mixed = (old: number, fresh: number): number => old + NEWEST * (fresh - old);
  return {
    devices,
    answers: Math.min(ANSWERS_MAX, before.answers + 1),
    delayMs: delayOf(before.delayMs, delayMs),
    echoDbfs: mixed(before.echoDbfs, reading.echoDbfs),
    returnLossDb: mixed(before.returnLossDb, reading.returnLossDb),
    cancelledDb: mixed(before.cancelledDb, reading.cancelledDb),
  };
}

function delayOf(before: number | null, fresh: number | null): number | null {
  if (fresh === null) return before;
  return before === null || Math.abs(fresh - before) > SAME_DELAY_MS ? fresh : before;
}

/** By how much the reference is to be delayed, milliseconds; below 0: so much earlier. */
export function shiftFor(learned: LearnedEcho | null): number {
  const delayMs = learned?.delayMs ?? null;
  if (delayMs === null || (delayMs >= REACH_MS[0] && delayMs <= REACH_MS[1])) return FIRST_SHIFT_MS;
  return delayMs - AIM_MS;
}

export function learnedText(learned: LearnedEcho): string {
  return `${JSON.stringify({
    version: VERSION,
    devices: learned.devices,
    answers: learned.answers,
    delay_ms: learned.delayMs,
    echo_dbfs: rounded(learned.echoDbfs),
    return_loss_db: rounded(learned.returnLossDb),
    cancelled_db: rounded(learned.cancelledDb),
  })}\n`;
}

function rounded(db: number): number {
  return Math.round(db * 10) / 10;
}

/** Null for what cannot be used, or was learned with other devices. */
export function learnedIn(json: string, devices: string): LearnedEcho | null {
  const fields = record(parseJson(json));
  if (fields === null || fields["version"] !== VERSION || text(fields, "devices") !== devices) {
    return null;
  }
  const answers = number(fields, "answers");
  const echoDbfs = number(fields, "echo_dbfs");
  const returnLossDb = number(fields, "return_loss_db");
  const cancelledDb = number(fields, "cancelled_db");
  if (answers === null || echoDbfs === null || returnLossDb === null || cancelledDb === null) {
    return null;
  }
  const delayMs = number(fields, "delay_ms");
  return { devices, answers, delayMs, echoDbfs, returnLossDb, cancelledDb };
}
