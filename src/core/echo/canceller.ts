/**
 * Takes out of the microphone's sound what the loudspeaker has put into it, knowing what was played:
 * a partitioned-block frequency-domain Kalman filter.
 *
 * Invariants: the output is as long as the input and in step with it; constant work a block, no
 * allocation. It never makes the sound louder for long: a filter that does is thrown away.
 *
 * Sources: G. Enzner and P. Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control
 * in hands-free telephones", Signal Processing 86 (2006); F. Kuech, E. Mabande and G. Enzner,
 * "State-space architecture of the partitioned-block-based acoustic echo controller", ICASSP 2014.
 * Each frequency of each partition has a weight and a variance of it; how much is learned from a
 * block follows from the variance, the level of what was played and that of what is left over. So it
 * needs no detector of somebody talking at the same time, and follows two clocks that drift apart.
 */

import { msToSamples, SAMPLE_RATE_HZ, samplesToMs } from "../audio/pcm.ts";
import { RealFft } from "./fft.ts";

/** How fast the echo path is thought to change: what it keeps of itself in 8 ms. */
const KEPT_IN_8_MS = 0.998;
/** Share of the newest block in the level of what is left over. */
const RESIDUAL_SMOOTHING = 0.1;
/** Variance of a weight about which nothing is known: an echo up to 20 dB louder than what was played. */
const VARIANCE_FIRST = 1e-2;
const VARIANCE_LEAST = 1e-10;
/** Power below which nothing is learned, of a frequency of a block: the rounding of its samples. */
const POWER_LEAST = 1;
/** A filter that left more than this times what it was given, over GUARD_SMOOTHING, is worse than none. */
const WORSE = 1.5;
/** And not by less than this: 45 steps of the converter, -57 dB of full scale. */
const WORSE_LEAST = 2_000;
/** Share of the newest block in the powers that are compared: some 0.2 s. */
const GUARD_SMOOTHING = 0.05;

/** Samples of a block: 10 ms, so that a microphone frame is two of them and nothing is delayed. */
export const ECHO_BLOCK_SAMPLES = msToSamples(10);
/**
 * Blocks that an echo may last, from its earliest possible beginning on: 200 ms. Measured in the
 * simulated room: 130 ms leave 3 dB more of it, and cost one word in nineteen. An even number.
 */
export const ECHO_BLOCKS = 20;
/** Nothing is cancelled above it: what the wake-word engines hear ends here, and most of speech. */
const CUTOFF_HZ = 8_000;

/** Lower ends of the bands whose powers are told, and the upper end of the last, Hz. */
const BAND_EDGES_HZ = [300, 450, 650, 950, 1_350, 1_900, 2_700, 3_900, 6_400] as const;
/** How many they are. */
export const ECHO_BANDS = BAND_EDGES_HZ.length - 1;

/** Of one block. */
export interface BlockPowers {
  /** Mean squares, in squared steps of the converter: what was heard, and what is left of it. */
  microphone: number;
  left: number;
  /** The same of what was played. */
  played: number;
  /** Mean power of a frequency of the block in each band: of the echo as expected, and of what is left. */
  readonly echoBands: Float64Array;
  readonly leftBands: Float64Array;
  /** The same, all bands together: mean power of a frequency from 300 Hz to 6.4 kHz. */
  echoInBand: number;
  leftInBand: number;
}

/** Frequencies that count, of the two blocks that a transform takes. */
const BINS = Math.floor((CUTOFF_HZ * 2 * ECHO_BLOCK_SAMPLES) / SAMPLE_RATE_HZ) + 1;
const BAND_EDGES = BAND_EDGES_HZ.map((hz) =>
  Math.round((hz * 2 * ECHO_BLOCK_SAMPLES) / SAMPLE_RATE_HZ),
);
const [FIRST_EDGE = 0] = BAND_EDGES;
const LAST_EDGE = BAND_EDGES.at(-1) ?? 0;
const CELLS = ECHO_BLOCKS * BINS;
/** Share of a transform that the error fills: its first half is silence. */
const HALF = 0.5;
const KEPT = KEPT_IN_8_MS ** (samplesToMs(ECHO_BLOCK_SAMPLES) / 8);

/** Frequencies of a transform of two blocks that are dealt with; the rest is left as it is. */
export const BINS_HEARD = BINS;

