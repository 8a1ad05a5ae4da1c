/**
 * From the ring to a second one of the same positions, in which the loudspeaker is not heard: what
 * the wake-word engine listens to, and in full duplex the API.
 *
 * Invariants: after each `take` both rings end at the same position. While nothing plays, and what
 * was played has died away, sound is only copied; so it is while nothing comes back of what plays and
 * nobody speaks (headphones, a loudspeaker at night): of silence the canceller would make a hiss, to
 * which the wake-word engine wakes.
 */

import type { CaptureClock } from "../../core/audio/capture-clock.ts";
import { FRAME_SAMPLES, msToSamples } from "../../core/audio/pcm.ts";
import { Ring } from "../../core/audio/ring.ts";
import { SpeechGate } from "../../core/audio/speech-gate.ts";
import { ECHO_BLOCK_SAMPLES, ECHO_BLOCKS, EchoCanceller } from "../../core/echo/canceller.ts";
import { FIRST_SHIFT_MS } from "../../core/echo/learned.ts";
import { EchoLikeness } from "../../core/echo/likeness.ts";
import { EchoMeter, type EchoReading } from "../../core/echo/meter.ts";
import { NearSpeech } from "../../core/echo/near-speech.ts";
import { EchoReference } from "../../core/echo/reference.ts";
import { ResidualSuppressor } from "../../core/echo/suppressor.ts";
import type { EchoGate } from "./echo-gate.ts";

/** After the last sample that sounds: as long as the canceller knows of echoes. */
const TAIL_SAMPLES = ECHO_BLOCKS * ECHO_BLOCK_SAMPLES;

/** What the room is like before an answer is told from so much: more than the gate's floor looks at. */
const ROOM_FRAMES = msToSamples(4_000) / FRAME_SAMPLES;

/**
 * What follows the echo by more than this is what is left of it: measured as for words, over the time
 * that somebody seems to have spoken, at most LIKE_BLOCKS: people -0.35 to 0.68, echoes from 0.73 on.
 */
const LIKE_MOST = 0.72;
const LIKE_BLOCKS = 90;

/** What earlier answers have taught, and what becomes of what this one does. */
export interface EchoTeacher {
  /** By how much the reference of the next answer is to be delayed, milliseconds. */
  readonly shiftMs: number;
  /** An answer has ended. */
  answered(reading: EchoReading): void;
}

/** For an echo of which nothing is known, and of which nothing is to be kept. */
export const NO_TEACHER: EchoTeacher = {
  shiftMs: FIRST_SHIFT_MS,
  answered: () => undefined,
};

/** Full duplex: somebody is listened for while an answer plays. */
export interface EchoListener {
  readonly gate: EchoGate;
  /** Whether it is wanted; asked when an answer begins. */
  readonly isWanted: () => boolean;
  /** Whether who speaks is let through; asked likewise. Else silence is sent, whoever speaks. */
  readonly mayInterrupt: () => boolean;
  /** Somebody makes a sound that is no echo, or does no more: an answer is better softer meanwhile. */
  readonly somebody: (speaks: boolean) => void;
}

export interface EchoPathOptions {
  readonly captured: CaptureClock;
  readonly teacher: EchoTeacher;
  /** Not given: only the wake-word engine hears without the echo. */
  readonly listener?: EchoListener | null;
  /** What is remembered, in samples: as much as the ring of the microphone. */
  readonly ringSamples: number;
}

export interface EchoCounts {
  /** Microphone frames out of which an echo was taken. */
  readonly framesCancelled: number;
  /** Filters thrown away because they made it worse. */
  readonly resets: number;
  /** Played samples that came for a time too far ahead. */
  readonly droppedSamples: number;
}

