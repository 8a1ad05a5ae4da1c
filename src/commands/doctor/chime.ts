/**
 * Two notes through the speaker, to hear that it works.
 *
 * Invariant: the speaker is closed when it resolves.
 */

import { msToSamples, SAMPLE_RATE_HZ } from "../../core/audio/pcm.ts";
import type { Fault } from "../../core/fault.ts";
import type { Speaker } from "../../ports.ts";

/** E5 and A5: a fourth up, friendly, and clear of the hum of a small loudspeaker. */
const NOTES: readonly (readonly [number, number])[] = [
  [659.3, 160],
  [880, 260],
];
const AMPLITUDE = 6_000;
const FADE_MS = 15;

/** Null when it was played to its end, else why not. `volume`: 0 to 1. */
export async function chime(speaker: Speaker, volume: number): Promise<Fault | null> {
  const fault = await new Promise<Fault | null>((resolve) => {
    let played = false;
    speaker.start({
      flowing: () => {
        if (played) return;
        played = true;
        speaker.play(notes(AMPLITUDE * volume));
        speaker.finish();
      },
      lost: resolve,
      drained: () => resolve(null),
      sounded: () => undefined,
      underrun: () => undefined,
      playing: () => undefined,
      silenced: () => undefined,
    });
  });
  await speaker.close();
  return fault;
}

function notes(amplitude: number): Int16Array {
  const parts = NOTES.map(([hz, ms]) => note(hz, msToSamples(ms), amplitude));
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A sine that begins and ends without a click. */
function note(hz: number, samples: number, amplitude: number): Int16Array {
  const fade = msToSamples(FADE_MS);
  return Int16Array.from({ length: samples }, (_, n) => {
    const edge = Math.min(1, n / fade, (samples - 1 - n) / fade);
    return Math.round(amplitude * edge * Math.sin((2 * Math.PI * hz * n) / SAMPLE_RATE_HZ));
  });
}
