/**
 * The 33 traps of the Realtime API: what implementers get wrong. A test that shows that one of them
 * cannot happen here says so in its last line, when all its assertions have held. A run of all tests
 * ends badly where a trap was shown by none (scripts/run-tests.mjs).
 */

import { appendFileSync } from "node:fs";
import { join } from "node:path";

export const TRAPS = {
  1: "cut later than what was received",
  2: "cut before any sound was heard",
  3: "never cut at all",
  4: "echo",
  5: "microphone open at response.done",
  6: "a second response.create",
  7: "a response for each tool output",
  8: "the cancel race",
  9: "late deltas are played",
  10: "the 60-minute end",
  11: "a reconnect taken for a resume",
  12: "half-open TCP",
  13: "no handshake timeout",
  14: "a send buffer without bound",
  15: "a frame cap that kills long answers",
  16: "sound before session.updated",
  17: "a refused set-up is ignored",
  18: "a failed response is ignored",
  19: "close code and reason are dropped",
  20: "cached tokens counted twice",
  21: "reasoning tokens billed twice",
  22: "runaway of tokens",
  23: "paid transcription that nobody uses",
  24: "two audio items",
  25: "MCP results that are never spoken",
  26: "commits of less than 100 ms",
  27: "a wrong sample rate",
  28: "a voice changed in mid-session",
  29: "a hard-coded model",
  30: "transcripts of the user that drive logic",
  31: "server_error bursts",
  32: "a time-out that leaves the response running",
  33: "Home Assistant bypassed",
} as const;

export type Trap = keyof typeof TRAPS;

/** Where the run collects them: a folder with a file for each trap; absent when only some tests run. */
const FOLDER = process.env["PIPIT_TRAPS"];

/** The test that calls this has shown that these traps cannot happen. */
export function avoids(...traps: readonly Trap[]): void {
  if (FOLDER === undefined) return;
  for (const trap of traps) appendFileSync(join(FOLDER, String(trap)), ".");
}