export class EchoPath {
  /** What was heard, less what was played. */
  readonly ring: Ring;
  readonly #teacher: EchoTeacher;
  readonly #reference: EchoReference;
  readonly #listener: EchoListener | null;
  readonly #near = new NearSpeech();
  readonly #suppressor = new ResidualSuppressor();
  /** A block of the sound before the answer, then one for the suppressor to write to. */
  readonly #block = new Int16Array(ECHO_BLOCK_SAMPLES);
  #suppressed = 0;
  readonly #last = new Int16Array(ECHO_BLOCK_SAMPLES);
  readonly #meter = new EchoMeter();
  readonly #canceller = new EchoCanceller();
  readonly #likeness = new EchoLikeness();
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  /** Whether anything is heard while an answer plays, be it the echo. */
  readonly #sounding = new SpeechGate();
  readonly #played = new Int16Array(ECHO_BLOCK_SAMPLES);
  #active: boolean = false;
  /** Whether somebody is listened for in this answer. */
  #listening: boolean = false;
  #letsThrough: boolean = false;
  /** What the meter has measured was told. */
  #wasRead: boolean = false;
  #somebody: boolean = false;
  #shiftMs = 0;
  #runs = 0;
  #framesCancelled = 0;

  constructor(options: EchoPathOptions) {
    this.ring = new Ring(options.ringSamples);
    this.#teacher = options.teacher;
    this.#listener = options.listener ?? null;
    this.#reference = new EchoReference((ms) => options.captured.positionAt(ms));
  }

  get counts(): EchoCounts {
    return {
      framesCancelled: this.#framesCancelled,
      resets: this.#canceller.resets,
      droppedSamples: this.#reference.droppedSamples,
    };
  }

