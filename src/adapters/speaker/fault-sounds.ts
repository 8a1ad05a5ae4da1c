/** Recordings of our own: read from beside this file when first wanted, then kept. */

import { statSync } from "node:fs";
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

/** Longer is no signal but a song. */
const WAKE_SOUND_MAX_SAMPLES = 2 * 24_000;

/** The sound at the wake word by its setting; null: none, or a file that is none (see doctor). */
export function wakeSound(setting: string): Int16Array | null {
  if (setting === "off") return null;
  const path = /^file:(.+)$/i.exec(setting)?.[1];
  const sound = path === undefined ? recording(setting.toLowerCase()) : fromFile(path);
  return sound === null ? null : sound.subarray(0, WAKE_SOUND_MAX_SAMPLES);
}

interface OwnFile {
  readonly path: string;
  readonly version: string;
  readonly pcm: Int16Array | null;
}

/** The last file, so that it is read once, and again when it was changed. */
let ownFile: OwnFile | null = null;

/** Of a file that is being replaced just now, the sound that was read before. */
function fromFile(path: string): Int16Array | null {
  const before = ownFile?.path === path ? ownFile : null;
  const version = versionOf(path);
  if (before !== null && (version === null || version === before.version)) return before.pcm;
  ownFile = { path, version: version ?? "", pcm: loadOrNull(path) ?? before?.pcm ?? null };
  return ownFile.pcm;
}

/** Differs whenever the file was changed; null: there is none, or none for us. */
function versionOf(path: string): string | null {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(":");
  } catch {
    return null;
  }
}

function recording(name: string): Int16Array | null {
  const kept = known.get(name);
  if (kept !== undefined) return kept;
  const loaded = load(name);
  known.set(name, loaded);
  return loaded;
}

function load(name: string): Int16Array | null {
  return loadOrNull(fileURLToPath(new URL(`./sounds/${name}.wav`, import.meta.url)));
}

function loadOrNull(path: string): Int16Array | null {
  try {
    return loadWav(path);
  } catch (error) {
    if (error instanceof FaultError) return null;
    throw error;
  }
}
