/**
 * A WAV on disk as 24 kHz mono samples, or one clear error before anything starts.
 */
import { convertTo24k } from "../../core/audio/rate.ts";
import { parseWav, wavToMono } from "../../core/audio/wav.ts";
import { type Fault, FaultError, fault, thrownText } from "../../core/fault.ts";
import { errorCode } from "./files.ts";
import { NO_FILE, readOrdinary } from "./ordinary-file.ts";

/** Largest file that is read into memory. */
export const WAV_FILE_MAX_BYTES = 512 * 1024 * 1024;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EACCES: "may not be read",
  EISDIR: "is a folder",
  ENOTDIR: "does not exist",
  [NO_FILE]: "is not an ordinary file",
  EFBIG: "is too large",
};

function unusable(path: string, reason: string): Fault {
  const remedy = "Give the path of a WAV file with PCM sound";
  return fault("config", "exit", `The sound file ${path} ${reason}`, remedy);
}

/**
 * Reads any PCM WAV (any rate, any number of channels) and converts it.
 * @throws FaultError (code "config") when it is missing, not a WAV, or too large.
 */
export function loadWav(path: string): Int16Array {
  const bytes = readBytes(path);
  const info = parseWav(bytes);
  if (info.tag === "problem") throw new FaultError(unusable(path, info.problem));
  return convertTo24k(wavToMono(bytes, info), info.sampleRateHz);
}

function readBytes(path: string): Uint8Array {
  try {
    return readOrdinary(path, WAV_FILE_MAX_BYTES);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** What the system has against a sound file, or a folder of them, in words (code "config"). */
export function unreadable(path: string, error: unknown): FaultError {
  const code = errorCode(error);
  const reason = REASONS[code] ?? `cannot be read (${code || thrownText(error)})`;
  return new FaultError(unusable(path, reason), { cause: error });
}
