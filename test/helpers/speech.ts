/** Sound for detectors: syllables in a room, made from nothing, the same each time. */

import { msToSamples } from "../../src/core/audio/pcm.ts";

/** Faint hiss, about 66 dB below full scale. */
export function room(ms: number, peak = 16): Int16Array {
  let state = 7;
  return Int16Array.from({ length: msToSamples(ms) }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round((state / 2 ** 32 - 0.5) * 2 * peak);
  });
}

/** Voiced syllables of 160 ms, 60 ms apart, in a room: 220 ms each. */
export function syllables(count: number, peak = 6000, roomPeak = 16): Int16Array {
  const pcm = room(count * 220, roomPeak);
  for (let nth = 0; nth < count; nth++) {
    const from = msToSamples(nth * 220);
    const length = msToSamples(160);
    for (let at = 0; at < length; at++) {
      const t = at / 24_000;
      const voice = [1, 2, 3, 4].reduce(
        (sum, harmonic) => sum + Math.sin(2 * Math.PI * (130 + nth * 7) * harmonic * t) / harmonic,
        0,
      );
      const swell = Math.sin((Math.PI * at) / length);
      pcm[from + at] = (pcm[from + at] ?? 0) + Math.round((peak * swell * voice) / 2);
    }
  }
  return pcm;
}

export function joined(...parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
