/**
 * WAV files as bytes: reading the ones people really have, and writing the header of our own.
 *
 * Invariant: foreign bytes never throw here. A file is either described, with a data range that
 * lies inside the bytes given, or it gets one error that a person can act on.
 */

/** Bytes of the header that `wavHeader` makes. */
export const WAV_HEADER_BYTES = 44;
/** A mono stretch of a WAV longer than this is refused: 4 hours at 24 kHz. */
export const WAV_MAX_FRAMES = 24_000 * 3600 * 4;

export type SampleKind = "int" | "float";

export interface WavInfo {
  readonly tag: "wav";
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly bitsPerSample: 8 | 16 | 24 | 32;
  readonly kind: SampleKind;
  /** First byte of the samples. */
  readonly dataStart: number;
  /** One past the last byte; a whole number of frames from `dataStart`. */
  readonly dataEnd: number;
}

export interface WavProblem {
  readonly tag: "problem";
  /** A clause that follows the name of the file: "is not a WAV file". */
  readonly problem: string;
}

interface Format {
  readonly code: number;
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly bits: number;
}

/** WAVE_FORMAT_PCM, WAVE_FORMAT_IEEE_FLOAT and WAVE_FORMAT_EXTENSIBLE of the RIFF registry. */
const FORMAT_PCM = 1;
const FORMAT_FLOAT = 3;
const FORMAT_EXTENSIBLE = 0xfffe;
const RATE_MIN_HZ = 1_000;
const RATE_MAX_HZ = 768_000;
const CHANNELS_MAX = 64;

function problem(problem: string): WavProblem {
  return { tag: "problem", problem };
}

function tagAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function readFormat(view: DataView, at: number, size: number): Format | null {
  if (size < 16 || at + 16 > view.byteLength) return null;
  let code = view.getUint16(at, true);
  // The true format is the start of the GUID, 24 bytes in.
  if (code === FORMAT_EXTENSIBLE && size >= 26 && at + 26 <= view.byteLength) {
    code = view.getUint16(at + 24, true);
  }
  return {
    code,
    channels: view.getUint16(at + 2, true),
    sampleRateHz: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
}

function describe(format: Format, dataStart: number, dataLimit: number): WavInfo | WavProblem {
  const { code, channels, sampleRateHz, bits } = format;
  const float = code === FORMAT_FLOAT;
  if (code !== FORMAT_PCM && !float) return problem(`has compressed sound (format ${code})`);
  if (channels < 1 || channels > CHANNELS_MAX) return problem(`has ${channels} channels`);
  if (sampleRateHz < RATE_MIN_HZ || sampleRateHz > RATE_MAX_HZ) {
    return problem(`has a sample rate of ${sampleRateHz} Hz`);
  }
  if ((bits !== 8 && bits !== 16 && bits !== 24 && bits !== 32) || (float && bits !== 32)) {
    return problem(`has ${bits}-bit ${float ? "float" : "integer"} samples`);
  }
  const frameBytes = (channels * bits) / 8;
  const frames = Math.floor((dataLimit - dataStart) / frameBytes);
  if (frames > WAV_MAX_FRAMES) return problem(`has ${frames} samples, more than allowed`);
  return {
    tag: "wav",
    sampleRateHz,
    channels,
    bitsPerSample: bits,
    kind: float ? "float" : "int",
    dataStart,
    dataEnd: dataStart + frames * frameBytes,
  };
}

/**
 * Finds the format and the samples. A data chunk that claims more than there is (cut off, or
 * written to a pipe: 0xFFFFFFFF), or that claims 0 and is the last, ends where the bytes end.
 */
export function parseWav(bytes: Uint8Array): WavInfo | WavProblem {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 0) return problem("is empty");
  if (bytes.length < 12 || tagAt(bytes, 0) !== "RIFF" || tagAt(bytes, 8) !== "WAVE") {
    return problem("is not a WAV file");
  }
  let format: Format | null = null;
  let at = 12;
  while (at + 8 <= bytes.length) {
    const tag = tagAt(bytes, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag === "fmt ") format = readFormat(view, body, size);
    if (tag === "data") {
      if (format === null) return problem("has sound before its format");
      const unknown = size === 0xffff_ffff || (size === 0 && !chunkFollows(bytes, body));
      const limit = unknown ? bytes.length : Math.min(bytes.length, body + size);
      return describe(format, body, limit);
    }
    // Chunks are padded to an even length.
    at = body + size + (size % 2);
  }
  return problem(format === null ? "has no format chunk" : "has no sound in it");
}

/** Whether a readable chunk name stands here: then a size of 0 before it was meant. */
function chunkFollows(bytes: Uint8Array, at: number): boolean {
  return at + 8 <= bytes.length && /^[A-Za-z][A-Za-z0-9 _]{3}$/.test(tagAt(bytes, at));
}

function clip(value: number): number {
  const rounded = Math.round(value);
  return Math.max(-32_768, Math.min(32_767, rounded));
}

/** One sample, scaled to the range of 16 bits, not rounded. */
function sampleAt(view: DataView, at: number, bits: number, kind: SampleKind): number {
  if (kind === "float") {
    const value = view.getFloat32(at, true) * 32_768;
    return Number.isFinite(value) ? value : 0;
  }
  if (bits === 8) return (view.getUint8(at) - 128) * 256;
  if (bits === 16) return view.getInt16(at, true);
  if (bits === 24) return (view.getInt16(at + 1, true) * 256 + view.getUint8(at)) / 256;
  return view.getInt32(at, true) / 65_536;
}

/** The samples at the file's own rate, channels averaged; 16-bit mono comes out bit for bit. */
export function wavToMono(bytes: Uint8Array, info: WavInfo): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sampleBytes = info.bitsPerSample / 8;
  const frameBytes = sampleBytes * info.channels;
  const mono = new Int16Array((info.dataEnd - info.dataStart) / frameBytes);
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < info.channels; channel++) {
      const at = info.dataStart + i * frameBytes + channel * sampleBytes;
      sum += sampleAt(view, at, info.bitsPerSample, info.kind);
    }
    mono[i] = clip(sum / info.channels);
  }
  return mono;
}

/** Header of a 16-bit mono file with `dataBytes` of samples, clamped to what 32 bits can say. */
export function wavHeader(sampleRateHz: number, dataBytes: number): Uint8Array {
  const bytes = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const put = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  };
  const size = Math.min(dataBytes, 0xffff_ffff - WAV_HEADER_BYTES);
  put(0, "RIFF");
  view.setUint32(4, size + WAV_HEADER_BYTES - 8, true);
  put(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, FORMAT_PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  put(36, "data");
  view.setUint32(40, size, true);
  return bytes;
}