  /** From the speaker: these samples sound, the first of them at monotonic time `atMs`. */
  playing(pcm: Int16Array, atMs: number): void {
    if (!this.#active) this.#shift(this.#teacher.shiftMs);
    this.#reference.playing(pcm, atMs);
  }

  /** From the speaker: from monotonic time `atMs` on nothing sounds. */
  silenced(atMs: number): void {
    this.#reference.silenced(atMs);
  }

  /** How the answer that sounds now comes back; null while too little of it was heard. */
  get reading(): EchoReading | null {
    return this.#read(false);
  }

  /** Whether an answer plays, the API hears silence instead of it, and nobody has begun to speak. */
  get isAnswerAlone(): boolean {
    return this.#listening && this.#near.blocks === 0 && this.#listener?.gate.isOpen === false;
  }

  #read(cut: boolean): EchoReading | null {
    const reading = this.#meter.read(cut);
    if (reading === null || reading.delayMs === null) return reading;
    return { ...reading, delayMs: reading.delayMs + this.#shiftMs };
  }

  /** Whether a word that ends at a position is the appliance's own, come back. */
  isOwn(endSample: number): boolean {
    return this.#likeness.isOwn(endSample);
  }

  /** How far what was left of the sound up to a position followed the echo, 0 to 1. */
  likeness(endSample: number): number {
    return this.#likeness.likeness(endSample);
  }

  /**
   * Takes a microphone frame; returns it without the echo, and has written that to its ring. The
   * array is overwritten by the next call.
   */
  take(frame: Int16Array): Int16Array {
    const clean = this.#clean(frame);
    this.ring.write(clean);
    if (!this.#listening) this.#listener?.gate.pass(frame);
    return clean;
  }

  #shift(ms: number): void {
    if (ms === this.#shiftMs) return;
    this.#shiftMs = ms;
    this.#reference.delay(msToSamples(ms));
    this.#canceller.forget();
    this.#meter.reset();
  }

  #begin(): void {
    this.#active = true;
    // Of answers too short to tell of, each adds to the next one's.
    if (this.#wasRead) this.#meter.reset();
    else this.#meter.relearn();
    this.#wasRead = false;
    this.#learnRoom();
    this.#listening = this.#listener?.isWanted() ?? false;
    this.#letsThrough = this.#listener?.mayInterrupt() ?? false;
    if (!this.#listening) return;
    const { ring } = this;
    this.#block.fill(0);
    if (ring.head >= ECHO_BLOCK_SAMPLES) ring.read(ring.head - ECHO_BLOCK_SAMPLES, this.#block);
    this.#suppressor.begin(this.#block);
    this.#suppressed = 0;
  }

  /** How loud it was before the answer. */
  #learnRoom(): void {
    const { ring } = this;
    this.#sounding.reset();
    for (let nth = ROOM_FRAMES; nth > 0; nth--) {
      const from = ring.head - nth * FRAME_SAMPLES;
      if (from < ring.tail) continue;
      ring.read(from, this.#frame);
      this.#sounding.take(this.#frame);
    }
    // The question was heard there, and is no echo.
    this.#sounding.shut();
  }

  /** Whether somebody speaks in what is left of the block that ends at a position. */
  #listen(heard: Int16Array, left: Int16Array, endSample: number): void {
    const near = this.#near.take(this.#canceller.powers);
    const blocks = this.#near.blocks;
    const isEcho = (): boolean =>
      this.#likeness.likeness(endSample, Math.min(LIKE_BLOCKS, blocks)) > LIKE_MOST;
    this.#suppressor.process(heard, left, this.#near.share, this.#block);
    // What it gives first is the block before the answer, which has been passed on.
    if (this.#suppressed > 0) {
      this.#listener?.gate.take(
        this.#block,
        this.#letsThrough && near === "lasting" && !isEcho(),
        blocks,
      );
    }
    this.#suppressed += 1;
    this.#last.set(left);
    this.#heardSomebody(this.#letsThrough && near !== "nobody");
  }

  #heardSomebody(speaks: boolean): void {
    if (speaks === this.#somebody) return;
    this.#somebody = speaks;
    this.#listener?.somebody(speaks);
  }

  #end(): void {
    this.#active = false;
    this.#canceller.rest();
    if (this.#listening) {
      // The suppressor is a block behind.
      this.#listener?.gate.take(this.#last, false, this.#near.blocks);
      this.#listener?.gate.end(this.#near.blocks);
    }
    // One that cuts itself short, again and again, must be found out.
    const reading = this.#read(this.#listening);
    this.#listening = false;
    this.#near.reset();
    this.#heardSomebody(false);
    this.#wasRead = reading !== null;
    if (reading !== null) this.#teacher.answered(reading);
  }

  #clean(frame: Int16Array): Int16Array {
    const from = this.ring.head;
    const sounds = this.#reference.runs > 0 && from < this.#reference.end + TAIL_SAMPLES;
    if (!sounds) {
      if (this.#active) this.#end();
      return frame;
    }
    if (!this.#active) this.#begin();
    if (this.#reference.runs !== this.#runs) {
      this.#canceller.unsettle();
      this.#meter.relearn();
    }
    this.#runs = this.#reference.runs;
    const isSounding = this.#sounding.take(frame);
    if (!isSounding && !this.#listening) return this.#pass(frame, from);
    this.#framesCancelled += 1;
    return this.#cancel(frame, from);
  }

  /** Nothing is heard: the canceller only keeps up with what is played. */
  #pass(frame: Int16Array, from: number): Int16Array {
    for (let at = 0; at < frame.length; at += ECHO_BLOCK_SAMPLES) {
      this.#reference.read(from + at, this.#played);
      this.#canceller.pass(frame.subarray(at, at + ECHO_BLOCK_SAMPLES), this.#played);
      this.#meter.take(this.#canceller.powers);
    }
    return frame;
  }

  #cancel(frame: Int16Array, from: number): Int16Array {
    for (let at = 0; at < frame.length; at += ECHO_BLOCK_SAMPLES) {
      this.#reference.read(from + at, this.#played);
      const block = frame.subarray(at, at + ECHO_BLOCK_SAMPLES);
      const out = this.#frame.subarray(at, at + ECHO_BLOCK_SAMPLES);
      this.#canceller.process(block, this.#played, out);
      this.#meter.take(this.#canceller.powers);
      const end = from + at + ECHO_BLOCK_SAMPLES;
      this.#likeness.take(end, this.#canceller.powers);
      if (this.#listening) this.#listen(block, out, end);
    }
    return this.#frame;
  }
}
