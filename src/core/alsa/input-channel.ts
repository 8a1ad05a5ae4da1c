/**
 * Which channel of a microphone with several is listened to. ALSA would make one of them by mixing,
 * which spoils what an array has worked out, and makes two capsules a comb filter.
 */

import type { Formats } from "./formats.ts";

/** What `audio.input_channel` may be. */
export type InputChannel = number | "auto";

export interface ChannelChoice {
  /** Channels recorded. */
  readonly count: number;
  /** The one that is taken, from 0. */
  readonly index: number;
}

/** One channel as it comes: the card's own, or ALSA's doing where the card is not known. */
export const MONO: ChannelChoice = { count: 1, index: 0 };

/**
 * Arrays that give the sound that they have worked out (beam, echo, noise) in their first channel, by
 * a part of the card's name. From their makers' manuals.
 */
const PROCESSED_FIRST: readonly RegExp[] = [/respeaker/i, /\bxvf-?3\d{3}\b/i, /\bUAC1\.0\b/];

/**
 * What to record. `formats`: what the card takes, null where that is not known; `cardName`: its name.
 * A channel beyond those of the card is taken as the last one.
 */
export function channelChoice(
  wanted: InputChannel,
  cardName: string,
  formats: Formats | null,
): ChannelChoice {
  const counts = formats?.anyChannels === true ? [] : (formats?.channels ?? []);
  const most = counts.at(-1);
  if (wanted !== "auto") {
    if (most === undefined) return { count: wanted, index: wanted - 1 };
    const count = counts.find((number) => number >= wanted) ?? most;
    return { count, index: Math.min(wanted, count) - 1 };
  }
  if (most === undefined) return MONO;
  const isArray = PROCESSED_FIRST.some((name) => name.test(cardName));
  if (isArray && most > 1) return { count: most, index: 0 };
  return counts.includes(1) ? MONO : { count: counts[0] ?? 1, index: 0 };
}
