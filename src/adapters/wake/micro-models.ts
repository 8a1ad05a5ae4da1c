/**
 * microWakeWord models on disk: a manifest (JSON) and the model file (.tflite) that it names, beside
 * it. They may come from anywhere: both are read with a bound and refused in words.
 */

import { dirname, join } from "node:path";
import { FaultError, fault, thrownText } from "../../core/fault.ts";
import { BadModel } from "../../core/micro/flatbuffer.ts";
import { Interpreter } from "../../core/micro/interpreter.ts";
import { MANIFEST_MAX_BYTES, type Manifest, parseManifest } from "../../core/micro/manifest.ts";
import { FILE_MAX_BYTES } from "../../core/micro/model-file.ts";
import { readOrdinary } from "../os/ordinary-file.ts";

const REMEDY =
  "See `pipit wake-words`; wake_word.model_path takes the manifest (.json), with the .tflite file in the same folder";

/** A fault about a model, as an exception: only the owner can help. */
function refused(path: string, why: string, cause?: unknown): FaultError {
  const message = `The wake-word model ${path} cannot be used: ${why}`;
  return new FaultError(fault("config", "report", message, REMEDY), { cause });
}

/** Reads a whole ordinary file of bounded size; throws a FaultError (config). */
export function readModelFile(path: string, maxBytes: number): Buffer {
  try {
    return readOrdinary(path, maxBytes);
  } catch (thrown) {
    throw refused(path, thrownText(thrown), thrown);
  }
}

/** Reads the manifest at `path`; throws a FaultError (config). */
export function readManifest(path: string): Manifest {
  const reading = parseManifest(readModelFile(path, MANIFEST_MAX_BYTES).toString("utf8"));
  if (reading.ok) return reading.manifest;
  throw refused(path, reading.why);
}

/** Reads the model of a manifest, ready to run; throws a FaultError (config). */
export function readInterpreter(manifestPath: string, manifest: Manifest): Interpreter {
  const path = join(dirname(manifestPath), manifest.modelFile);
  const bytes = readModelFile(path, FILE_MAX_BYTES);
  try {
    return new Interpreter(bytes);
  } catch (thrown) {
    if (!(thrown instanceof BadModel)) throw thrown;
    throw refused(path, thrown.message, thrown);
  }
}
