/** Asks a card's mixer for its capture level, with the program amixer. */

import { type CaptureLevel, parseCaptureControls } from "../../core/alsa/mixer.ts";
import { runProgram } from "../os/run-program.ts";

/** It answers in milliseconds. */
const ASK_MAX_MS = 3000;

/** `card`: its identifier or number, as ALSA has it. */
export async function captureLevel(card: string): Promise<CaptureLevel> {
  const end = await runProgram("amixer", ["-c", card, "scontents"], { maxMs: ASK_MAX_MS });
  if (end.code !== 0) return { tag: "unknown" };
  const [control] = parseCaptureControls(end.stdout);
  return control === undefined ? { tag: "none" } : { tag: "control", card, control };
}
