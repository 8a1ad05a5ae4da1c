/** Recordings of words made harder: in noise, or far below full scale. The same on every run. */

import { msToSamples } from "../../src/core/audio/pcm.ts";
import { SimDice } from "../../src/sim/dice.ts";
import type { Clip } from "./wake-audio.ts";

/** Level of the voice while it speaks, decibels below full scale. */
const VOICE_DBFS = -26;
const BEFORE_MS = 1500;
const AFTER_MS = 1000;
const FULL_SCALE = 32_768;
/** Frames this far below the loudest are no speech. */
const SPEECH_SHARE = 0.01;
/** Corner frequencies of the one-pole filters that add up to 3 dB less an octave, as decays. */
const DECAYS = [0.997, 0.985, 0.95, 0.83, 0.5] as const;

/** Noise with the same power in each octave, of effective value 1. */
export function pink(count: number, dice: SimDice): Float64Array {
  const states = new Float64Array(DECAYS.length);
  const sound = Float64Array.from({ length: count }, () => {
    const white = dice.unit() - 0.5;
    let sum = 0;
    for (const [n, decay] of DECAYS.entries()) {
      const state = decay * (states[n] ?? 0) + white * Math.sqrt(1 - decay);
      states[n] = state;
      sum += state;
    }
    return sum;
  });
  const power = sound.reduce((total, one) => total + one * one, 0) / count;
  return sound.map((one) => one / Math.sqrt(power));
}

/** Effective value of a word while it is being said. */
function speechLevel(pcm: Int16Array): number {
  const step = msToSamples(20);
  const powers = Array.from({ length: Math.floor(pcm.length / step) }, (_, n) => {
    const frame = pcm.subarray(n * step, (n + 1) * step);
    return frame.reduce((sum, sample) => sum + sample ** 2, 0) / step;
  });
  const least = Math.max(...powers) * SPEECH_SHARE;
  const loud = powers.filter((power) => power > least);
  return Math.sqrt(loud.reduce((sum, power) => sum + power, 0) / loud.length);
}

const amplitude = (db: number): number => FULL_SCALE * 10 ** (db / 20);

/** Each word at -26 dBFS in pink noise that is `snrDb` below it, which begins before and ends after it. */
export function inPinkNoise(clips: readonly Clip[], snrDb: number): readonly Clip[] {
  const dice = new SimDice(0x70696e6b);
  return clips.map(({ name, pcm }) => {
    const [before, after] = [msToSamples(BEFORE_MS), msToSamples(AFTER_MS)];
    const gain = amplitude(VOICE_DBFS) / speechLevel(pcm);
    const level = amplitude(VOICE_DBFS - snrDb);
    const noise = pink(before + pcm.length + after, dice);
    const mixed = Array.from(noise, (one, at) => {
      const sample = one * level + (pcm[at - before] ?? 0) * gain;
      return Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(sample)));
    });
    return { name, pcm: Int16Array.from(mixed) };
  });
}

/** Each word with its loudest sample so far below full scale. */
export function faint(clips: readonly Clip[], peakDbfs: number): readonly Clip[] {
  return clips.map(({ name, pcm }) => {
    const peak = pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
    return { name, pcm: pcm.map((sample) => Math.round((sample * amplitude(peakDbfs)) / peak)) };
  });
}
