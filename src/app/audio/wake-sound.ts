/**
 * A short sound the moment somebody has called, and again, softly, while the connection takes its
 * time. What the microphone hears of it is silence to everybody: it never reaches the API.
 */

import { msToSamples } from "../../core/audio/pcm.ts";
import type { Clock } from "../../ports.ts";
import type { Downlink } from "./downlink.ts";

/** After so long without a session: still connecting. And then again. */
const STILL_MS = 2_000;
/** As often, at most: the connection itself is given up after 15 s. */
const STILL_MAX = 7;
/** How loud the later ones are, of the first. */
const STILL_GAIN = 0.4;
/** Around the sound: the room rings out, and the device's clock is not quite ours. */
const BEFORE_MS = 10;
const AFTER_MS = 90;

export interface WakeSoundOptions {
  readonly clock: Clock;
  readonly downlink: () => Downlink;
  /** 24 kHz mono; null: none is wanted. */
  readonly sound: () => Int16Array | null;
  readonly volume: () => number;
  readonly isConnecting: () => boolean;
  /** The position of the capture that was at this monotonic time; null: not known. */
  readonly positionAt: (ms: number) => number | null;
}

export class WakeSound {
  readonly #options: WakeSoundOptions;
  /** Samples of a sound of ours that has not begun to be heard. */
  #pending: number | null = null;
  /** Capture positions that are silenced. */
  #mask: { readonly from: number; readonly to: number } | null = null;
  #cancel: () => void = () => {};

  constructor(options: WakeSoundOptions) {
    this.#options = options;
  }

  /** Somebody has called, and a conversation begins. */
  woken(): void {
    const sound = this.#options.sound();
    if (sound !== null) this.#play(sound, 1, STILL_MAX);
  }

  /** From the speaker: the first sample of an utterance is heard at this monotonic time. */
  sounded(atMs: number): void {
    if (this.#pending === null) return;
    const from = this.#options.positionAt(atMs - BEFORE_MS);
    const lasts = this.#pending + msToSamples(BEFORE_MS + AFTER_MS);
    this.#pending = null;
    if (from !== null) this.#mask = { from: Math.floor(from), to: Math.ceil(from + lasts) };
  }

  /** A frame that begins at capture position `at`, without what was heard of our sound. */
  take(pcm: Int16Array, at: number): Int16Array {
    const mask = this.#mask;
    if (mask === null || at + pcm.length <= mask.from) return pcm;
    if (at >= mask.to) {
      this.#mask = null;
      return pcm;
    }
    const clean = pcm.slice();
    clean.fill(0, Math.max(0, mask.from - at), Math.min(pcm.length, mask.to - at));
    return clean;
  }

  close(): void {
    this.#cancel();
  }

  #play(sound: Int16Array, gain: number, left: number): void {
    const { clock, downlink, volume, isConnecting } = this.#options;
    this.#cancel();
    this.#pending = sound.length;
    downlink().playSound(sound, volume() * gain);
    this.#cancel = clock.after(STILL_MS, () => {
      if (left > 0 && isConnecting()) this.#play(sound, STILL_GAIN, left - 1);
    });
  }
}
