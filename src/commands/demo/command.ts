/**
 * `pipit demo`: the main job, end to end, on this machine. Somebody (espeak-ng) says the wake word
 * and a question in one breath into a WAV; the real daemon hears it as its microphone, talks to the
 * simulated Realtime server (another process), and speaks into out.wav.
 */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { folderTrouble, isForeign, isWave, outputTrouble } from "../../adapters/os/own-file.ts";
import { type CommandSpec, readCommandLine, usageError } from "../args.ts";
import { demoConfig, demoScenario, type Folder, recordQuestion } from "./io-material.ts";
import { type Daemon, startDaemon, startLive, startPeer } from "./io-processes.ts";
import { report } from "./io-report.ts";

/** The whole play, from the daemon's start to idle again; it usually takes 20 s. */
const DEMO_MAX_MS = 60_000;

export const SPEC: CommandSpec = {
  name: "demo",
  summary: "Holds one conversation on this machine and shows it.",
  config: true,
  options: {
    live: { doc: "the real API (OPENAI_API_KEY), microphone and speaker, until Ctrl-C" },
    out: { value: "FILE", doc: "where the answer is recorded (out.wav)" },
    metrics: { value: "DIR", doc: "where the metrics file is written (metrics)" },
  },
};

/** Runs the demo; returns the exit code: 0 when everything that should have happened did. */
export async function demo(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  if (line.flag("live")) return startLive(line.config);
  const out = line.option("out") ?? "out.wav";
  // The daemon would refuse it, in words about a file that the owner has not written.
  if (isForeign(out, isWave)) {
    return usageError(SPEC.name, `${out} exists and is not a WAV file; choose another: --out FILE`);
  }
  const metrics = line.option("metrics") ?? "metrics";
  const trouble =
    said("out", out, outputTrouble(resolve(out))) ??
    said("metrics", metrics, folderTrouble(resolve(metrics)));
  if (trouble !== null) return usageError(SPEC.name, trouble);
  const scratch = mkdtempSync(join(tmpdir(), "pipit-demo-"));
  const folder: Folder = {
    scratch,
    question: join(scratch, "question.wav"),
    out: resolve(out),
    metrics: resolve(metrics),
  };
  try {
    return await play(folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function said(option: string, path: string, why: string | null): string | null {
  return why === null ? null : `--${option} ${path} ${why}`;
}

async function play(folder: Folder): Promise<number> {
  const before = new Set(metricsFiles(folder.metrics));
  say("Somebody says: “Computer, what is the best way to boil an egg?”");
  recordQuestion(folder);
  const peer = await startPeer(demoScenario(folder));
  try {
    const daemon = await startDaemon(demoConfig(folder, peer.url));
    await conversation(daemon);
    const stopped = await daemon.stop();
    const written = metricsFiles(folder.metrics).filter((name) => !before.has(name));
    const [metrics] = written.map((name) => join(folder.metrics, name));
    return report({ folder, timeline: daemon.timeline, exitCode: stopped, metrics });
  } finally {
    await peer.stop();
  }
}

/** Shows what the daemon says until it has been woken and is idle again. */
async function conversation(daemon: Daemon): Promise<void> {
  say("");
  const deadline = Date.now() + DEMO_MAX_MS;
  for await (const { atMs, line } of daemon.lines(deadline)) {
    say(`${(atMs / 1000).toFixed(2).padStart(7)} s  ${line}`);
    if (daemon.isOver()) return;
  }
  say("The conversation did not come to its end in time.");
}

function metricsFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith("session_"));
  } catch {
    return []; // Not made yet.
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
