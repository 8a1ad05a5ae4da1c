/** Every deadline of the machine that is not the owner's to choose, with the reason for its value. */

import type { Call } from "./state.ts";

/** Wake to a session that listens, over all attempts. The ring holds more, so nothing said is lost. */
export const CONNECT_MAX_MS = 15_000;
/** New connections in one conversation; a network that breaks more often is told. */
export const RECONNECTS_MAX = 3;
/** The server answers `response.create` at once; silence for this long is a dead peer. */
export const ASK_MAX_MS = 8_000;
/** Before the server's own end of a session (60 minutes, or its `expires_at`). */
export const RECYCLE_MARGIN_MS = 60_000;
export const SESSION_MAX_MS = 60 * 60_000;
/** Notices remembered as logged. */
export const NOTIFIED_MAX = 100;
/** One uninterrupted turn of the user; beyond it is a television. */
export const UTTERANCE_MAX_MS = 90_000;
/** A response was created and nothing of it came: the model hangs. */
export const THINK_MAX_MS = 10_000;
/** The same where the owner asked for much reasoning, during which a model says nothing. */
const THINK_HARD_MAX_MS = 30_000;
/** One reply at the ear; just above what 4,096 audio tokens of 50 ms last. */
export const SPEAK_MAX_MS = 240_000;
/** The speaker has nothing left in mid-reply and the server sends nothing. */
export const UNDERRUN_MAX_MS = 10_000;
/** How long a fault is shown before the appliance is ready again. */
export const FAULT_SHOW_MS = 4_000;
/** What the microphone remembers: CONNECT_MAX_MS, the longest pre-roll, and some. */
export const RING_MS = 20_000;
/** After an interruption by the wake word: sent from this long before its detection. */
export const INTERRUPT_PRE_ROLL_MS = 300;
/** Speech that ended before the detection of the wake word and this was the wake word itself. */
export const WAKE_TAIL_MS = 150;
/** Empty turns remembered until the server has committed them. */
export const EMPTY_TURNS_MAX = 8;
/** A cancelled response ends at once; silence for this long is a dead peer. */
export const CANCEL_MAX_MS = 8_000;
/** The speaker tells at once how much was heard of what was cut. */
export const FLUSH_MAX_MS = 4_000;
/** A failed or unheard response is asked for again so often, for one question. */
export const ASK_AGAIN_MAX = 1;
/** The same where the server is busy, or says when to come again. */
export const ASK_LATER_MAX = 3;
/** The longest wait for that within a conversation. */
export const ASK_LATER_MAX_MS = 15_000;
/** What one response may cost at the most: 4,096 tokens of sound at $64 a million, and its input. */
export const RESPONSE_RESERVE_MICRO_USD = 300_000;
/** Rules applied after one input; more, and they go round in circles. */
export const RULES_MAX = 32;
/** Calls known as answered: far more than a turn of the user can have. */
export const SETTLED_CALLS_MAX = 64;
/** A function that has no time limit of its own. */
export const TOOL_MAX_MS = 8_000;
/** A first answer waits so long for the tools of remote servers; then it does without them. */
export const LISTING_MAX_MS = 2_000;
/** Remote servers that are being asked for their tools: as many as can be configured. */
export const LISTINGS_MAX = 8;
/** How long a call waits for the user's yes, from the end of the question. */
export const APPROVAL_MAX_MS = 15_000;
/** Calls that wait for a yes: more than two or three, nobody can keep apart. */
export const APPROVALS_MAX = 4;
/** Calls that go on after they were reported as begun; as many as run at once (app/tools). */
export const BEGUN_MAX = 32;
/** Function calls answered with another response, in one turn of the user. */
export const TOOL_ROUNDS_MAX = 8;

/** How long a response may be without a sound. */
export function thinkMaxMs({ settings }: Call): number {
  const effort = settings["openai.reasoning_effort"];
  return effort === "high" || effort === "xhigh" ? THINK_HARD_MAX_MS : THINK_MAX_MS;
}
