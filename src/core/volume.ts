/**
 * The loudness that was chosen by voice or command, as it outlives the process.
 *
 * Theory: the configuration says how loud it is at first. A choice counts until the owner changes
 * that line: then the file is the newer word.
 */

import { number, record } from "./json.ts";

/** Percent of full scale. By steps it never becomes silent: nobody would hear the way back. */
export const STEP_PERCENT = 10;
export const QUIETEST_PERCENT = 5;

export interface ChosenVolume {
  /** 0 to 100. */
  readonly percent: number;
  /** `audio.volume` when it was chosen. */
  readonly over: number;
}

/** What is in force, 0 to 100. */
export function percentInForce(chosen: ChosenVolume | null, configured: number): number {
  if (chosen !== null && chosen.over === configured) return chosen.percent;
  return Math.round(configured * 100);
}

/** So many percent points more, or less. */
export function stepped(percent: number, by: number): number {
  return Math.min(100, Math.max(QUIETEST_PERCENT, percent + by));
}

export function volumeText(chosen: ChosenVolume): string {
  return `${JSON.stringify({ schema: 1, ...chosen })}\n`;
}

/** Null: the text is none of ours. */
export function volumeIn(text: string): ChosenVolume | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const row = record(value) ?? {};
  const [percent, over] = [number(row, "percent"), number(row, "over")];
  const isFine = percent !== null && over !== null && percent >= 0 && percent <= 100;
  return isFine ? { percent, over } : null;
}
