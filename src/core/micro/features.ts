/**
 * What a microWakeWord model hears: 40 numbers every 10 ms, from 16 kHz sound, in the integer
 * arithmetic that the models were trained with (TensorFlow's microfrontend: window, spectrum, mel
 * bands, noise reduction, per-channel gain, logarithm).
 *
 * Invariant: a feature depends only on the samples before it; nothing is allocated per slice. The
 * constants are those of the models' training set-up; another value is another front end, and deaf.
 */

import { FFT_SAMPLES, SPECTRUM_BINS, Spectrum } from "./spectrum.ts";

/** Numbers in a slice. */
export const FEATURES = 40;
/** Samples from one slice to the next: 10 ms at 16 kHz. */
export const STEP_SAMPLES = 160;
/** Samples that a slice looks at: 30 ms. */
export const WINDOW_SAMPLES = 480;

const RATE_HZ = 16_000;
const WINDOW_BITS = 12;
const BIN_HZ = RATE_HZ / FFT_SAMPLES;

const LOWEST_HZ = 125;
const HIGHEST_HZ = 7500;
const WEIGHT_ONE = 4096;
/** Bands of the bank; each goes up where the one before comes down, and the first is not used. */
const BANDS = FEATURES + 1;

/** Noise reduction: the estimate has 10 bits more than the signal; rates in 1/16384. */
const ESTIMATE_SCALE = 1024;
const RATE_ONE = 16_384;
const EVEN_RATE = Math.trunc(0.025 * RATE_ONE);
const ODD_RATE = Math.trunc(0.06 * RATE_ONE);
/** Least share of the signal that the noise reduction leaves. */
const LEAST_LEFT = Math.trunc(0.05 * RATE_ONE);

/** Gain: 2²¹ · (estimate / 2⁷ + 80)^-0.95, at most 32767. */
const GAIN_SCALE = 2 ** 21;
const GAIN_OFFSET = 80;
const GAIN_STRENGTH = Math.fround(0.95);
const GAIN_INPUT_BITS = 7;
const GAIN_MAX = 32_767;
const SNR_SCALE = 64;
/** Above this the shrinking is linear. */
const SNR_KNEE = 8192;

/** Logarithm: in 1/64 of a natural one, of the signal with three more bits. */
const LOG_UP = 8;
const LOG_ONE = 65_536;
const LOG_SEGMENT = 512;
const LOG_SEGMENTS = 128;
const LN2 = 45_426;
const LOG_SCALE = 64;
const LOG_MAX = 65_535;

/** The original takes the root of numbers up to SHORT_MAX in 32 bits, and gives it 16. */
const SHORT_MAX = 2 ** 32 - 1;
const ROOT_MAX = 65_535;

function bits(value: number): number {
  return 32 - Math.clz32(value);
}

/**
 * Hann, in 1/4096. Every step in single precision as in the original (its cosine too): in double
 * precision some weights come out one lower or higher, and with them the features of loud sound.
 */
function hann(): Int16Array {
  const single = Math.fround;
  const step = single(single(2 * single(Math.PI)) / WINDOW_SAMPLES);
  return Int16Array.from({ length: WINDOW_SAMPLES }, (_, i) => {
    const cosine = single(Math.cos(single(step * (i + 0.5))));
    const weight = single(0.5 - single(0.5 * cosine));
    return Math.floor(single(weight * (1 << WINDOW_BITS) + 0.5));
  });
}

function mel(hz: number): number {
  return Math.fround(1127 * Math.log1p(hz / 700));
}

interface Bank {
  /** The first frequency bin that counts. */
  readonly firstBin: number;
  /** For each bin from there on: its band, and its weight in it, in 1/4096. */
  readonly bands: Uint8Array;
  readonly weights: Int16Array;
  /** The weight in the band after it. */
  readonly rests: Int16Array;
}

