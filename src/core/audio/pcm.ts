/**
 * Sound as numbers: the one format that travels inside Pipit, and its arithmetic.
 *
 * Everywhere between the microphone and the wire, sound is signed 16-bit mono at 24 kHz: the only
 * linear format the Realtime API takes and sends (audio/pcm, rate 24000).
 */

/** Samples a second, in and out. */
export const SAMPLE_RATE_HZ = 24_000;
/** Length of a microphone frame, milliseconds. */
export const FRAME_MS = 20;
/** Samples in a microphone frame. */
export const FRAME_SAMPLES = (SAMPLE_RATE_HZ * FRAME_MS) / 1000;
/** Bytes of one sample. */
export const SAMPLE_BYTES = 2;

/** Milliseconds that a number of 24 kHz samples lasts. */
export function samplesToMs(samples: number): number {
  return (samples * 1000) / SAMPLE_RATE_HZ;
}

/** Whole 24 kHz samples in a number of milliseconds, rounded to the nearest. */
export function msToSamples(ms: number): number {
  return Math.round((ms * SAMPLE_RATE_HZ) / 1000);
}

/** Scales samples in place by `gain` (1 = as it is), clipping at full scale. */
export function applyGain(pcm: Int16Array, gain: number): void {
  if (gain === 1) return;
  for (let i = 0; i < pcm.length; i++) {
    const scaled = Math.round((pcm[i] ?? 0) * gain);
    pcm[i] = Math.min(32_767, Math.max(-32_768, scaled));
  }
}

/** Root mean square of the samples, 0 to 32768; 0 for none. */
export function rms(pcm: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < pcm.length; i++) {
    const sample = pcm[i] ?? 0;
    sum += sample * sample;
  }
  return pcm.length === 0 ? 0 : Math.sqrt(sum / pcm.length);
}

/** 10 ms. Nobody hears less: an answer that has no more sound than this has none. */
export const AUDIBLE_SAMPLES = SAMPLE_RATE_HZ / 100;
