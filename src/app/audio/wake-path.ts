/**
 * From the ring to the wake-word engine: gate, look-back, 3:2 down, frames of 512.
 *
 * Invariants: the engine gets every sample at most once, in order, with true positions; what it gets
 * while the gate stays open has no gap; while muted, or in a quiet room, it gets nothing, and nothing
 * heard while muted, or while a word would change nothing, reaches it later. The work of one call is bounded by CALL_SAMPLES_MAX.
 */

import { FRAME_SAMPLES, msToSamples } from "../../core/audio/pcm.ts";
import { QuietGain } from "../../core/audio/quiet-gain.ts";
import type { Ring } from "../../core/audio/ring.ts";
import { SpeechGate } from "../../core/audio/speech-gate.ts";
import { WakeFrames } from "../../core/audio/wake-frames.ts";
import type { Fault } from "../../core/fault.ts";
import { STOP_WORD } from "../../core/wake/plan.ts";
import type { WakeEngine } from "../../ports.ts";
import type { Arbitration } from "./arbitration.ts";

/**
 * How far before the gate's opening the engine hears. Measured on 48 human clips, in quiet and in
 * pink noise at 10, 5 and 0 dB: from 0.5 to 1.5 s the hits are those of an engine that always
 * listens, with 0.1 s one in ten is lost in noise. Longer is only work.
 */
export const LOOK_BACK_MS = 1000;
/** Detections this close together are one: two engines, or two models, heard the same word. */
const SAME_WORD_MS = 300;
/**
 * After so much other sound an engine has nothing of the last word in mind. Measured, engine stopped some
 * time after the word and set to quiet or to other speech: of 48 synthetic calls up to seven of a dozen
 * are reported again within 0.5 s and none later; of 48 of people none at all.
 */
const FORGET_MS = 1_000;
/** Most samples fed by one call: twelve microphone frames, so that a look-back is caught up in 0.1 s. */
const CALL_SAMPLES_MAX = 12 * FRAME_SAMPLES;

/** Loud for so long, 100 ms: a word has begun, and its beginning has been sent on. */
const MID_WORD_FRAMES = 5;

export interface WakePathOptions {
  /** Written before each `take`. Holds at least the look-back. */
  readonly ring: Ring;
  readonly engine: WakeEngine;
  /** After a detection, others ending within this many milliseconds of it are dropped. */
  readonly cooldownMs: number;
  /** Whether what was heard up to a position is only what the appliance itself says. */
  readonly isOwn?: (endSample: number) => boolean;
  /** A keyword was heard, whoever answers it. */
  readonly onHeard?: () => void;
  /** Who answers, where several hear; null, or none: we do. */
  readonly arbitration?: Arbitration | null;
  /** A keyword calls us; `endSample` is its end as a position of the capture clock. */
  readonly onWake: (keyword: string, endSample: number) => void;
  /** Whether a word would change nothing now: the engine rests. The gate goes on. */
  readonly isVain?: () => boolean;
  /** Whether something plays that the stop word would silence: it is looked for only then. */
  readonly isPlaying: () => boolean;
  /** The word that silences what plays was heard while something did. */
  readonly onStop: (endSample: number) => void;
  /** The engine stopped, and goes on trying unless the recovery is `report`. */
  readonly onLost: (fault: Fault) => void;
  /** The engine works: after start, and again after each loss. */
  readonly onFlowing: () => void;
}

export interface WakeCounts {
  /** Microphone frames for which the engine was left asleep. */
  readonly framesSkipped: number;
  /** Microphone frames during which the engine was fed. */
  readonly framesFed: number;
  /** Frames of 512 samples given to the engine. */
  readonly engineFramesFed: number;
  /** Detections dropped: by the cooldown, muted meanwhile, a second of the same word, nothing to stop. */
  readonly detectionsDropped: number;
  /** Detections dropped because the appliance itself had said the word. */
  readonly ownWordsDropped: number;
  /** Samples the ring had already forgotten when the engine was ready for them. */
  readonly samplesLost: number;
}

