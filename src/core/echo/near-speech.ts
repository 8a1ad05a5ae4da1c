/**
 * Does somebody speak while the answer plays? From what the canceller leaves, block by block.
 *
 * Invariants: constant work a block, no allocation. It believes late that what is left is somebody:
 * as long as the canceller is learning, its leavings are taken for echo.
 *
 * In each band it keeps the share of the echo that usually is left (falls fast, rises slowly) and the
 * hiss of the room; somebody speaks where several bands are clearly above both.
 */

import { type BlockPowers, ECHO_BANDS } from "./canceller.ts";

/** Above what is expected, as a ratio of powers: 7 dB. */
const CLEAR = 5;
/** In so many of the eight bands. */
const BANDS_MIN = 3;
/**
 * How fast something is believed to be less, and more, a block: so it comes to rest where three
 * blocks in four are below it. A voice, far above it, moves it by STEP_MAX at most.
 */
const LESS = 0.006;
const MORE = 0.02;
const STEP_MAX = 0.7;
/** What an echo keeps of its power in a block while it rings out. */
const RINGING = 0.75;
/** Mean power of a frequency below which an echo teaches nothing: a quiet microphone's hiss. */
const HISS_POWER = 1e5;
/** A pause in speech, in blocks, does not end it. */
const PAUSE_BLOCKS = 20;
/** Blocks of speech from which on it is somebody, and no click. */
const SOMEBODY_BLOCKS = 8;
/** Speech of so many blocks lasts: more than a cough or an "mm-hmm". */
export const LASTING_BLOCKS = 45;
/** And so many of them were loud, the last of them just now: a cough has only its echo left by then. */
const LASTING_LOUD_BLOCKS = 26;
const JUST_NOW_BLOCKS = 3;

/** `somebody`: a sound that is no echo; `lasting`: it has gone on for 0.45 s. */
export type Near = "nobody" | "somebody" | "lasting";

export class NearSpeech {
  /** How much of an echo usually is left in each band: the logarithm of a share of its power. */
  readonly share = new Float64Array(ECHO_BANDS);
  readonly #hiss = new Float64Array(ECHO_BANDS).fill(HISS_POWER);
  readonly #echo = new Float64Array(ECHO_BANDS);
  #sinceOnset = 0;
  #sinceLoud = PAUSE_BLOCKS + 1;
  #loud = 0;

  /** Blocks since the first sound of the one who speaks; 0 while nobody does. */
  get blocks(): number {
    return this.#sinceOnset;
  }

  /** A new answer. What is usually left of one is remembered. */
  reset(): void {
    this.#echo.fill(0);
    this.#quiet();
  }

  take(powers: BlockPowers): Near {
    const isLoud = this.#bandsAbove(powers) >= BANDS_MIN;
    this.#sinceLoud = isLoud ? 0 : this.#sinceLoud + 1;
    if (this.#sinceLoud > PAUSE_BLOCKS) {
      this.#quiet();
      return "nobody";
    }
    this.#sinceOnset += 1;
    if (isLoud) this.#loud += 1;
    if (this.#lasts) return "lasting";
    return this.#loud >= SOMEBODY_BLOCKS ? "somebody" : "nobody";
  }

  get #lasts(): boolean {
    const isLong = this.#sinceOnset >= LASTING_BLOCKS && this.#loud >= LASTING_LOUD_BLOCKS;
    return isLong && this.#sinceLoud <= JUST_NOW_BLOCKS;
  }

  #quiet(): void {
    this.#sinceOnset = this.#loud = 0;
    this.#sinceLoud = PAUSE_BLOCKS + 1;
  }

  #bandsAbove({ echoBands, leftBands }: BlockPowers): number {
    let above = 0;
    for (let band = 0; band < ECHO_BANDS; band++) {
      const left = leftBands[band] ?? 0;
      const echo = Math.max((echoBands[band] ?? 0) / 2, RINGING * (this.#echo[band] ?? 0));
      this.#echo[band] = echo;
      const hiss = this.#hiss[band] ?? 0;
      const share = this.share[band] ?? 0;
      if (left > CLEAR * (Math.exp(share) * echo + hiss)) above += 1;
      // Where an echo is to be heard, what is left tells of it; where none is, it tells of the room.
      if (echo < HISS_POWER)
        this.#hiss[band] = hiss * Math.exp(stepTo(Math.log((left + 1) / hiss)));
      else this.share[band] = share + stepTo(Math.log((left + 1) / echo) - share);
    }
    return above;
  }
}

/** By how much a belief moves for what was found `above` it; both logarithms of powers. */
function stepTo(above: number): number {
  return above < 0 ? LESS * above : MORE * Math.min(STEP_MAX, above);
}
