/**
 * A room, a loudspeaker that is turned up too far, a voice, and a microphone that hears both: for
 * judging what is to be heard over a running answer. Deterministic: the same each time.
 *
 * The room's answer to a click is made by the image method: J. B. Allen and D. A. Berkley, "Image
 * method for efficiently simulating small-room acoustics", J. Acoust. Soc. Am. 65 (1979), with
 * arrivals between two samples as in P. M. Peterson's note, ibid. 80 (1986); the walls reflect
 * alike, as much as Sabine's formula gives for the reverberation time.
 */

import { msToSamples, SAMPLE_RATE_HZ } from "../../src/core/audio/pcm.ts";
import { RealFft } from "../../src/core/echo/fft.ts";

type Point = readonly [number, number, number];

/** A living room, metres and seconds. */
const ROOM: Point = [4.2, 3.4, 2.6];
const REVERBERATION_S = 0.3;
const SOUND_M_S = 343;
/** The microphone on a sideboard, the loudspeaker 18 cm beside it, the voice 1.8 m away. */
const MICROPHONE: Point = [1.4, 0.9, 1.0];
const LOUDSPEAKER: Point = [1.58, 0.9, 1.0];
const VOICE: Point = [2.6, 2.2, 1.3];
/** Half the samples over which an arrival between two samples is spread. */
const SPREAD = 20;
const FFT_SIZE = 32_768;

/** The answer of the room at the microphone to a click at `source`; the direct sound has peak 1. */
export function roomAnswer(source: Point): Float64Array {
  const [x, y, z] = ROOM;
  const volume = x * y * z;
  const surface = 2 * (x * y + y * z + x * z);
  const absorbed = (0.161 * volume) / (surface * REVERBERATION_S);
  const reflected = Math.sqrt(1 - absorbed);
  const answer = new Float64Array(Math.ceil(REVERBERATION_S * SAMPLE_RATE_HZ));
  const reachM = REVERBERATION_S * SOUND_M_S;
  const counts = ROOM.map((length) => Math.ceil(reachM / (2 * length)));
  for (let i = -(counts[0] ?? 0); i <= (counts[0] ?? 0); i++) {
    for (let j = -(counts[1] ?? 0); j <= (counts[1] ?? 0); j++) {
      for (let k = -(counts[2] ?? 0); k <= (counts[2] ?? 0); k++) {
        for (let mirror = 0; mirror < 8; mirror++) {
          addImage(answer, source, [i, j, k], mirror, reflected);
        }
      }
    }
  }
  const peak = answer.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  return answer.map((one) => one / peak);
}

function addImage(
  answer: Float64Array,
  source: Point,
  cell: Point,
  mirror: number,
  reflected: number,
): void {
  let square = 0;
  let bounces = 0;
  for (let axis = 0; axis < 3; axis++) {
    const flip = (mirror >> axis) & 1;
    const n = cell[axis] ?? 0;
    const at = (flip === 1 ? -1 : 1) * (source[axis] ?? 0) + 2 * n * (ROOM[axis] ?? 0);
    square += (at - (MICROPHONE[axis] ?? 0)) ** 2;
    bounces += Math.abs(n - flip) + Math.abs(n);
  }
  const distance = Math.sqrt(square);
  const arrival = (distance / SOUND_M_S) * SAMPLE_RATE_HZ;
  if (arrival >= answer.length) return;
  const strength = reflected ** bounces / distance;
  const middle = Math.round(arrival);
  for (let n = Math.max(0, middle - SPREAD); n <= middle + SPREAD && n < answer.length; n++) {
    const t = n - arrival;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * t) / (SPREAD + 1));
    const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
    answer[n] = (answer[n] ?? 0) + strength * window * sinc;
  }
}

/** The sound with the answer to each of its samples added up; as long as the sound. */
export function convolved(sound: Float64Array, answer: Float64Array): Float64Array {
  const fft = new RealFft(FFT_SIZE);
  const step = FFT_SIZE - answer.length;
  const spectrum = () => [new Float64Array(fft.bins), new Float64Array(fft.bins)] as const;
  const [[hRe, hIm], [xRe, xIm]] = [spectrum(), spectrum()];
  const time = new Float64Array(FFT_SIZE);
  time.set(answer);
  fft.forward(time, hRe, hIm);
  const out = new Float64Array(sound.length);
  for (let at = 0; at < sound.length; at += step) {
    time.fill(0);
    time.set(sound.subarray(at, at + step));
    fft.forward(time, xRe, xIm);
    for (let k = 0; k < fft.bins; k++) {
      const [a, b, c, d] = [xRe[k] ?? 0, xIm[k] ?? 0, hRe[k] ?? 0, hIm[k] ?? 0];
      xRe[k] = a * c - b * d;
      xIm[k] = a * d + b * c;
    }
    fft.inverse(xRe, xIm, time);
    for (let n = 0; n < FFT_SIZE && at + n < out.length; n++) {
      out[at + n] = (out[at + n] ?? 0) + (time[n] ?? 0);
    }
  }
  return out;
}

/** Root mean square where there is sound: of the 20 ms pieces within 30 dB of the loudest. */
export function activeRms(sound: ArrayLike<number>): number {
  const step = SAMPLE_RATE_HZ / 50;
  const powers: number[] = [];
  for (let at = 0; at + step <= sound.length; at += step) {
    let power = 0;
    for (let n = 0; n < step; n++) power += (sound[at + n] ?? 0) ** 2;
    powers.push(power / step);
  }
  const loudest = Math.max(...powers);
  const active = powers.filter((power) => power > loudest / 1000);
  return Math.sqrt(active.reduce((sum, power) => sum + power, 0) / active.length);
}

