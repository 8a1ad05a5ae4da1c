/**
 * How an answer comes back: how late, how loud, and how much of it the canceller takes out.
 *
 * Invariant: constant work a block, no allocation until it is read; somebody who speaks now and then
 * does not spoil it, for the figures are medians of half seconds.
 *
 * The delay is that at which the loudness of what is heard follows the loudness of what is played
 * best: coarse (10 ms), but right however wrong the canceller is.
 */

import { samplesToMs } from "../audio/pcm.ts";
import { type BlockPowers, ECHO_BLOCK_SAMPLES } from "./canceller.ts";

const BLOCK_MS = samplesToMs(ECHO_BLOCK_SAMPLES);
/** Delays looked at, in blocks: a microphone's clock may also be told too late. */
const EARLIEST = -10;
const LATEST = 60;
const LAGS = LATEST - EARLIEST + 1;
/** Share of the newest block in the loudness that is taken off: what is slower than 0.5 s. */
const SLOW = 0.02;
/** Added to powers before their logarithm: hiss. */
const HISS_POWER = 256;
/** Blocks of a window: half a second. */
const WINDOW_BLOCKS = 50;
/** Windows of a stretch that do not count: the canceller is still learning. */
const LEARNING_WINDOWS = 2;
/** Windows that are kept: the first two minutes of an answer. */
const WINDOWS_MAX = 240;
/** Windows without which nothing is told: three seconds; of an answer that was cut short, one. */
const WINDOWS_MIN = 6;
const WINDOWS_CUT_MIN = 2;
/** In so many blocks of a window something must sound, and so loud: -50 dB of full scale. */
const SOUNDING_MIN_BLOCKS = 25;
const SOUNDING_POWER = 1e4;
/** Correlation from which on a delay is believed. */
const SURE_MIN = 0.4;
const FULL_SCALE_POWER = 32_768 ** 2;

export interface EchoReading {
  /** From the reference to its echo, milliseconds, to ten; null: none was found. */
  readonly delayMs: number | null;
  /** Loudness of the echo at the microphone, dB of full scale. */
  readonly echoDbfs: number;
  /** By how much it is fainter than what was given to the loudspeaker, dB. */
  readonly returnLossDb: number;
  /** How much of it is taken out, dB. */
  readonly cancelledDb: number;
}

export class EchoMeter {
  readonly #heard = new Float64Array(-EARLIEST + 1);
  readonly #played = new Float64Array(LAGS);
  readonly #products = new Float64Array(LAGS);
  readonly #echoDbfs = new Float64Array(WINDOWS_MAX);
  readonly #lossDb = new Float64Array(WINDOWS_MAX);
  readonly #cancelledDb = new Float64Array(WINDOWS_MAX);
  #windows = 0;
  #toSkip = LEARNING_WINDOWS;
  #blocks = 0;
  #slowHeard = 0;
  #slowPlayed = 0;
  #squaresHeard = 0;
  #squaresPlayed = 0;
  #inWindow = 0;
  #sounding = 0;
  #sumHeard = 0;
  #sumLeft = 0;
  #sumEcho = 0;
  #sumPlayed = 0;

  /** All that was measured is forgotten. */
  reset(): void {
    this.#heard.fill(0);
    this.#played.fill(0);
    this.#products.fill(0);
    this.#windows = this.#blocks = 0;
    this.#squaresHeard = this.#squaresPlayed = 0;
    this.relearn();
  }

  /** The canceller learns anew. */
  relearn(): void {
    this.#toSkip = LEARNING_WINDOWS;
    this.#inWindow = this.#sounding = 0;
    this.#sumHeard = this.#sumLeft = this.#sumEcho = this.#sumPlayed = 0;
  }

  take(powers: BlockPowers): void {
    this.#correlate(powers);
    this.#sumHeard += powers.microphone;
    this.#sumLeft += powers.leftInBand;
    this.#sumEcho += powers.echoInBand;
    this.#sumPlayed += powers.played;
    if (powers.played > SOUNDING_POWER) this.#sounding += 1;
    this.#inWindow += 1;
    if (this.#inWindow < WINDOW_BLOCKS) return;
    if (this.#sounding >= SOUNDING_MIN_BLOCKS) this.#closeWindow();
    this.#inWindow = this.#sounding = 0;
    this.#sumHeard = this.#sumLeft = this.#sumEcho = this.#sumPlayed = 0;
  }

  /** Null while too little was heard; `cut`: little will do. */
  read(cut = false): EchoReading | null {
    if (this.#windows < (cut ? WINDOWS_CUT_MIN : WINDOWS_MIN)) return null;
    return {
      delayMs: this.#delayMs(),
      echoDbfs: median(this.#echoDbfs.subarray(0, this.#windows)),
      returnLossDb: median(this.#lossDb.subarray(0, this.#windows)),
      cancelledDb: median(this.#cancelledDb.subarray(0, this.#windows)),
    };
  }

  #closeWindow(): void {
    if (this.#toSkip > 0) {
      this.#toSkip -= 1;
      return;
    }
    if (this.#windows >= WINDOWS_MAX) return;
    const heard = this.#sumHeard / WINDOW_BLOCKS + 1;
    const played = this.#sumPlayed / WINDOW_BLOCKS + 1;
    this.#echoDbfs[this.#windows] = 10 * Math.log10(heard / FULL_SCALE_POWER);
    this.#lossDb[this.#windows] = 10 * Math.log10(played / heard);
    this.#cancelledDb[this.#windows] = 10 * Math.log10(1 + this.#sumEcho / (this.#sumLeft + 1));
    this.#windows += 1;
  }

  #correlate({ microphone, played }: BlockPowers): void {
    const heardLog = Math.log(microphone + HISS_POWER);
    const playedLog = Math.log(played + HISS_POWER);
    if (this.#blocks === 0) {
      this.#slowHeard = heardLog;
      this.#slowPlayed = playedLog;
    }
    this.#blocks += 1;
    this.#slowHeard += SLOW * (heardLog - this.#slowHeard);
    this.#slowPlayed += SLOW * (playedLog - this.#slowPlayed);
    push(this.#heard, heardLog - this.#slowHeard);
    push(this.#played, playedLog - this.#slowPlayed);
    const heard = this.#heard[-EARLIEST] ?? 0;
    const newest = this.#played[0] ?? 0;
    this.#squaresHeard += heard * heard;
    this.#squaresPlayed += newest * newest;
    for (let lag = 0; lag < LAGS; lag++) {
      this.#products[lag] = (this.#products[lag] ?? 0) + heard * (this.#played[lag] ?? 0);
    }
  }

  #delayMs(): number | null {
    let best = 0;
    for (let lag = 1; lag < LAGS; lag++) {
      if ((this.#products[lag] ?? 0) > (this.#products[best] ?? 0)) best = lag;
    }
    const scale = Math.sqrt(this.#squaresHeard * this.#squaresPlayed);
    if (scale === 0 || (this.#products[best] ?? 0) < SURE_MIN * scale) return null;
    return (best + EARLIEST) * BLOCK_MS;
  }
}

/** The newest comes first, the oldest goes. */
function push(line: Float64Array, newest: number): void {
  line.copyWithin(1, 0);
  line[0] = newest;
}

function median(of: Float64Array): number {
  return of.slice().sort()[Math.floor(of.length / 2)] ?? 0;
}
