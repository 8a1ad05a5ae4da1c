/**
 * The daemon as a child process with file devices, the bare socket loop beside it, and the simulated
 * server in a third process, whose cost is nobody's. The windows that are measured lie between lines
 * that the programs print (conversation) or where the scene has them (waiting).
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { msToSamples } from "../../src/core/audio/pcm.ts";
import { type Fields, fields, number, record, text } from "../../src/core/json.ts";
import { MAIN } from "../helpers/pipit.ts";
import type { Findings } from "./findings.ts";
import { gateOpenShare, KEY, type Scene, type Span, writeRun, writeScenario } from "./material.ts";
import { cpuRate, cpuSample, memoryOf } from "./proc.ts";
import { Program } from "./program.ts";

/** A Node start-up on a loaded small board. */
const START_MAX_MS = 30_000;
/** What a scene may take beyond its own length. */
const GRACE_MS = 15_000;

const FLOOR_CLIENT = fileURLToPath(new URL("./floor-client.js", import.meta.url));
const PROBE = new URL("./probe.js", import.meta.url).href;

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** The simulated server; its answers last `replyMs`. */
export async function startServer(folder: string, replyMs: number): Promise<Server> {
  const scenario = join(folder, "scenario.json");
  writeScenario(scenario, replyMs);
  const peer = new Program("the simulated server", [
    MAIN,
    "simulate",
    "--json",
    "--scenario",
    scenario,
  ]);
  const { line } = await peer.line("{", START_MAX_MS);
  const url = text(record(JSON.parse(line)) ?? {}, "url");
  if (url === null) throw new Error("the simulated server did not tell its address");
  return { url, stop: () => peer.stop() };
}

/** One conversation of the bare socket loop, as long and with the same sound as the daemon's. */
export async function runFloor(
  findings: Findings,
  folder: string,
  scene: Scene,
  server: Server,
): Promise<void> {
  const { fromMs, toMs } = scene.talk;
  const raw = join(folder, "floor.raw");
  const pcm = scene.pcm.slice(msToSamples(fromMs), msToSamples(toMs));
  writeFileSync(raw, new Uint8Array(pcm.buffer));
  const url = `${server.url.replace("http", "ws")}/realtime?model=gpt-realtime`;
  const seconds = (toMs - fromMs) / 1000;
  const values = [url, raw, String(seconds), String(scene.shape.replyMs), KEY];
  const floor = new Program("the bare socket loop", [FLOOR_CLIENT, ...values]);
  try {
    await floor.line("open", START_MAX_MS);
    const before = cpuSample(floor.pid);
    await floor.line("done", toMs - fromMs + GRACE_MS);
    findings.add("floor_cpu", cpuRate(before, cpuSample(floor.pid)));
    const { rssMb, pssMb } = memoryOf(floor.pid);
    findings.add("floor_rss", rssMb);
    findings.add("floor_pss", pssMb);
  } finally {
    await floor.stop();
  }
}

export interface DaemonRun {
  readonly scene: Scene;
  /** Of the probe inside the daemon; null: without it. */
  readonly probeResolutionMs: number | null;
  /** Whether its CPU and memory count: a probe costs both. */
  readonly counts: boolean;
}

/** One life of the daemon: start, the scene's conversations, waiting, stop. */
export async function runDaemon(
  findings: Findings,
  folder: string,
  run: DaemonRun,
  server: Server,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { scene, probeResolutionMs } = run;
  const { config, metrics } = writeRun(folder, scene, server.url);
  const probeFile = join(folder, "probe.json");
  const probe = probeResolutionMs === null ? [] : ["--import", PROBE];
  const daemon = new Program("the daemon", [...probe, MAIN, "run", "--config", config], {
    ...process.env,
    PIPIT_BENCH_PROBE: probeFile,
    PIPIT_BENCH_RESOLUTION_MS: String(probeResolutionMs ?? 1),
  });
  try {
    const ready = await daemon.line("Ready", START_MAX_MS);
    if (probeResolutionMs === null) findings.add("start_ready", ready.atMs - daemon.startedMs);
    await converse(findings, daemon, run);
    if (run.counts) await wait(findings, daemon, scene, ready.atMs);
  } finally {
    await daemon.stop();
  }
  readMetrics(findings, metrics);
  if (probeResolutionMs !== null) readProbe(findings, probeFile, probeResolutionMs);
}

