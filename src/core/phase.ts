/** The words for what the appliance does and for why a conversation ended: for people, metrics, LEDs. */

export const PHASES = [
  "idle",
  "connecting",
  "listening",
  "thinking",
  "speaking",
  "follow-up",
  "muted",
  "fault",
] as const;

export type Phase = (typeof PHASES)[number];

/** What the LEDs can show: a phase, or that a timer or an alarm rings. */
export const INDICATIONS = [...PHASES, "ringing"] as const;

export type Indication = (typeof INDICATIONS)[number];

export type EndReason =
  | "follow_up_over"
  | "no_speech"
  | "single_turn"
  | "goodbye"
  | "max_turns"
  | "max_duration"
  | "utterance_too_long"
  | "reply_too_long"
  | "stopped"
  | "muted"
  | "shutdown"
  | "budget"
  | "fault";
