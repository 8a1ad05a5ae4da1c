/**
 * Listens for words with microWakeWord models: one front end for all of them, a decision for each.
 *
 * Invariants: a word counts once, when the mean of its last probabilities passes its cutoff, and not
 * again before that mean has fallen; state is kept over a gap in the sound, as it was when the models
 * were measured. Nothing is allocated per frame.
 */

import { Features } from "./features.ts";
import type { Interpreter } from "./interpreter.ts";

/** The features of the training per unit of the front end: 1 / 25.6. */
const FEATURE_SCALE = 0.039_062_5;
/** After a detection the mean must fall to this share of the cutoff before the word counts again. */
const REARM_SHARE = 0.5;

export interface Listened {
  /** The word as it is reported. */
  readonly word: string;
  readonly model: Interpreter;
  /** 0 to 1. */
  readonly cutoff: number;
  /** How many probabilities are averaged. */
  readonly window: number;
}

/** One word's model, and what it said lately. */
class Word {
  readonly word: string;
  readonly #model: Interpreter;
  readonly #cutoff: number;
  readonly #recent: Float64Array;
  #slices = 0;
  #runs = 0;
  #isArmed: boolean = true;
  #mean = 0;
  /** The highest mean since it was last asked for. */
  #peak = 0;

  constructor({ word, model, cutoff, window }: Listened) {
    this.word = word;
    this.#model = model;
    this.#cutoff = cutoff;
    this.#recent = new Float64Array(window);
  }

  /** Takes a slice; true when it completes the word. */
  take(slice: Uint16Array): boolean {
    this.#model.put(this.#slices, slice, FEATURE_SCALE);
    this.#slices += 1;
    if (this.#slices < this.#model.stride) return false;
    this.#slices = 0;
    return this.#decide(this.#model.run());
  }

  #decide(probability: number): boolean {
    const recent = this.#recent;
    recent[this.#runs % recent.length] = probability;
    this.#runs += 1;
    let sum = 0;
    for (let i = 0; i < recent.length; i++) sum += recent[i] ?? 0;
    this.#mean = sum / recent.length;
    this.#peak = Math.max(this.#peak, this.#mean);
    if (this.#isArmed && this.#mean > this.#cutoff) {
      this.#isArmed = false;
      return true;
    }
    if (this.#mean < this.#cutoff * REARM_SHARE) this.#isArmed = true;
    return false;
  }

  takePeak(): number {
    const peak = Math.max(this.#peak, this.#mean);
    this.#peak = 0;
    return peak;
  }

  forget(): void {
    this.#model.reset();
    this.#recent.fill(0);
    this.#slices = 0;
    this.#isArmed = true;
    this.#mean = 0;
    this.#peak = 0;
  }
}

export class Listener {
  readonly #features = new Features();
  readonly #words: readonly Word[];
  /** Which words are looked for. */
  readonly #asleep: Set<string> = new Set();
  #found: string | null = null;

  constructor(words: readonly Listened[]) {
    this.#words = words.map((word) => new Word(word));
  }

  /** Looks for this word, or leaves it alone; one that wakes remembers nothing of before. */
  listenFor(word: string, on: boolean): void {
    if (on === !this.#asleep.has(word)) return;
    if (on) this.#asleep.delete(word);
    else this.#asleep.add(word);
    for (const one of this.#words) if (one.word === word) one.forget();
  }

  /** Takes 16 kHz mono of any length; returns the word that was completed in it, or null. */
  process(pcm: Int16Array): string | null {
    this.#found = null;
    this.#features.push(pcm, this.#slice);
    return this.#found;
  }

  readonly #slice = (slice: Uint16Array): void => {
    for (const word of this.#words) {
      if (!this.#asleep.has(word.word) && word.take(slice)) this.#found ??= word.word;
    }
  };

  /** The highest mean probability of each word since the last call, 0 to 1, by its name. */
  takeScores(): ReadonlyMap<string, number> {
    return new Map(this.#words.map((one) => [one.word, one.takePeak()]));
  }
}