async function converse(findings: Findings, daemon: Program, run: DaemonRun): Promise<void> {
  const patienceMs = run.scene.talk.toMs + GRACE_MS;
  for (let wake = 0; wake < run.scene.shape.wakes; wake++) {
    await daemon.line("led: connecting", patienceMs);
    const before = cpuSample(daemon.pid);
    await daemon.line("led: idle", patienceMs);
    if (run.counts) findings.add("conversation_cpu", cpuRate(before, cpuSample(daemon.pid)));
  }
}

async function wait(
  findings: Findings,
  daemon: Program,
  scene: Scene,
  readyMs: number,
): Promise<void> {
  const { quiet, noisy } = scene;
  if (quiet === null || noisy === null) return;
  const awake = (span: Span): string =>
    `wake-word engine awake ${Math.round(100 * gateOpenShare(scene.pcm, span))} % of the time`;
  const calm = `${scene.shape.settleMs / 1000} s after a conversation`;
  findings.note("idle_quiet_cpu", `${awake(quiet)}, ${calm}`);
  findings.note("idle_speech_cpu", awake(noisy));
  findings.add("idle_quiet_cpu", await waiting(daemon, quiet, readyMs));
  const { rssMb, pssMb } = memoryOf(daemon.pid);
  findings.add("rss", rssMb);
  findings.add("pss", pssMb);
  findings.add("idle_speech_cpu", await waiting(daemon, noisy, readyMs));
}

/** CPU in a span of the scene in which nobody wakes the daemon. */
async function waiting(daemon: Program, span: Span, readyMs: number): Promise<number> {
  await sleep(Math.max(0, readyMs + span.fromMs - performance.now()));
  const before = cpuSample(daemon.pid);
  await sleep(Math.max(0, readyMs + span.toMs - performance.now()));
  const after = cpuSample(daemon.pid);
  if (daemon.hasSaid("led: ")) throw new Error("something woke the daemon while it was to wait");
  if (after.atMs - before.atMs < (span.toMs - span.fromMs) / 2) {
    throw new Error("the conversation took longer than the scene allows: the machine is too busy");
  }
  return cpuRate(before, after);
}

function readMetrics(findings: Findings, folder: string): void {
  for (const name of readdirSync(folder).filter((one) => one.startsWith("session_"))) {
    const file = readJson(join(folder, name));
    const listeningMs = number(file, "wake_to_listening_ms");
    if (listeningMs !== null) findings.add("wake_listening", listeningMs);
    const droppedMs = number(fields(file, "audio"), "dropped_ms");
    if (droppedMs !== null) findings.add("connect_lost", droppedMs);
  }
}

function readProbe(findings: Findings, path: string, resolutionMs: number): void {
  const found = readJson(path);
  const leds = found["wake_to_led_ms"];
  if (Array.isArray(leds)) findings.add("wake_led", ...leds.map(Number));
  const delays = found["delays"];
  if (!Array.isArray(delays)) return;
  for (const delay of delays.map((one) => record(one) ?? {})) {
    findings.add("loop_delay_p99", number(delay, "p99_ms") ?? Number.NaN);
    findings.add("loop_delay_max", number(delay, "max_ms") ?? Number.NaN);
    const note = `${number(delay, "count")} looks, one every ${resolutionMs} ms`;
    findings.note("loop_delay_p99", note);
  }
}

function readJson(path: string): Fields {
  return record(JSON.parse(readFileSync(path, "utf8"))) ?? {};
}