export interface Said {
  /** 24 kHz. */
  readonly pcm: Int16Array;
  /** Its first sample's place. */
  readonly at: number;
}

export interface EchoShape {
  /** From the time at which a sample is said to sound to its coming back, but for the way by air. */
  readonly delayMs: number;
  /** How much faster the loudspeaker's clock is than the microphone's, parts per million. */
  readonly driftPpm: number;
  /** Whether it is turned up so far that it bends the loudest peaks, by 12 per cent. */
  readonly overdriven: boolean;
}

export interface Mix {
  /** Level of the echo at the microphone over that of the voice, decibels; null for no echo. */
  readonly echoDb: number | null;
  /** Where the microphone clips, as a share of full scale. */
  readonly clipAt?: number;
}

/** Level of a voice at the microphone where it speaks, and of the room's hiss; dB of full scale. */
const VOICE_DBFS = -30;
const HISS_DBFS = -66;
const FULL_SCALE = 32_768;
/** How far the loudest peak drives the loudspeaker: tanh(DRIVE) / DRIVE is 0.88. */
const DRIVE = 0.65;
/** What a small loudspeaker gives, Hz. */
const LOUDSPEAKER_BAND = [180, 7_200] as const;

function fromDb(db: number): number {
  return 10 ** (db / 20);
}

function scaled(sound: Float64Array, gain: number): Float64Array {
  return sound.map((sample) => sample * gain);
}

/** What a person says across the room, as the microphone hears it: each of the same loudness. */
export function voiceTrack(said: readonly Said[], samples: number): Float64Array {
  const dry = new Float64Array(samples);
  for (const { pcm, at } of said) {
    const gain = 1000 / activeRms(pcm);
    for (let n = 0; n < pcm.length && at + n < samples; n++) {
      dry[at + n] = (dry[at + n] ?? 0) + gain * (pcm[n] ?? 0);
    }
  }
  const wet = convolved(dry, roomAnswer(VOICE));
  return scaled(wet, (FULL_SCALE * fromDb(VOICE_DBFS)) / activeRms(wet));
}

/**
 * What comes back of a reply: late, drifting, bent, through a small loudspeaker and the room. As loud
 * as a voice.
 */
export function echoTrack(reply: Int16Array, shape: EchoShape): Float64Array {
  const played = drifted(reply, shape.driftPpm);
  const peak = played.reduce((most, one) => Math.max(most, Math.abs(one)), 1);
  const bend = (one: number): number => (peak * Math.tanh((DRIVE * one) / peak)) / DRIVE;
  const small = bandPassed(shape.overdriven ? played.map(bend) : played);
  const late = new Float64Array(small.length);
  const delay = msToSamples(shape.delayMs);
  late.set(small.subarray(0, small.length - delay), delay);
  const wet = convolved(late, roomAnswer(LOUDSPEAKER));
  return scaled(wet, (FULL_SCALE * fromDb(VOICE_DBFS)) / activeRms(wet));
}

/** Voice and echo together, in a room that hisses, as a converter gives it. */
export function atMicrophone(voice: Float64Array, echo: Float64Array, mix: Mix): Int16Array {
  const gain = mix.echoDb === null ? 0 : fromDb(mix.echoDb);
  const hiss = generator(11);
  // Evenly spread numbers are √3 times as high as their level.
  const hissPeak = FULL_SCALE * fromDb(HISS_DBFS) * Math.sqrt(3);
  const most = (FULL_SCALE - 1) * (mix.clipAt ?? 1);
  return Int16Array.from(voice, (sample, n) => {
    const sum = sample + gain * (echo[n] ?? 0) + hissPeak * hiss();
    return Math.round(Math.max(-most, Math.min(most, sum)));
  });
}

/** Numbers from -1 to 1, evenly spread. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** What a clock that runs faster makes of it: sample n is taken at n·(1 + ppm/1e6), by four points. */
function drifted(pcm: Int16Array, ppm: number): Float64Array {
  const ratio = 1 + ppm / 1e6;
  return Float64Array.from(pcm, (_, n) => {
    const at = n * ratio;
    const i = Math.floor(at);
    const t = at - i;
    const [a, b, c, d] = [pcm[i - 1] ?? 0, pcm[i] ?? 0, pcm[i + 1] ?? 0, pcm[i + 2] ?? 0];
    const slope = (c - a) / 2;
    const bend = a - 2.5 * b + 2 * c - d / 2;
    const twist = (d - a) / 2 + 1.5 * (b - c);
    return b + t * (slope + t * (bend + t * twist));
  });
}

/** A small loudspeaker: second-order Butterworth at both ends. */
function bandPassed(sound: Float64Array): Float64Array {
  return biquad(biquad(sound, LOUDSPEAKER_BAND[0], "high"), LOUDSPEAKER_BAND[1], "low");
}

function biquad(sound: Float64Array, hz: number, kind: "low" | "high"): Float64Array {
  const w = (2 * Math.PI * hz) / SAMPLE_RATE_HZ;
  const alpha = Math.sin(w) / Math.SQRT2;
  const cos = Math.cos(w);
  const edge = kind === "low" ? 1 - cos : 1 + cos;
  const b0 = edge / 2 / (1 + alpha);
  const b1 = ((kind === "low" ? 1 : -1) * edge) / (1 + alpha);
  const a1 = (-2 * cos) / (1 + alpha);
  const a2 = (1 - alpha) / (1 + alpha);
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  return sound.map((x) => {
    const y = b0 * x + b1 * x1 + b0 * x2 - a1 * y1 - a2 * y2;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    return y;
  });
}