/** Triangles of equal width on the mel scale, between whole bins. */
function melBank(): Bank {
  const lowest = mel(LOWEST_HZ);
  const width = Math.fround(Math.fround(mel(HIGHEST_HZ) - lowest) / BANDS);
  const top = (band: number): number => Math.fround(lowest + Math.fround(width * (band + 1)));
  const firstBin = Math.trunc(1.5 + LOWEST_HZ / BIN_HZ);
  const rows: { band: number; weight: number; rest: number }[] = [];
  let bin = firstBin;
  for (let band = 0; band < BANDS; band++) {
    const below = band === 0 ? lowest : top(band - 1);
    for (; mel(bin * BIN_HZ) <= top(band) && bin < SPECTRUM_BINS; bin++) {
      const above = Math.fround(top(band) - mel(bin * BIN_HZ));
      const share = Math.fround(above / Math.fround(top(band) - below));
      const inWeights = (of: number): number => Math.floor(of * WEIGHT_ONE + 0.5);
      rows.push({ band, weight: inWeights(share), rest: inWeights(1 - share) });
    }
  }
  return {
    firstBin,
    bands: Uint8Array.from(rows, ({ band }) => band),
    weights: Int16Array.from(rows, ({ weight }) => weight),
    rests: Int16Array.from(rows, ({ rest }) => rest),
  };
}

/** The integer next to the square root; that of 32 bits is one of 16, as in the original. */
function root(value: number): number {
  const floor = Math.floor(Math.sqrt(value));
  const isUp = value - floor * floor > floor && !(floor === ROOT_MAX && value <= SHORT_MAX);
  return isUp ? floor + 1 : floor;
}

function gainAt(estimate: number): number {
  const base = Math.fround(estimate / 2 ** GAIN_INPUT_BITS + GAIN_OFFSET);
  const gain = GAIN_SCALE * Math.fround(base ** -GAIN_STRENGTH);
  return Math.min(GAIN_MAX, Math.trunc(Math.fround(gain + 0.5)));
}

/** Three numbers for each octave of the estimate: a parabola through both ends and the middle. */
function gainTable(): Int32Array {
  const table = new Int32Array(3 * 33);
  for (let octave = 2; octave <= 32; octave++) {
    const from = 2 ** (octave - 1);
    const [first, middle, last] = [gainAt(from), gainAt(1.5 * from), gainAt(2 * from)];
    const linear = 4 * (middle - first) - (last - first);
    table.set([first, linear, last - first - linear], 3 * octave);
  }
  return table;
}

function logTable(): Int32Array {
  return Int32Array.from({ length: LOG_SEGMENTS + 1 }, (_, i) =>
    Math.round((Math.log2(1 + i / LOG_SEGMENTS) - i / LOG_SEGMENTS) * LOG_ONE),
  );
}

export class Features {
  readonly #hann = hann();
  readonly #spectrum = new Spectrum();
  readonly #bank = melBank();
  readonly #gains = gainTable();
  readonly #logs = logTable();
  /** The newest samples; what is older than the next slice needs is moved out. */
  readonly #samples = new Int16Array(WINDOW_SAMPLES);
  readonly #windowed = new Int16Array(FFT_SAMPLES);
  readonly #energies = new Float64Array(SPECTRUM_BINS);
  readonly #sums = new Float64Array(BANDS + 1);
  readonly #noise = new Float64Array(FEATURES);
  readonly #slice = new Uint16Array(FEATURES);
  #filled = 0;

