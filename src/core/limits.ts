/** Every deadline of the machine that is not the owner's to choose, with the reason for its value. */

/** Wake to a session that listens. The ring holds more than this, so nothing said is lost. */
export const CONNECT_MAX_MS = 12_000;
/** One uninterrupted turn of the user; beyond it is a television. */
export const UTTERANCE_MAX_MS = 90_000;
/** End of the question to the first sound of the answer. */
export const THINK_MAX_MS = 20_000;
/** One reply at the ear; just above what 4,096 audio tokens of 50 ms last. */
export const SPEAK_MAX_MS = 240_000;
/** The speaker has run dry in mid-reply and the server sends nothing. */
export const STARVE_MAX_MS = 10_000;
/** How long a fault is shown before the appliance is ready again. */
export const FAULT_SHOW_MS = 4_000;
/** What the microphone remembers: CONNECT_MAX_MS, the longest pre-roll, and some. */
export const RING_MS = 16_000;
/** After an interruption by the wake word: sent from this long before its detection. */
export const INTERRUPT_PRE_ROLL_MS = 300;
/** Speech that ended before the detection of the wake word and this was the wake word itself. */
export const WAKE_TAIL_MS = 150;
/** Function calls answered with another response, in one turn of the user. */
export const TOOL_ROUNDS_MAX = 8;
