/** What the demo found: the timeline, the sound, the metrics file; and whether it is as it should. */

import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { type Fields, fields, number, record } from "../../core/json.ts";
import { type Folder, soundOf } from "./io-material.ts";
import type { Said } from "./io-processes.ts";

export interface Outcome {
  readonly folder: Folder;
  readonly timeline: readonly Said[];
  /** Of the daemon. */
  readonly exitCode: number | null;
  /** The metrics file that was written, if any. */
  readonly metrics: string | undefined;
}

interface Check {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
}

/** Prints the summary; the result is the demo's exit code. */
export function report(outcome: Outcome): number {
  const { folder, metrics } = outcome;
  const file =
    metrics === undefined ? {} : (record(JSON.parse(readFileSync(metrics, "utf8"))) ?? {});
  const checks = [...ledChecks(outcome), ...soundChecks(folder, file), ...fileChecks(file)];
  checks.push({
    what: "the daemon stopped in good order",
    ok: outcome.exitCode === 0,
    found: `exit code ${outcome.exitCode}`,
  });
  const lines = checks.map(({ what, ok, found }) => `  ${ok ? "ok  " : "FAIL"}  ${what}: ${found}`);
  const files = [folder.out, metrics ?? "(no metrics file)"].map((path) => relative(".", path));
  process.stdout.write(["", ...lines, "", `  left behind: ${files.join(", ")}`, ""].join("\n"));
  return checks.every(({ ok }) => ok) ? 0 : 1;
}

/** What the LEDs show during a conversation. */
const LED_STATES = ["idle", "connecting", "listening", "thinking", "speaking", "follow-up", "idle"];

function ledChecks({ timeline }: Outcome): Check[] {
  const ledStates = timeline.filter(({ line }) => line.startsWith("led: "));
  const shown = ledStates.map(({ line }) => line.slice("led: ".length));
  return [{ what: "LEDs", ok: shown.join() === LED_STATES.join(), found: shown.join(" → ") }];
}

function soundChecks(folder: Folder, file: Fields): Check[] {
  const audio = fields(file, "audio");
  const played = number(audio, "played_ms");
  const received = number(audio, "received_ms");
  const { ms, soundingMs } = soundOf(folder.out);
  return [
    {
      what: "the reply was heard to its end",
      ok: played !== null && played > 0 && played === received,
      found: `${played} of ${received} ms; out.wav is ${Math.round(ms)} ms, ${soundingMs} ms of it sound`,
    },
    {
      what: "nothing that was said got lost",
      ok: number(audio, "dropped_ms") === 0,
      found: `${number(audio, "sent_ms")} ms sent, ${number(audio, "pre_roll_ms")} ms of it from before the wake word was recognised`,
    },
  ];
}

function fileChecks(file: Fields): Check[] {
  const latency = number(file, "average_response_latency");
  const cost = number(file, "estimated_cost");
  return [
    {
      what: "end of the question to the first sound at the speaker",
      ok: latency !== null,
      found: `${latency} ms, of which 500 ms are the silence that ends a turn`,
    },
    {
      what: "wake word to a listening session",
      ok: number(file, "wake_to_listening_ms") !== null,
      found: `${number(file, "wake_to_listening_ms")} ms`,
    },
    { what: "cost, from the usage reported", ok: (cost ?? 0) > 0, found: `$${cost?.toFixed(4)}` },
  ];
}