  /**
   * Takes 16 kHz mono; `each` gets a slice of FEATURES numbers (overwritten afterwards) for every
   * STEP_SAMPLES from WINDOW_SAMPLES on. A number is 25.6 times that of the training, about 0 to 670.
   */
  push(pcm: Int16Array, each: (slice: Uint16Array) => void): void {
    for (let at = 0; at < pcm.length; ) {
      const count = Math.min(WINDOW_SAMPLES - this.#filled, pcm.length - at);
      this.#samples.set(pcm.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled < WINDOW_SAMPLES) return;
      this.#makeSlice();
      this.#samples.copyWithin(0, STEP_SAMPLES);
      this.#filled = WINDOW_SAMPLES - STEP_SAMPLES;
      each(this.#slice);
    }
  }

  #makeSlice(): void {
    const shift = this.#window();
    this.#spectrum.energies(this.#windowed, this.#energies);
    this.#sumBands();
    for (let i = 0; i < FEATURES; i++) {
      const signal = Math.floor(root(this.#sums[i + 1] ?? 0) / 2 ** shift);
      const left = this.#withoutNoise(signal, i);
      this.#slice[i] = this.#log(this.#evened(left, this.#noise[i] ?? 0) * LOG_UP);
    }
  }

  /** Windows the samples and shifts them up to the full 16 bits; returns by how much. */
  #window(): number {
    const windowed = this.#windowed;
    let peak = 0;
    for (let i = 0; i < WINDOW_SAMPLES; i++) {
      const sample = ((this.#samples[i] ?? 0) * (this.#hann[i] ?? 0)) >> WINDOW_BITS;
      windowed[i] = sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    const shift = Math.max(0, 15 - bits(peak));
    for (let i = 0; i < WINDOW_SAMPLES; i++) windowed[i] = (windowed[i] ?? 0) << shift;
    return shift;
  }

  #sumBands(): void {
    const { firstBin, bands, weights, rests } = this.#bank;
    const sums = this.#sums;
    sums.fill(0);
    for (let i = 0; i < bands.length; i++) {
      const energy = this.#energies[firstBin + i] ?? 0;
      const band = bands[i] ?? 0;
      sums[band] = (sums[band] ?? 0) + energy * (weights[i] ?? 0);
      sums[band + 1] = (sums[band + 1] ?? 0) + energy * (rests[i] ?? 0);
    }
  }

  #withoutNoise(signal: number, band: number): number {
    const rate = band % 2 === 0 ? EVEN_RATE : ODD_RATE;
    const scaled = signal * ESTIMATE_SCALE;
    const before = this.#noise[band] ?? 0;
    const noise = Math.floor((scaled * rate + before * (RATE_ONE - rate)) / RATE_ONE);
    this.#noise[band] = noise;
    const left = Math.floor((scaled - Math.min(noise, scaled)) / ESTIMATE_SCALE);
    return Math.max(left, Math.floor((signal * LEAST_LEFT) / RATE_ONE));
  }

  /** The signal against the noise in its own band, large values drawn in. */
  #evened(signal: number, noise: number): number {
    const snr = Math.floor((signal * this.#gain(noise)) / SNR_SCALE);
    if (snr < SNR_KNEE) return Math.floor((snr * snr) / 2 ** 20);
    return Math.floor(snr / 64) - 64;
  }

  #gain(noise: number): number {
    if (noise <= 2) return gainAt(noise);
    const octave = bits(noise);
    const within = (octave < 11 ? noise << (11 - octave) : noise >>> (octave - 11)) & 0x3ff;
    const [first, linear, square] = [0, 1, 2].map((n) => this.#gains[3 * octave + n] ?? 0);
    const slope = (((square ?? 0) * within) >> 5) + ((linear ?? 0) << 5);
    return ((slope * within + (1 << 14)) >> 15) + (first ?? 0);
  }

  #log(value: number): number {
    if (value <= 1) return 0;
    const whole = bits(value) - 1;
    const over = value - 2 ** whole;
    const fraction = Math.floor(whole < 16 ? over * 2 ** (16 - whole) : over / 2 ** (whole - 16));
    const segment = Math.floor(fraction / LOG_SEGMENT);
    const [low, high] = [this.#logs[segment] ?? 0, this.#logs[segment + 1] ?? 0];
    const between = Math.floor(((high - low) * (fraction - segment * LOG_SEGMENT)) / LOG_ONE);
    const log2 = whole * LOG_ONE + fraction + low + between;
    const natural = Math.floor((LN2 * log2 + LOG_ONE / 2) / LOG_ONE);
    return Math.min(LOG_MAX, Math.floor((natural * LOG_SCALE + LOG_ONE / 2) / LOG_ONE));
  }
}
