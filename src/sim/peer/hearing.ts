/**
 * The input audio buffer: where what the client sends becomes turns of the user. It keeps positions,
 * not samples: the timeline counts everything ever appended, and commits are ranges on it.
 * It decides nothing about responses; it tells what happened.
 */

import { msToSamples, samplesToMs } from "../../core/audio/pcm.ts";
import type { TurnDetection } from "./session.ts";
import { Vad } from "./vad.ts";
import { invalid, type Result } from "./wire.ts";

/** Least audio of a manual commit, milliseconds (facts, 3.6). */
const COMMIT_MIN_MS = 100;
/** A turn is ended by force after this long, so that a noisy room cannot grow one for ever. */
const TURN_MAX_MS = 10 * 60_000;

export type Heard =
  | { readonly tag: "started"; readonly atMs: number }
  /** `audioMs` is the length of the turn, padding and closing silence included. */
  | { readonly tag: "stopped"; readonly atMs: number; readonly audioMs: number };

export class Hearing {
  readonly #vad = new Vad();
  /** Samples appended since the connection opened. */
  #total = 0;
  /** Where the uncommitted part begins. */
  #from = 0;
  /** Where the turn in progress began, padding included; null between turns. */
  #turnFrom: number | null = null;

  get speaking(): boolean {
    return this.#turnFrom !== null;
  }

  get totalMs(): number {
    return samplesToMs(this.#total);
  }

  /** Takes samples; tells the turns that began or ended in them. Null detection: none do. */
  append(pcm: Int16Array, detection: TurnDetection | null): Heard[] {
    this.#total += pcm.length;
    if (detection === null) return [];
    const heard: Heard[] = [];
    for (const event of this.#vad.feed(pcm, detection)) {
      heard.push(
        event.tag === "started"
          ? this.#start(event.sample, detection.prefixMs)
          : this.#stop(event.sample),
      );
    }
    if (this.#turnFrom !== null && this.#total - this.#turnFrom > msToSamples(TURN_MAX_MS)) {
      heard.push(this.#stop(this.#total));
    }
    return heard;
  }

  #start(sample: number, prefixMs: number): Heard {
    this.#turnFrom = Math.max(this.#from, sample - msToSamples(prefixMs));
    return { tag: "started", atMs: Math.round(samplesToMs(this.#turnFrom)) };
  }

  #stop(sample: number): Heard {
    const from = this.#turnFrom ?? this.#from;
    this.#turnFrom = null;
    this.#vad.forget();
    this.#from = sample;
    const audioMs = samplesToMs(sample - from);
    return { tag: "stopped", atMs: Math.round(samplesToMs(sample)), audioMs };
  }

  /** The client's commit: the length of what it takes, milliseconds. */
  commit(): Result<number> {
    const audioMs = samplesToMs(this.#total - this.#from);
    if (audioMs < COMMIT_MIN_MS) {
      const message =
        "Error committing input audio buffer: buffer too small. Expected at least " +
        `${COMMIT_MIN_MS}ms of audio, but buffer only has ${audioMs.toFixed(2)}ms of audio.`;
      return { ok: false, error: invalid("input_audio_buffer_commit_empty", message) };
    }
    this.clear();
    return { ok: true, value: audioMs };
  }

  /** Drops what is not committed, and a turn in progress with it. */
  clear(): void {
    this.#from = this.#total;
    this.#turnFrom = null;
    this.#vad.forget();
  }
}
