/**
 * Plays a rushing and listens to it come back, to tell whether a voice gets through an answer.
 *
 * Invariant: microphone and speaker are closed when it resolves, and it resolves within PLAY_MS and
 * what the adapters allow a device for its start.
 */

import { EchoPath } from "../../app/audio/echo-path.ts";
import { CaptureClock } from "../../core/audio/capture-clock.ts";
import { msToSamples } from "../../core/audio/pcm.ts";
import type { EchoReading } from "../../core/echo/meter.ts";
import type { Fault } from "../../core/fault.ts";
import type { Clock, Microphone, Speaker } from "../../ports.ts";

/** Long enough for the canceller to learn, and for a dozen half seconds to judge it by. */
const PLAY_MS = 10_000;
/** A syllable, and the loudnesses that follow each other by chance. */
const SYLLABLE_MS = [60, 200] as const;
const LOUDNESSES = [1, 0.7, 0.4, 0.15, 0.05] as const;
/** Share of the newest sample: fainter by 6 dB an octave above 1.4 kHz, as speech is. */
const DULLNESS = 0.3;
/** As loud as the louder syllables of an answer. */
const PEAK = 16_000;

export type EchoTrial =
  | { readonly tag: "lost"; readonly part: "microphone" | "speaker"; readonly fault: Fault }
  /** Null: nothing of it came back that could be measured. */
  | { readonly tag: "measured"; readonly reading: EchoReading | null };

export interface EchoTrialOptions {
  readonly clock: Clock;
  readonly microphone: Microphone;
  readonly speaker: Speaker;
  /** Linear, 0 to 1: as loud as an answer would be. */
  readonly volume: number;
  /** By how much the reference is delayed, milliseconds. */
  readonly shiftMs: number;
}

export async function echoTrial(options: EchoTrialOptions): Promise<EchoTrial> {
  const { microphone, speaker } = options;
  try {
    return await playAndHear(options);
  } finally {
    await Promise.all([microphone.close(), speaker.close()]);
  }
}

function playAndHear(options: EchoTrialOptions): Promise<EchoTrial> {
  const { clock, microphone, speaker, volume, shiftMs } = options;
  const captured = new CaptureClock();
  const ringSamples = msToSamples(1000);
  const teacher = { shiftMs, answered: () => undefined };
  const path = new EchoPath({ captured, teacher, ringSamples });
  let hears = false;
  let speaks = false;
  return new Promise((resolve) => {
    const begin = (): void => {
      if (!hears || !speaks) return;
      speaker.play(rushing(PEAK * volume));
      speaker.finish();
    };
    microphone.start({
      flowing: () => {
        hears = true;
        begin();
      },
      lost: (fault) => resolve({ tag: "lost", part: "microphone", fault }),
      frame: (pcm) => {
        captured.took(path.ring.head + pcm.length, clock.nowMs());
        path.take(pcm);
      },
    });
    speaker.start({
      flowing: () => {
        speaks = true;
        begin();
      },
      lost: (fault) => resolve({ tag: "lost", part: "speaker", fault }),
      playing: (pcm, atMs) => path.playing(pcm, atMs),
      silenced: (atMs) => path.silenced(atMs),
      drained: () => resolve({ tag: "measured", reading: path.reading }),
      sounded: () => undefined,
      underrun: () => undefined,
    });
  });
}

/** A rushing with the loudness of speech: syllables of all lengths, so that no delay looks like another. */
export function rushing(peak: number): Int16Array {
  let state = 7;
  const chance = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  let [left, loudness, dull] = [0, 0, 0];
  return Int16Array.from({ length: msToSamples(PLAY_MS) }, () => {
    if (left === 0) {
      left = msToSamples(SYLLABLE_MS[0] + chance() * (SYLLABLE_MS[1] - SYLLABLE_MS[0]));
      loudness = LOUDNESSES[Math.floor(chance() * LOUDNESSES.length)] ?? 1;
    }
    left -= 1;
    dull += DULLNESS * (2 * chance() - 1 - dull);
    return Math.round(peak * loudness * dull);
  });
}
