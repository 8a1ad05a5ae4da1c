/**
 * Whether the native package `speaker` can be used here: it may be absent, unbuilt, or built for
 * another machine, and the only safe way to know is to load it in a process of its own.
 */
import { spawnSync } from "node:child_process";
import { errorCode } from "../os/files.ts";
import { PROBE_ARGUMENT } from "./messages.ts";
import { SPEAKER_CHILD } from "./node.ts";

/** A Node start-up on the smallest board takes a fifth of this. It delays the start, so no longer. */
const PROBE_MAX_MS = 10_000;

/**
 * Null where the package works, else why not, as the end of a sentence. Blocks for a Node start-up
 * (about 0.1 s on a desktop). Says nothing about any sound device.
 */
export function whyNoSpeakerPackage(probeMaxMs = PROBE_MAX_MS): string | null {
  const probe = spawnSync(process.execPath, [SPEAKER_CHILD, PROBE_ARGUMENT], {
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
