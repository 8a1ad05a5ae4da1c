/**
 * Whether the native package `speaker` can be used here: it may be absent, unbuilt, or built for
 * another machine, and the only safe way to know is to load it in a process of its own.
 */
import { spawnSync } from "node:child_process";
import { PROBE_ARGUMENT } from "./speaker-messages.ts";
import { SPEAKER_CHILD } from "./speaker-node.ts";

/** A Node start-up on the smallest board, doubled. */
const PROBE_MS = 10_000;

/** Blocks for a Node start-up (about 0.1 s on a desktop). Says nothing about any sound device. */
export function canUseSpeakerPackage(): boolean {
  const probe = spawnSync(process.execPath, [SPEAKER_CHILD, PROBE_ARGUMENT], {
    stdio: "ignore",
    timeout: PROBE_MS,
    killSignal: "SIGKILL",
  });
  return probe.status === 0;
}
