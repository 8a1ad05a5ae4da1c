/**
 * One answers when several hear: a call waits here until the Pipits around have said how loud they
 * heard it. Invariant: a call goes on within WAIT_MS, or is another's; never both, never twice.
 */

import { dbfs } from "../../core/audio/level-meter.ts";
import { FRAME_SAMPLES, msToSamples, rms } from "../../core/audio/pcm.ts";
import type { Ring } from "../../core/audio/ring.ts";
import { faultLine } from "../../core/fault.ts";
import {
  Arbiter,
  type ArbiterCounts,
  type Claim,
  claimText,
  WAIT_MS,
} from "../../core/wake/arbiter.ts";
import type { Clock, Dice, Journal, Neighbours } from "../../ports.ts";

/** Wi-Fi loses multicast: what is said is said three times, this far apart. */
const AGAIN_MS = 40;
const TIMES = 3;
/** The word, its end, and what an engine needs to be sure of it. */
const WORD_MS = 1_200;
/** 300 ms: the stressed syllable of a word and what belongs to it. */
const LOUD_FRAMES = 15;
/** What a microphone does not get below: digital silence. */
const SILENCE_DBFS = -120;

export interface ArbitrationOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly journal: Journal;
  readonly neighbours: Neighbours;
  /** What the microphone heard. */
  readonly ring: Ring;
  /** A conversation is under way here: a call is ours, and the others are told so. */
  readonly isBusy: () => boolean;
}

export interface Heard {
  readonly keyword: string;
  /** The end of the word, a position of the capture clock. */
  readonly endSample: number;
  readonly answer: () => void;
}

export class Arbitration {
  readonly #options: ArbitrationOptions;
  readonly #arbiter: Arbiter;
  #isJoined: boolean = false;
  #takeBackWait: () => void = () => {};
  #takeBackWords: () => void = () => {};

  constructor(options: ArbitrationOptions) {
    this.#options = options;
    this.#arbiter = new Arbiter(deviceId(options.dice));
  }

  get counts(): ArbiterCounts & ReturnType<Neighbours["counts"]> {
    return { ...this.#arbiter.counts, ...this.#options.neighbours.counts() };
  }

  start(): void {
    const { clock, journal, neighbours } = this.#options;
    neighbours.start({
      received: (text) => {
        if (this.#arbiter.received(text, clock.nowMs())) this.#gaveWay();
      },
      joined: () => {
        this.#isJoined = true;
      },
      lost: (why) => {
        this.#isJoined = false;
        journal.log("warning", faultLine(why));
      },
    });
  }

  async close(): Promise<void> {
    this.#takeBackWait();
    this.#takeBackWords();
    await this.#options.neighbours.close();
  }

  /** The wake word was heard: `answer` is called now, within WAIT_MS, or never. */
  heard({ keyword, endSample, answer }: Heard): void {
    // Said while one waits: the same call, which is decided already in a moment.
    if (this.#arbiter.isWaiting) return;
    const { clock, isBusy } = this.#options;
    const level = this.#levelBefore(endSample);
    const answers = (): void => {
      this.#say(this.#arbiter.answers(keyword, level));
      answer();
    };
    if (isBusy() || !this.#isJoined) {
      answers();
      return;
    }
    const claim = this.#arbiter.heard(keyword, level, clock.nowMs());
    if (claim === null) {
      this.#gaveWay();
      return;
    }
    this.#takeBackWait = clock.after(WAIT_MS, answers);
    this.#say(claim);
  }

  #levelBefore(endSample: number): number {
    const { ring } = this.#options;
    const from = Math.max(ring.tail, endSample - msToSamples(WORD_MS));
    const word = new Int16Array(Math.max(0, Math.min(endSample, ring.head) - from));
    if (word.length > 0) ring.read(from, word);
    return wordLevelDbfs(word);
  }

  #gaveWay(): void {
    this.#takeBackWait();
    this.#takeBackWords();
    this.#options.journal.log("debug", "Another Pipit answers this call");
  }

  #say(claim: Claim, times = TIMES): void {
    this.#takeBackWords();
    this.#options.neighbours.tell(claimText(claim));
    if (times === 1) return;
    const again = (): void => this.#say(claim, times - 1);
    this.#takeBackWords = this.#options.clock.after(AGAIN_MS, again);
  }
}

/** dBFS, in tenths, of the loudest 300 ms of this sound (24 kHz), so that silence around the word does not count. */
function wordLevelDbfs(pcm: Int16Array): number {
  const step = FRAME_SAMPLES;
  const length = Math.min(pcm.length, LOUD_FRAMES * step);
  let loudest = 0;
  for (let from = 0; length > 0 && from + length <= pcm.length; from += step) {
    loudest = Math.max(loudest, rms(pcm.subarray(from, from + length)));
  }
  return Math.min(0, Math.max(SILENCE_DBFS, dbfs(loudest) ?? SILENCE_DBFS));
}

/** Sixteen hexadecimal digits. */
function deviceId(dice: Dice): string {
  const digit = (): string => Math.floor(dice.unit() * 16).toString(16);
  return Array.from({ length: 16 }, digit).join("");
}

/** Null: no others are asked. */
export function arbitrationFor(
  world: Omit<ArbitrationOptions, "neighbours" | "ring" | "isBusy"> & {
    readonly neighbours: Neighbours | null;
  },
  ring: Ring,
  isBusy: () => boolean,
): Arbitration | null {
  const { clock, dice, journal, neighbours } = world;
  if (neighbours === null) return null;
  return new Arbitration({ clock, dice, journal, neighbours, ring, isBusy });
}
