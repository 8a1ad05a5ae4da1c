/**
 * A WAV on disk as 24 kHz mono samples, or one clear error before anything starts.
 */
import { convertTo24k } from "../../core/audio/rate.ts";
import { parseWav, wavToMono } from "../../core/audio/wav.ts";
import { type Fault, FaultError, fault, thrownText } from "../../core/fault.ts";
import { errorCode } from "./files.ts";
import { readOrdinary, WHY_NOT } from "./ordinary-file.ts";

/** Largest file that is read into memory. */
export const WAV_FILE_MAX_BYTES = 512 * 1024 * 1024;

const REMEDY = "Give the path of a WAV file with PCM sound";

function unusable(path: string, reason: string, remedy = REMEDY): Fault {
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
export function unreadable(path: string, error: unknown, remedy = REMEDY): FaultError {
  const code = errorCode(error);
  const reason = WHY_NOT[code] ?? `cannot be read (${code || thrownText(error)})`;
  return new FaultError(unusable(path, reason, remedy), { cause: error });
}
