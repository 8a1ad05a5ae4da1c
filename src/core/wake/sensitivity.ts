/**
 * How eager each engine is by default, word by word, and what a sensitivity means to it.
 *
 * The defaults were measured on people's voices (some 380 recordings a word, and an hour of other
 * speech): Porcupine 1.9 hears `computer` in 2 % more of the calls at 0.9 and still has no false alarm,
 * while `jarvis` at 0.9 fires in the babble of a crowd; microWakeWord's `alexa` hears 1 to 21 % more
 * at half its author's cutoff, and has no false alarm either.
 */

export type WakeEngineName = "porcupine-keyless" | "porcupine" | "micro";

/** What `wake_word.sensitivity` may be: a number for all words, or the default of each. */
export type Sensitivity = number | "auto";

/** Where no word says otherwise. For a microWakeWord model it is its author's cutoff. */
export const SENSITIVITY_DEFAULT = 0.7;

const BY_WORD: Readonly<Record<WakeEngineName, Readonly<Record<string, number>>>> = {
  "porcupine-keyless": { computer: 0.9 },
  porcupine: {},
  micro: { alexa: 0.97 },
};

/** A wake word in one spelling: "Hey Jarvis" is hey_jarvis. */
export function wordKey(word: string): string {
  return word
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_");
}

/** The sensitivity of a word, 0 to 1: the given one, else its default. */
export function sensitivityOf(engine: WakeEngineName, word: string, given: Sensitivity): number {
  if (given !== "auto") return given;
  const defaults = BY_WORD[engine];
  const key = wordKey(word);
  return Object.hasOwn(defaults, key)
    ? (defaults[key] ?? SENSITIVITY_DEFAULT)
    : SENSITIVITY_DEFAULT;
}

/** A mean of five probabilities never passes more than 255/256. */
const CUTOFF_MAX = 0.99;
/** At sensitivity 1 a model need be only this much as sure as its author says. */
const EAGER_SHARE = 0.5;

/**
 * How sure a microWakeWord model must be, 0 to 1: its author's cutoff at SENSITIVITY_DEFAULT, half of
 * that at 1, CUTOFF_MAX at 0; straight lines between.
 */
export function cutoffAt(sensitivity: number, own: number): number {
  if (sensitivity >= SENSITIVITY_DEFAULT) {
    const eagerness = (sensitivity - SENSITIVITY_DEFAULT) / (1 - SENSITIVITY_DEFAULT);
    return own * (1 - (1 - EAGER_SHARE) * eagerness);
  }
  const top = Math.max(CUTOFF_MAX, own);
  return top + (own - top) * (sensitivity / SENSITIVITY_DEFAULT);
}
