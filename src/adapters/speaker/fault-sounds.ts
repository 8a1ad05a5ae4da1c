/** Recordings of our own: read from beside this file when first wanted, then kept. */

import { fileURLToPath } from "node:url";
import { type SpokenSound, spokenLanguage } from "../../core/audio/sentences.ts";
import { FaultError } from "../../core/fault.ts";
import { loadWav } from "../os/wav-file.ts";

const known = new Map<string, Int16Array | null>();

/** 24 kHz mono; null when the recording is missing or broken: a fault must not beget another. */
export function spokenSound(sound: SpokenSound, language: string): Int16Array | null {
  return recording(`${spokenLanguage(language)}/${sound}`);
}

/** One stroke of the bell. */
export function ringSound(): Int16Array | null {
  return recording("ring");
}

function recording(name: string): Int16Array | null {
  const kept = known.get(name);
  if (kept !== undefined) return kept;
  const loaded = load(name);
  known.set(name, loaded);
  return loaded;
}

function load(name: string): Int16Array | null {
  try {
    return loadWav(fileURLToPath(new URL(`./sounds/${name}.wav`, import.meta.url)));
  } catch (error) {
    if (error instanceof FaultError) return null;
    throw error;
  }
}
