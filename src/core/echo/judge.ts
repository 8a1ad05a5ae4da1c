/** What an echo lets through: the wake word, ordinary speech, or neither. In words for the owner, too. */

import { type Fields, number } from "../json.ts";
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

export function echoReach({ echoDbfs, cancelledDb }: Reading): EchoReach {
  const overLeftDb = VOICE_DBFS - (echoDbfs - Math.max(0, cancelledDb));
  if (overLeftDb >= SPEECH_OVER_LEFT_DB && cancelledDb >= FULL_CANCELLED_DB) return "full";
  // An echo that is hardly there needs nobody to take it out.
  if (overLeftDb >= SPEECH_OVER_LEFT_DB + FULL_CANCELLED_DB) return "full";
  return overLeftDb >= WORD_OVER_LEFT_DB ? "wake" : "none";
}

type Reading = Omit<EchoReading, "returnLossDb">;

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
