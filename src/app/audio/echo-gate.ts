/**
 * What the API hears while an answer plays, in full duplex: silence, until somebody has spoken for so
 * long that it is no cough; then all of it, from its beginning.
 *
 * Invariants: positions are those of the capture clock, each written once and in order; while an
 * answer plays the ring may end HOLD_BLOCKS before the microphone's, at most; else at the same place.
 */

import { Ring } from "../../core/audio/ring.ts";
import { ECHO_BLOCK_SAMPLES, ECHO_BLOCKS } from "../../core/echo/canceller.ts";
import { LASTING_BLOCKS } from "../../core/echo/near-speech.ts";

/** Sent from so long before the first loud block: the beginning of a word is soft. */
const LEAD_BLOCKS = 15;
/** Sound waits for the verdict so long, 0.9 s: it may come late. */
const HOLD_BLOCKS = 2 * LASTING_BLOCKS;
/** Of what was heard after an answer's last sample, the part in which its echo has died away. */
const ROOM_BLOCKS = ECHO_BLOCKS / 4;
/** After the end of speech the API hears the room for so long, to find that end itself: 1.5 s. */
const LISTEN_BLOCKS = 150;

export class EchoGate {
  /** What the API is to hear. */
  readonly ring: Ring;
  readonly #held = new Int16Array(HOLD_BLOCKS * ECHO_BLOCK_SAMPLES);
  readonly #silence = new Int16Array(ECHO_BLOCK_SAMPLES);
  /** Blocks in `#held`, the oldest at `#first`. */
  #count = 0;
  #first = 0;
  /** Blocks for which it stays open. */
  #open = 0;
  #openings = 0;

  /** `ringSamples`: what is remembered, as much as the ring of the microphone. */
  constructor(ringSamples: number) {
    this.ring = new Ring(ringSamples);
  }

  /** How often somebody was let through. */
  get openings(): number {
    return this.#openings;
  }

  /** Whether somebody is let through at the moment. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** No answer plays: the sound as it is. */
  pass(frame: Int16Array): void {
    this.ring.write(frame);
  }

  /**
   * A block while an answer plays. `lasting`: somebody speaks; `blocks`: since so many, this one among
   * them; 0 for nobody.
   */
  take(block: Int16Array, lasting: boolean, blocks: number): void {
    if (this.#open > 0) {
      this.#open = lasting ? LISTEN_BLOCKS : this.#open - 1;
      this.ring.write(block);
      return;
    }
    if (this.#count === HOLD_BLOCKS) this.#drop();
    const at = ((this.#first + this.#count) % HOLD_BLOCKS) * ECHO_BLOCK_SAMPLES;
    this.#held.set(block, at);
    this.#count += 1;
    if (!lasting) return;
    this.#openings += 1;
    this.#open = LISTEN_BLOCKS;
    this.#release(blocks + LEAD_BLOCKS);
  }

  /** The answer is over, and has died away. `blocks`: since so many somebody speaks; 0 for nobody. */
  end(blocks: number): void {
    this.#open = 0;
    this.#release(blocks > 0 ? blocks + LEAD_BLOCKS : ROOM_BLOCKS);
  }

  /** Writes what is held: its last `blocks` as they are, silence before. */
  #release(blocks: number): void {
    while (this.#count > blocks) this.#drop();
    for (; this.#count > 0; this.#advance()) {
      const at = this.#first * ECHO_BLOCK_SAMPLES;
      this.ring.write(this.#held.subarray(at, at + ECHO_BLOCK_SAMPLES));
    }
  }

  #drop(): void {
    this.ring.write(this.#silence);
    this.#advance();
  }

  #advance(): void {
    this.#first = (this.#first + 1) % HOLD_BLOCKS;
    this.#count -= 1;
  }
}