/** In which band a frequency of such a transform counts; the outer ones belong to the nearest. */
export function bandOf(bin: number): number {
  for (let band = 0; band < ECHO_BANDS - 1; band++) {
    if (bin < (BAND_EDGES[band + 1] ?? 0)) return band;
  }
  return ECHO_BANDS - 1;
}

export class EchoCanceller {
  /** Of the block taken last. */
  readonly powers: BlockPowers = {
    microphone: 0,
    left: 0,
    played: 0,
    echoBands: new Float64Array(ECHO_BANDS),
    leftBands: new Float64Array(ECHO_BANDS),
    echoInBand: 0,
    leftInBand: 0,
  };
  readonly #fft = new RealFft(2 * ECHO_BLOCK_SAMPLES);
  /** What was played: for each of the last blocks its spectrum; `#slot` is the newest. */
  readonly #playedRe = new Float64Array(CELLS);
  readonly #playedIm = new Float64Array(CELLS);
  #slot = 0;
  readonly #weightRe = new Float64Array(CELLS);
  readonly #weightIm = new Float64Array(CELLS);
  readonly #variance = new Float64Array(CELLS).fill(VARIANCE_FIRST);
  /** What was played, a block each: those whose spectra are kept, and the one before. */
  readonly #history = new Int16Array((ECHO_BLOCKS + 1) * ECHO_BLOCK_SAMPLES);
  /** The newest of them. */
  #newest = 0;
  /** The newest blocks of which there is no spectrum yet: while nothing comes back none is needed. */
  #behind = 0;
  /** Two blocks of it, one after the other, to be transformed. */
  readonly #time = new Float64Array(2 * ECHO_BLOCK_SAMPLES);
  readonly #work = new Float64Array(2 * ECHO_BLOCK_SAMPLES);
  /** Silence, then what is left of a block. */
  readonly #error = new Float64Array(2 * ECHO_BLOCK_SAMPLES);
  readonly #specRe = new Float64Array(this.#fft.bins);
  readonly #specIm = new Float64Array(this.#fft.bins);
  readonly #gain = new Float64Array(BINS);
  readonly #residual = new Float64Array(BINS);
  /** The partition whose length is put right next. */
  #turn = 0;
  #smoothMicrophone = 0;
  #smoothLeft = 0;
  #resets = 0;

  /** Filters thrown away because they made it louder. */
  get resets(): number {
    return this.#resets;
  }

  /** Nothing is played any more, and what was played has died away. */
  rest(): void {
    this.#playedRe.fill(0);
    this.#playedIm.fill(0);
    this.#history.fill(0);
    this.#behind = 0;
    this.#residual.fill(0);
    this.#smoothMicrophone = 0;
    this.#smoothLeft = 0;
  }

  /**
   * What is played from now on may lie some milliseconds elsewhere: what was learned stays, as a
   * guess, and is learned anew as fast as at first.
   */
  unsettle(): void {
    this.#variance.fill(VARIANCE_FIRST);
  }

  /**
   * One block (ECHO_BLOCK_SAMPLES) of the microphone and of what was played by the same clock; what is
   * left of it goes to `out`, which may be `microphone`.
   */
  process(microphone: Int16Array, played: Int16Array, out: Int16Array): void {
    this.#take(played);
    this.#catchUp();
    this.#estimate();
    this.#subtract(microphone, out);
    this.#fft.forward(this.#error, this.#specRe, this.#specIm);
    this.powers.leftInBand = this.#bandPowers(this.powers.leftBands);
    this.#learn();
    this.#constrain(this.#turn);
    this.#turn = (this.#turn + 1) % ECHO_BLOCKS;
    this.#guard();
  }

  /** A block in which nothing comes back: it is left as it is, and nothing is learned from it. */
  pass(microphone: Int16Array, played: Int16Array): void {
    this.#take(played);
    this.powers.microphone = this.powers.left = meanSquare(microphone);
    this.powers.played = meanSquare(played);
    this.powers.echoBands.fill(0);
    this.powers.leftBands.fill(0);
    this.powers.echoInBand = this.powers.leftInBand = 0;
  }