export class WakePath {
  readonly #options: WakePathOptions;
  readonly #gate = new SpeechGate();
  readonly #frames = new WakeFrames();
  readonly #gain = new QuietGain();
  readonly #loud = new Int16Array(FRAME_SAMPLES);
  readonly #input = new Int16Array(FRAME_SAMPLES);
  readonly #counts = {
    framesSkipped: 0,
    framesFed: 0,
    engineFramesFed: 0,
    detectionsDropped: 0,
    ownWordsDropped: 0,
    samplesLost: 0,
  };
  #enabled: boolean = true;
  #flowing: boolean = false;
  /** A word would change nothing. */
  #resting: boolean = false;
  /** Feeding without a gap since the last look-back. */
  #following: boolean = false;
  /** The next ring position to be fed. */
  #cursor = 0;
  /** Nothing before this position may be fed, nor be detected: it was heard while muted or resting. */
  #floor = 0;
  #quietUntilSample = 0;
  #cooldownMs: number;
  /** Something is playing that a stop word would silence. */
  #playing: boolean = false;
  #lastDetected = Number.NEGATIVE_INFINITY;

  constructor(options: WakePathOptions) {
    this.#options = options;
    this.#cooldownMs = options.cooldownMs;
  }

  get counts(): WakeCounts {
    return { ...this.#counts };
  }

  /** What came from the other Pipits and was dropped; null where none is asked. */
  get otherPipits(): Arbitration["counts"] | null {
    return this.#options.arbitration?.counts ?? null;
  }

  /** How much louder the engine hears than the microphone gives, dB. */
  get gainDb(): number {
    return this.#gain.gainDb;
  }

  /** Whether somebody is making a sound, as the gate sees it. */
  get gateOpen(): boolean {
    return this.#gate.open;
  }

  /** Whether somebody is in the middle of a word: not at its beginning, and not behind its end. */
  get isMidWord(): boolean {
    return this.#enabled && this.#gate.loudFrames >= MID_WORD_FRAMES;
  }

  /** Starts the engine. Throws a FaultError when its settings cannot work. */
  start(): void {
    this.#options.arbitration?.start();
    this.#options.engine.listenFor(STOP_WORD, this.#playing);
    this.#options.engine.start({
      detected: (keyword, endSample) => this.#detected(keyword, endSample),
      lost: (fault) => {
        this.#flowing = false;
        this.#following = false;
        this.#options.onLost(fault);
      },
      flowing: () => {
        this.#flowing = true;
        this.#options.onFlowing();
      },
    });
  }

  async close(): Promise<void> {
    this.#flowing = false;
    await Promise.all([this.#options.engine.close(), this.#options.arbitration?.close()]);
  }

  /** Muted (false): nothing is fed, nor will be what is heard meanwhile. */
  enabled(on: boolean): void {
    if (on === this.#enabled) return;
    this.#enabled = on;
    this.#following = false;
    this.#floor = this.#options.ring.head;
    this.#gate.reset();
  }

  /** Changes the cooldown, milliseconds, for the next detection. */
  cooldown(ms: number): void {
    this.#cooldownMs = ms;
  }

  /** Takes a microphone frame that was just written to the ring. */
  take(frame: Int16Array): void {
    const isPlaying = this.#options.isPlaying();
    if (isPlaying !== this.#playing) {
      this.#playing = isPlaying;
      this.#options.engine.listenFor(STOP_WORD, isPlaying);
    }
    const open = this.#enabled && this.#gate.take(this.#amplified(frame));
    this.#rest(this.#options.isVain?.() ?? false);
    if (!open || !this.#flowing || this.#resting) {
      this.#following = false;
      this.#counts.framesSkipped += 1;
      return;
    }
    this.#counts.framesFed += 1;
    if (!this.#following) this.#lookBack();
    this.#feed();
  }

  /** What was said in the meantime is no call: a "computer" late in a question must not cut its answer. */
  #rest(isVain: boolean): void {
    const { head } = this.#options.ring;
    // An engine that is stopped at the word takes it for new when it goes on: first it must forget.
    const isForgotten = head - this.#lastDetected >= msToSamples(FORGET_MS);
    const on = isVain && (this.#resting || isForgotten);
    if (this.#resting && !on) this.#floor = head;
    this.#resting = on;
  }

  /** The frame at the level at which it is listened to. */
  #amplified(frame: Int16Array): Int16Array {
    this.#gain.take(frame);
    if (this.#gain.gainDb === 0) return frame;
    this.#gain.apply(frame, this.#loud);
    return this.#loud;
  }

  /** Goes back to before the opening, but never to what was fed already or may not be fed. */
  #lookBack(): void {
    const { ring } = this.#options;
    const from = Math.max(ring.head - msToSamples(LOOK_BACK_MS), this.#floor, ring.tail);
    this.#following = true;
    if (this.#cursor >= from) return; // The pause was shorter than the look-back: go on, no seam.
    this.#restartAt(from);
  }

  #restartAt(position: number): void {
    this.#cursor = position;
    this.#frames.restart(position);
  }

  #feed(): void {
    const { ring } = this.#options;
    if (this.#cursor < ring.tail) {
      this.#counts.samplesLost += ring.tail - this.#cursor;
      this.#restartAt(ring.tail);
    }
    const until = Math.min(ring.head, this.#cursor + CALL_SAMPLES_MAX);
    while (this.#cursor < until) {
      const wanted = Math.min(FRAME_SAMPLES, until - this.#cursor);
      const input = wanted === FRAME_SAMPLES ? this.#input : this.#input.subarray(0, wanted);
      this.#cursor += ring.read(this.#cursor, input);
      if (this.#gain.gainDb > 0) this.#gain.apply(input, input);
      this.#frames.push(input, this.#toEngine);
    }
  }

  readonly #toEngine = (frame: Int16Array, endSample: number): void => {
    this.#counts.engineFramesFed += 1;
    this.#options.engine.feed(frame, endSample);
  };

  #detected(keyword: string, endSample: number): void {
    const isSame = Math.abs(endSample - this.#lastDetected) < msToSamples(SAME_WORD_MS);
    const muted = !this.#enabled || endSample <= this.#floor;
    const isStop = keyword === STOP_WORD;
    const isUnwanted = isStop ? !this.#playing : endSample < this.#quietUntilSample;
    if (muted || isSame || isUnwanted) {
      this.#counts.detectionsDropped += 1;
      return;
    }
    if (this.#options.isOwn?.(endSample) === true) {
      this.#counts.ownWordsDropped += 1;
      return;
    }
    this.#lastDetected = endSample;
    if (isStop) {
      this.#options.onStop(endSample);
      return;
    }
    this.#quietUntilSample = endSample + msToSamples(this.#cooldownMs);
    const { arbitration = null, onHeard, onWake } = this.#options;
    onHeard?.();
    const answer = (): void => onWake(keyword, endSample);
    if (arbitration === null) answer();
    else arbitration.heard({ keyword, endSample, answer });
  }
}
