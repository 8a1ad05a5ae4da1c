/**
 * What plays. The native package `speaker` may be absent, unbuilt, or built for another machine, and
 * the only safe way to know is to load it in a process of its own; and that process has its price.
 */
import { spawnSync } from "node:child_process";
import { totalmem } from "node:os";
import type { Settings } from "../../core/settings/table.ts";
import { errorCode } from "../os/files.ts";
import { PROBE_ARGUMENT } from "./messages.ts";
import { speakerChild } from "./node.ts";

/** A Node start-up on the smallest board takes a fifth of this. It delays the start, so no longer. */
const PROBE_MAX_MS = 10_000;

/**
 * With less memory `auto` leaves the package alone, which takes a second Node of 42 MB. A board of
 * 1 GB shows some 0.9 to Linux, one of 512 MB at most 0.5.
 */
const MEMORY_MIN_MB = 800;

export interface SpeakerPick {
  readonly backend: "speaker" | "aplay";
  /** Why it is aplay although `auto` was wanted, a sentence; empty else. */
  readonly why: string;
  /** Whether that is how it should be: nothing is broken. */
  readonly isChoice: boolean;
}

/** By `audio.output_backend`. `auto` blocks for a Node start-up. `memoryMb`: of the machine. */
export function pickSpeaker(
  wanted: Settings["audio.output_backend"],
  memoryMb = totalmem() / 1e6,
  whyNot: () => string | null = whyNoSpeakerPackage,
): SpeakerPick {
  if (wanted !== "auto") return { backend: wanted, why: "", isChoice: true };
  if (memoryMb < MEMORY_MIN_MB) {
    const why = `aplay plays: the package speaker would take 42 of the ${Math.round(memoryMb)} MB here`;
    return { backend: "aplay", why, isChoice: true };
  }
  const broken = whyNot();
  if (broken === null) return { backend: "speaker", why: "", isChoice: true };
  const why = `The package speaker ${broken}; aplay plays instead`;
  return { backend: "aplay", why, isChoice: false };
}

/**
 * Null where the package works, else why not, as the end of a sentence. Blocks for a Node start-up
 * (about 0.1 s on a desktop). Says nothing about any sound device.
 */
export function whyNoSpeakerPackage(probeMaxMs = PROBE_MAX_MS): string | null {
  const probe = spawnSync(process.execPath, [...speakerChild(PROBE_ARGUMENT)], {
    stdio: "ignore",
    timeout: probeMaxMs,
    killSignal: "SIGKILL",
  });
  if (probe.status === 0) return null;
  const isLate = probe.error !== undefined && errorCode(probe.error) === "ETIMEDOUT";
  return isLate
    ? `could not be tried within ${probeMaxMs / 1000} s`
    : "did not build here, or is not installed";
}
