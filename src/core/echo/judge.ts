/** What an echo lets through: the wake word, ordinary speech, or neither. In words for the owner, too. */

import { type Fields, number, text } from "../json.ts";
import type { EchoReading } from "./meter.ts";

/** `full`: ordinary speech gets through an answer; `wake`: the wake word does; `none`: hardly that. */
export type EchoReach = "full" | "wake" | "none";

/** Loudness of a person at two metres with a usable gain, dB of full scale. */
const VOICE_DBFS = -30;
/** What is left of an echo must be so much fainter than a voice for speech to be told from it. */
const SPEECH_OVER_LEFT_DB = 15;
/** And so much of it must be taken out: less means that the canceller does not follow it. */
const FULL_CANCELLED_DB = 15;
/** The wake word is found in noise as loud as itself, and not below. */
const WORD_OVER_LEFT_DB = 3;
/** What was judged full stays so until it is so much worse: answers differ. */
const SLACK_DB = 3;

export type Reading = Omit<EchoReading, "returnLossDb">;

/** `before`: what it was judged the last time; null: for the first time. */
export function echoReach(reading: Reading, before: EchoReach | null = null): EchoReach {
  const { delayMs, cancelledDb } = reading;
  const slackDb = before === "full" ? SLACK_DB : 0;
  const overLeftDb = VOICE_DBFS - leftDbfs(reading);
  // An echo that is hardly there needs nobody to take it out.
  if (overLeftDb >= SPEECH_OVER_LEFT_DB + FULL_CANCELLED_DB - slackDb) return "full";
  const isTaken = delayMs !== null && cancelledDb >= FULL_CANCELLED_DB - slackDb;
  if (isTaken && overLeftDb >= SPEECH_OVER_LEFT_DB - slackDb) return "full";
  return overLeftDb >= WORD_OVER_LEFT_DB ? "wake" : "none";
}

/** How loud what is left of the echo is, dB of full scale. */
export function leftDbfs({ echoDbfs, cancelledDb }: Reading): number {
  return echoDbfs - Math.max(0, cancelledDb);
}

const REACHES: readonly EchoReach[] = ["full", "wake", "none"];

/** What `status` or our file says of it, read again; null for what is none. */
export function reachIn(fields: Fields): EchoReach | null {
  const named = text(fields, "reach");
  return REACHES.find((reach) => reach === named) ?? null;
}

/** What `status` says of it, read again; null for what is no reading. */
export function echoReading(fields: Fields): Reading | null {
  const [echoDbfs, cancelledDb] = [number(fields, "echo_dbfs"), number(fields, "cancelled_db")];
  if (echoDbfs === null || cancelledDb === null) return null;
  return { delayMs: number(fields, "delay_ms"), echoDbfs, cancelledDb };
}

/** One sentence: what was measured. */
export function echoText({ delayMs, echoDbfs, cancelledDb }: Reading): string {
  const late = delayMs === null ? "" : `${Math.round(delayMs)} ms late, `;
  const taken = Math.max(0, Math.round(cancelledDb));
  return `The microphone hears an answer ${late}at ${Math.round(echoDbfs)} dBFS, and ${taken} dB of it are taken out`;
}

export function reachText(reach: EchoReach): string {
  switch (reach) {
    case "full":
      return "your voice will get through an answer";
    case "wake":
      return "the wake word will be heard over an answer, other speech will not get through";
    case "none":
      return "your voice will not get through an answer";
  }
}

/** What the owner can do; empty where nothing need be done. */
export function echoRemedy(reach: EchoReach, { cancelledDb }: Reading): string {
  if (reach === "full") return "";
  return cancelledDb < FULL_CANCELLED_DB
    ? "Turn the loudspeaker down until it does not distort; one USB device for microphone and loudspeaker helps most"
    : "Turn the loudspeaker down, or move it away from the microphone";
}
