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

/**
 * What the LEDs can show: a phase, that a function awaits the owner's yes, that a timer rings, that the
 * camera is on, that a result waits to be told.
 */
export const INDICATIONS = [...PHASES, "awaiting-approval", "ringing", "looking", "news"] as const;

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

/**
 * How a call of a function came to its end. `held`: its output was its result; `late`: the result came as a
 * message; `asked`: the model was told to ask first, and then called again; `lost`: with its
 * connection; `unfinished`: the conversation was over before it.
 */
export type CallOutcome =
  | "held"
  | "late"
  | "asked"
  | "refused"
  | "given-up"
  | "lost"
  | "unfinished";
