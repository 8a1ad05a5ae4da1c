/** Whether a voice gets through an answer: as the daemon has learned, or measured now and kept for it. */

import { composeDevices, type Parts } from "../../compose.ts";
import { isRecording } from "../../core/echo/duplex.ts";
import { echoReading, reachIn } from "../../core/echo/judge.ts";
import { FIRST_SHIFT_MS, learnSwept, shiftFor } from "../../core/echo/learned.ts";
import { number, record } from "../../core/json.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Context } from "./context.ts";
import { type EchoTrial, echoTrial } from "./echo-trial.ts";
import { keepEcho } from "./io-keep-echo.ts";
import type { Check } from "./run-check.ts";
import { type EchoFacts, judgeEcho } from "./sound.ts";

/** Two rushings of ten seconds, and what the adapters allow for a device that hangs. */
const ECHO_MAX_MS = 50_000;
const NOT_MEASURED = "Not measured yet: `pipit doctor --echo` plays noise for ten seconds to do it";

export function echoCheck(context: Context, settings: Settings, parts: Parts): Check {
  return {
    name: "echo",
    maxMs: ECHO_MAX_MS,
    run: async () => judgeEcho(await echoFacts(context, settings, parts)),
  };
}

async function echoFacts(context: Context, settings: Settings, parts: Parts): Promise<EchoFacts> {
  if (settings["audio.echo"] === "off") return { tag: "skip", why: "audio.echo is off" };
  if (isRecording(settings)) return { tag: "skip", why: "No echo between recordings" };
  if (!context.options.echo) return daemonFacts(context);
  if (context.daemon.tag === "running") {
    const why = "The running pipit has the devices: sudo systemctl stop pipit, and try again";
    return { tag: "skip", why };
  }
  return await measured(context, settings, parts);
}

/** What the running daemon has learned. */
function daemonFacts({ daemon }: Context): EchoFacts {
  const status = daemon.tag === "running" ? record(daemon.status["echo"]) : null;
  const reading = status === null ? null : echoReading(status);
  if (status === null || reading === null) return { tag: "skip", why: NOT_MEASURED };
  const least = status["swept"] === true ? 0 : 1;
  const answers = Math.max(least, number(status, "answers") ?? 0);
  const ageS = number(status, "measured_s") ?? 0;
  return { tag: "measured", answers, reading, reach: reachIn(status), ageS, unkept: null };
}

async function measured(context: Context, settings: Settings, parts: Parts): Promise<EchoFacts> {
  const { clock, screen } = context;
  const tryWith = (shiftMs: number): Promise<EchoTrial> => {
    const [microphone, speaker] = [parts.microphone(), parts.speaker()];
    const volume = settings["audio.volume"];
    return echoTrial({ clock, microphone, speaker, volume, shiftMs });
  };
  screen.doing("echo: ten seconds of noise, please be quiet");
  const first = await tryWith(FIRST_SHIFT_MS);
  if (first.tag === "lost") return first;
  if (first.reading === null) return { tag: "unheard" };
  const at = { devices: composeDevices(settings), wallMs: clock.wallMs() };
  let learned = learnSwept(first.reading, at);
  const shiftMs = shiftFor(learned);
  if (shiftMs !== FIRST_SHIFT_MS) {
    // It comes too late for a canceller that knows nothing; a daemon knows from the second answer on.
    screen.doing("echo: ten seconds once more, for it comes late");
    const second = await tryWith(shiftMs);
    if (second.tag === "lost") return second;
    if (second.reading !== null) learned = learnSwept(second.reading, at);
  }
  const unkept = await keepEcho(context, settings, learned);
  return { tag: "measured", answers: 0, reading: learned, reach: learned.reach, ageS: 0, unkept };
}
