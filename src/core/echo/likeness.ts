/**
 * Whose word was it? What is left of an echo still sounds like the answer, only fainter: a word that
 * the answer itself says can be heard in it. It is told apart by its loudness over time, in eight
 * bands: what is left of an echo follows the echo; a person does not.
 *
 * Measured in the simulated room with words of people, the mean of the correlations: the answer's own
 * words 0.81 to 0.97, whether 25 dB of the echo were taken out or 8; words of somebody else at most
 * 0.75, most of them below 0.5.
 */

import { type BlockPowers, ECHO_BANDS, ECHO_BLOCK_SAMPLES } from "./canceller.ts";

/** A word, and the time an engine takes to be sure of it: 0.9 s. */
const WORD_BLOCKS = 90;
/** What is remembered: engines answer within a second or two. */
const MEMORY_BLOCKS = 300;
/** Share of the blocks of a word that must have been played over. */
const COVERED_MIN = 2 / 3;
/** Mean correlation from which on a word is the answer's own. */
const OWN_MIN = 0.78;
/** Added to the power of a frequency before its logarithm: a microphone's hiss, -64 dB of full scale. */
const HISS_POWER = 1e5;

export class EchoLikeness {
  readonly #echo = new Float64Array(MEMORY_BLOCKS * ECHO_BANDS);
  readonly #left = new Float64Array(MEMORY_BLOCKS * ECHO_BANDS);
  /** Of which block of the capture clock each place tells. */
  readonly #blocks = new Float64Array(MEMORY_BLOCKS).fill(-1);

  /** A block that ends at position `endSample` of the capture clock. */
  take(endSample: number, { echoBands, leftBands }: BlockPowers): void {
    const block = Math.floor(endSample / ECHO_BLOCK_SAMPLES);
    const place = block % MEMORY_BLOCKS;
    this.#blocks[place] = block;
    for (let band = 0; band < ECHO_BANDS; band++) {
      const at = place * ECHO_BANDS + band;
      this.#echo[at] = Math.log(HISS_POWER + (echoBands[band] ?? 0));
      this.#left[at] = Math.log(HISS_POWER + (leftBands[band] ?? 0));
    }
  }

  /** Whether the word that ends at position `endSample` was said by the answer. */
  isOwn(endSample: number): boolean {
    return this.likeness(endSample) >= OWN_MIN;
  }

  /**
   * How far what is left of the last `blocks` before there follows the echo: 1 in all, 0 in nothing,
   * or where too little is known.
   */
  likeness(endSample: number, blocks = WORD_BLOCKS): number {
    let sum = 0;
    for (let band = 0; band < ECHO_BANDS; band++) sum += this.#correlation(endSample, blocks, band);
    return sum / ECHO_BANDS;
  }

  /** Of the two loudnesses in a band, -1 to 1; 0 where too little is known. */
  #correlation(endSample: number, blocks: number, band: number): number {
    const last = Math.floor(endSample / ECHO_BLOCK_SAMPLES);
    let [count, sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0, 0];
    for (let block = Math.max(0, last - blocks); block < last; block++) {
      const place = block % MEMORY_BLOCKS;
      if (this.#blocks[place] !== block) continue;
      const x = this.#echo[place * ECHO_BANDS + band] ?? 0;
      const y = this.#left[place * ECHO_BANDS + band] ?? 0;
      count += 1;
      sumX += x;
      sumY += y;
      sumXX += x * x;
      sumYY += y * y;
      sumXY += x * y;
    }
    if (count < COVERED_MIN * blocks) return 0;
    const spread = (sumXX - (sumX * sumX) / count) * (sumYY - (sumY * sumY) / count);
    return spread <= 0 ? 0 : (sumXY - (sumX * sumY) / count) / Math.sqrt(spread);
  }
}