  #subtract(microphone: Int16Array, out: Int16Array): void {
    let heard = 0;
    let rest = 0;
    let played = 0;
    for (let n = 0; n < ECHO_BLOCK_SAMPLES; n++) {
      const given = microphone[n] ?? 0;
      const sounds = this.#time[ECHO_BLOCK_SAMPLES + n] ?? 0;
      const left = given - (this.#work[ECHO_BLOCK_SAMPLES + n] ?? 0);
      heard += given * given;
      rest += left * left;
      played += sounds * sounds;
      this.#error[ECHO_BLOCK_SAMPLES + n] = left;
      out[n] = Math.max(-32_768, Math.min(32_767, Math.round(left)));
    }
    this.powers.microphone = heard / ECHO_BLOCK_SAMPLES;
    this.powers.left = rest / ECHO_BLOCK_SAMPLES;
    this.powers.played = played / ECHO_BLOCK_SAMPLES;
  }

  /** Mean power in each band of the spectrum at hand; returns that of all. */
  #bandPowers(into: Float64Array): number {
    let all = 0;
    for (let band = 0; band < ECHO_BANDS; band++) {
      const [from, to] = [BAND_EDGES[band] ?? 0, BAND_EDGES[band + 1] ?? 0];
      let sum = 0;
      for (let k = from; k < to; k++) {
        const re = this.#specRe[k] ?? 0;
        const im = this.#specIm[k] ?? 0;
        sum += re * re + im * im;
      }
      into[band] = sum / (to - from);
      all += sum;
    }
    return all / (LAST_EDGE - FIRST_EDGE);
  }

  /** Nothing of what was learned is true any more. */
  forget(): void {
    this.#weightRe.fill(0);
    this.#weightIm.fill(0);
    this.#variance.fill(VARIANCE_FIRST);
  }

  #guard(): void {
    const { microphone, left } = this.powers;
    this.#smoothMicrophone += GUARD_SMOOTHING * (microphone - this.#smoothMicrophone);
    this.#smoothLeft += GUARD_SMOOTHING * (left - this.#smoothLeft);
    if (this.#smoothLeft <= WORSE * this.#smoothMicrophone + WORSE_LEAST) return;
    this.#resets += 1;
    this.forget();
    this.#smoothLeft = this.#smoothMicrophone;
  }

  #take(played: Int16Array): void {
    this.#newest = (this.#newest + 1) % (ECHO_BLOCKS + 1);
    this.#history.set(played, this.#newest * ECHO_BLOCK_SAMPLES);
    this.#behind = Math.min(ECHO_BLOCKS, this.#behind + 1);
  }

  /** Makes the spectra that are missing; that of the newest block is then in `#slot`. */
  #catchUp(): void {
    for (; this.#behind > 0; this.#behind -= 1) {
      const block = this.#newest - this.#behind + 1;
      this.#load(block - 1, 0);
      this.#load(block, ECHO_BLOCK_SAMPLES);
      this.#slot = (this.#slot + ECHO_BLOCKS - 1) % ECHO_BLOCKS;
      this.#fft.forward(this.#time, this.#specRe, this.#specIm);
      const at = this.#slot * BINS;
      for (let k = 0; k < BINS; k++) {
        this.#playedRe[at + k] = this.#specRe[k] ?? 0;
        this.#playedIm[at + k] = this.#specIm[k] ?? 0;
      }
    }
  }

  /** A block of the history, counted round it, to a place in `#time`. */
  #load(block: number, at: number): void {
    const blocks = ECHO_BLOCKS + 1;
    const from = ((block + blocks) % blocks) * ECHO_BLOCK_SAMPLES;
    for (let n = 0; n < ECHO_BLOCK_SAMPLES; n++) {
      this.#time[at + n] = this.#history[from + n] ?? 0;
    }
  }

  /**
   * The echo as it is expected, in the second half of `#work`; its uncertainty in `#gain`. Two
   * partitions at a time: what is added up is fetched and stored half as often.
   */
  #estimate(): void {
    const bins = BINS;
    const [specRe, specIm, gain] = [this.#specRe, this.#specIm, this.#gain];
    const [xRe, xIm] = [this.#playedRe, this.#playedIm];
    const [wRe, wIm, variance] = [this.#weightRe, this.#weightIm, this.#variance];
    specRe.fill(0);
    specIm.fill(0);
    gain.fill(0);
    for (let p = 0; p < ECHO_BLOCKS; p += 2) {
      let x = ((this.#slot + p) % ECHO_BLOCKS) * bins;
      let y = ((this.#slot + p + 1) % ECHO_BLOCKS) * bins;
      let w = p * bins;
      let v = w + bins;
      for (let k = 0; k < bins; k++, x++, y++, w++, v++) {
        const a = xRe[x] ?? 0;
        const b = xIm[x] ?? 0;
        const c = wRe[w] ?? 0;
        const d = wIm[w] ?? 0;
        const e = xRe[y] ?? 0;
        const f = xIm[y] ?? 0;
        const g = wRe[v] ?? 0;
        const h = wIm[v] ?? 0;
        specRe[k] = (specRe[k] ?? 0) + (a * c - b * d) + (e * g - f * h);
        specIm[k] = (specIm[k] ?? 0) + (a * d + b * c) + (e * h + f * g);
        gain[k] =
          (gain[k] ?? 0) +
          (variance[w] ?? 0) * (a * a + b * b) +
          (variance[v] ?? 0) * (e * e + f * f);
      }
    }
    // It is the spectrum of two blocks, that of what is left only of one.
    this.powers.echoInBand = HALF * this.#bandPowers(this.powers.echoBands);
    this.#fft.inverse(specRe, specIm, this.#work);
  }

  /** Moves weights and variances by what `#specRe` and `#specIm`, the error's spectrum, tell. */
  #learn(): void {
    const bins = BINS;
    const [specRe, specIm, gain] = [this.#specRe, this.#specIm, this.#gain];
    const residual = this.#residual;
    for (let k = 0; k < bins; k++) {
      const re = specRe[k] ?? 0;
      const im = specIm[k] ?? 0;
      const level =
        (1 - RESIDUAL_SMOOTHING) * (residual[k] ?? 0) + RESIDUAL_SMOOTHING * (re * re + im * im);
      residual[k] = level;
      gain[k] = 1 / (HALF * (gain[k] ?? 0) + level + POWER_LEAST);
    }
    const [xRe, xIm] = [this.#playedRe, this.#playedIm];
    const [wRe, wIm, variance] = [this.#weightRe, this.#weightIm, this.#variance];
    const kept = KEPT ** 2;
    const changed = 1 - kept;
    for (let p = 0; p < ECHO_BLOCKS; p++) {
      let x = ((this.#slot + p) % ECHO_BLOCKS) * bins;
      let w = p * bins;
      for (let k = 0; k < bins; k++, x++, w++) {
        const v = variance[w] ?? 0;
        const g = v * (gain[k] ?? 0);
        const playedRe = xRe[x] ?? 0;
        const playedIm = xIm[x] ?? 0;
        const power = playedRe * playedRe + playedIm * playedIm;
        const a = playedRe * g;
        const b = playedIm * g;
        const eRe = specRe[k] ?? 0;
        const eIm = specIm[k] ?? 0;
        const re = (wRe[w] ?? 0) + a * eRe + b * eIm;
        const im = (wIm[w] ?? 0) + a * eIm - b * eRe;
        wRe[w] = re;
        wIm[w] = im;
        const next = kept * (1 - HALF * g * power) * v + changed * (re * re + im * im);
        variance[w] = Math.max(next, VARIANCE_LEAST);
      }
    }
  }

  /** A partition's answer to a click is one block long: what learning put behind that is removed. */
  #constrain(p: number): void {
    const bins = BINS;
    const at = p * bins;
    this.#specRe.fill(0);
    this.#specIm.fill(0);
    this.#specRe.set(this.#weightRe.subarray(at, at + bins));
    this.#specIm.set(this.#weightIm.subarray(at, at + bins));
    this.#fft.inverse(this.#specRe, this.#specIm, this.#work);
    this.#work.fill(0, ECHO_BLOCK_SAMPLES);
    this.#fft.forward(this.#work, this.#specRe, this.#specIm);
    this.#weightRe.set(this.#specRe.subarray(0, bins), at);
    this.#weightIm.set(this.#specIm.subarray(0, bins), at);
  }
}

function meanSquare(block: Int16Array): number {
  let sum = 0;
  for (let n = 0; n < block.length; n++) sum += (block[n] ?? 0) ** 2;
  return sum / block.length;
}
