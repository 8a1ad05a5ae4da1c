/**
 * What the first answers have taught of the echo: kept between runs, used for the next answer, told by
 * status and doctor. A sweep of `pipit doctor --echo` is kept in the same way.
 *
 * Invariant: what was learned with other devices, or long ago, does not count.
 */

import { number, parseJson, record, text } from "../json.ts";
import { type EchoReach, echoReach, leftDbfs, reachIn } from "./judge.ts";
import type { EchoReading } from "./meter.ts";

export interface LearnedEcho {
  /** Microphone and loudspeaker it was learned with, and the cards behind them. */
  readonly devices: string;
  /** Answers that it was learned from, at most ANSWERS_MAX; of 0 without a sweep, only the delay counts. */
  readonly answers: number;
  /** Whether `pipit doctor --echo` has measured it. */
  readonly isSwept: boolean;
  /** When it was measured last: wall clock, milliseconds since 1970. */
  readonly measuredMs: number;
  readonly reach: EchoReach;
  /** From the time at which a sample is said to sound to its echo; null: not found. */
  readonly delayMs: number | null;
  readonly echoDbfs: number;
  readonly returnLossDb: number;
  readonly cancelledDb: number;
}

/** Of what, and when. */
export interface Measured {
  readonly devices: string;
  readonly wallMs: number;
}

const VERSION = 2;
const ANSWERS_MAX = 1_000;
/** One answer may have been a lucky one. */
const SURE_ANSWERS = 2;
/** Share of the newest answer; of one that is worse, so that what does not work is soon left alone. */
const NEWEST = 0.3;
const NEWEST_WORSE = 0.6;
/** After so long the appliance may stand in another room. */
const FORGET_MS = 30 * 24 * 3_600_000;
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

/** Whether enough was measured to act on it. */
export function isSure({ isSwept, answers }: LearnedEcho): boolean {
  return isSwept || answers >= SURE_ANSWERS;
}

/** What an answer teaches. */
export function learn(
  before: LearnedEcho | null,
  reading: EchoReading,
  { devices, wallMs }: Measured,
): LearnedEcho {
  const known = before?.devices === devices ? before : null;
  const isFirst = known === null || (known.answers === 0 && !known.isSwept);
  const delayMs = delayOf(known?.delayMs ?? null, reading.delayMs);
  const fresh = { ...(isFirst ? reading : mixed(known, reading)), delayMs };
  // Measured out of the canceller's reach: only the delay is worth anything.
  const isOff = shiftFor(fresh) !== shiftFor(known);
  const answers = isOff ? 0 : Math.min(ANSWERS_MAX, (known?.answers ?? 0) + 1);
  const isSwept = !isOff && known !== null && known.isSwept;
  const reach = echoReach(fresh, known?.reach ?? null);
  return { devices, answers, isSwept, measuredMs: wallMs, reach, ...fresh };
}

/** What a sweep teaches: it counts instead of all before. */
export function learnSwept(reading: EchoReading, { devices, wallMs }: Measured): LearnedEcho {
  const reach = echoReach(reading);
  return { devices, answers: 0, isSwept: true, measuredMs: wallMs, reach, ...reading };
}

function mixed(known: LearnedEcho, reading: EchoReading): Omit<EchoReading, "delayMs"> {
  const share = leftDbfs(reading) > leftDbfs(known) ? NEWEST_WORSE : NEWEST;
  const mix = (old: number, fresh: number): number => old + share * (fresh - old);
  return {
    echoDbfs: mix(known.echoDbfs, reading.echoDbfs),
    returnLossDb: mix(known.returnLossDb, reading.returnLossDb),
    cancelledDb: mix(known.cancelledDb, reading.cancelledDb),
  };
}

function delayOf(before: number | null, fresh: number | null): number | null {
  if (fresh === null) return before;
  return before === null || Math.abs(fresh - before) > SAME_DELAY_MS ? fresh : before;
}

/** By how much the reference is to be delayed, milliseconds; below 0: so much earlier. */
export function shiftFor(learned: Pick<LearnedEcho, "delayMs"> | null): number {
  const delayMs = learned?.delayMs ?? null;
  if (delayMs === null || (delayMs >= REACH_MS[0] && delayMs <= REACH_MS[1])) return FIRST_SHIFT_MS;
  return delayMs - AIM_MS;
}

export function learnedText(learned: LearnedEcho): string {
  return `${JSON.stringify({
    version: VERSION,
    devices: learned.devices,
    answers: learned.answers,
    swept: learned.isSwept,
    measured_ms: Math.round(learned.measuredMs),
    reach: learned.reach,
    delay_ms: learned.delayMs,
    echo_dbfs: rounded(learned.echoDbfs),
    return_loss_db: rounded(learned.returnLossDb),
    cancelled_db: rounded(learned.cancelledDb),
  })}\n`;
}

function rounded(db: number): number {
  return Math.round(db * 10) / 10;
}

/** Null for what cannot be used, or is too old at `wallMs`. */
export function learnedIn(json: string, wallMs: number): LearnedEcho | null {
  const fields = record(parseJson(json));
  if (fields === null || fields["version"] !== VERSION) return null;
  const devices = text(fields, "devices");
  const measuredMs = number(fields, "measured_ms");
  const reach = reachIn(fields);
  if (devices === null || reach === null || measuredMs === null) return null;
  if (wallMs - measuredMs > FORGET_MS) return null;
  const answers = number(fields, "answers");
  const echoDbfs = number(fields, "echo_dbfs");
  const returnLossDb = number(fields, "return_loss_db");
  const cancelledDb = number(fields, "cancelled_db");
  if (answers === null || echoDbfs === null || returnLossDb === null || cancelledDb === null) {
    return null;
  }
  const delayMs = number(fields, "delay_ms");
  const isSwept = fields["swept"] === true;
  const counts = { devices, answers, isSwept, measuredMs, reach };
  return { ...counts, delayMs, echoDbfs, returnLossDb, cancelledDb };
}
