/**
 * Known signals, sinks that remember, and looking for a signal in a recording.
 */

import { FRAME_SAMPLES } from "../../src/core/audio/pcm.ts";
import type { Fault } from "../../src/core/fault.ts";
import type { MicrophoneSink, SpeakerSink } from "../../src/ports.ts";

/** Noise that never is 0 and repeats nowhere near: each place in it can be told from any other. */
export function noise(samples: number, seed = 1, peak = 8_000): Int16Array {
  const pcm = new Int16Array(samples);
  let state = seed;
  for (let i = 0; i < samples; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pcm[i] = Math.round((state / 2 ** 32 - 0.5) * 2 * peak) || 1;
  }
  return pcm;
}

export function tone(samples: number, hertz: number, rateHz = 24_000, peak = 8_000): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) =>
    Math.round(peak * Math.sin((2 * Math.PI * hertz * i) / rateHz)),
  );
}

/** Where `part` begins in `whole`, or -1. */
export function indexOfSamples(whole: Int16Array, part: Int16Array): number {
  const bytes = (pcm: Int16Array) => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  const haystack = bytes(whole);
  const needle = bytes(part);
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) {
    if (at % 2 === 0) return at / 2;
  }
  return -1;
}

export interface HeardSpeaker extends SpeakerSink {
  readonly story: string[];
  readonly faults: Fault[];
  /** When each utterance began to be heard, as it was told. */
  readonly soundedMs: number[];
  /** What was told to sound, and when; what was silenced is taken back. */
  readonly asReported: { readonly pcm: Int16Array; readonly atMs: number }[];
  count(what: string): number;
}

export function speakerSink(): HeardSpeaker {
  const story: string[] = [];
  const faults: Fault[] = [];
  const soundedMs: number[] = [];
  const asReported: { readonly pcm: Int16Array; readonly atMs: number }[] = [];
  return {
    story,
    faults,
    soundedMs,
    asReported,
    playing: (pcm, atMs) => asReported.push({ pcm: pcm.slice(), atMs }),
    silenced: (atMs) => {
      for (
        let last = asReported.at(-1);
        last !== undefined && last.atMs >= atMs;
        last = asReported.at(-1)
      ) {
        asReported.pop();
      }
    },
    count: (what) => story.filter((said) => said === what).length,
    sounded: (atMs) => {
      story.push("sounded");
      soundedMs.push(atMs);
    },
    drained: () => story.push("drained"),
    underrun: () => story.push("underrun"),
    flowing: () => story.push("flowing"),
    lost: (cause) => {
      story.push("lost");
      faults.push(cause);
    },
  };
}

export interface HeardMicrophone extends MicrophoneSink {
  readonly story: string[];
  readonly faults: Fault[];
  count(what: string): number;
  frames(): number;
  /** All samples so far, in order. */
  pcm(): Int16Array;
}

export function microphoneSink(): HeardMicrophone {
  const story: string[] = [];
  const faults: Fault[] = [];
  const frames: Int16Array[] = [];
  return {
    story,
    faults,
    count: (what) => story.filter((said) => said === what).length,
    frames: () => frames.length,
    pcm() {
      const all = new Int16Array(frames.length * FRAME_SAMPLES);
      frames.forEach((frame, i) => {
        all.set(frame, i * FRAME_SAMPLES);
      });
      return all;
    },
    frame(pcm) {
      if (pcm.length !== FRAME_SAMPLES) throw new Error(`a frame of ${pcm.length} samples`);
      frames.push(pcm.slice());
    },
    flowing: () => story.push("flowing"),
    lost: (cause) => {
      story.push("lost");
      faults.push(cause);
    },
  };
}
