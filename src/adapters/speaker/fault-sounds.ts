/** The recordings that tell of faults: read from beside this file when first wanted, then kept. */

import { fileURLToPath } from "node:url";
import type { FaultSound } from "../../core/audio/fault-sounds.ts";
import { FaultError } from "../../core/fault.ts";
import { loadWav } from "../os/wav-file.ts";

const known = new Map<FaultSound, Int16Array | null>();

/** 24 kHz mono; null when the recording is missing or broken: a fault must not beget another. */
export function faultSound(sound: FaultSound): Int16Array | null {
  const kept = known.get(sound);
  if (kept !== undefined) return kept;
  const loaded = load(sound);
  known.set(sound, loaded);
  return loaded;
}

function load(sound: FaultSound): Int16Array | null {
  try {
    return loadWav(fileURLToPath(new URL(`./sounds/${sound}.wav`, import.meta.url)));
  } catch (error) {
    if (error instanceof FaultError) return null;
    throw error;
  }
}
