/**
 * What each state costs where the sound goes the appliance's own way, through a recorder's pipe and
 * aplay: CPU of the whole tree, and how often our own Node is woken (voluntary context switches, which
 * are steady where milliseconds are not). The bare loop with the same devices goes before it.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { whyNoSpeakerPackage } from "../../src/adapters/speaker/pick.ts";
import { FRAME_SAMPLES, msToSamples, rms } from "../../src/core/audio/pcm.ts";
import { NULL_SPEAKER, PIPE_MICROPHONE, PipeDevices } from "../helpers/pipe-devices.ts";
import { MAIN } from "../helpers/pipit.ts";
import { joined } from "../helpers/speech.ts";
import { unitFlags, unitMemory } from "../helpers/unit-flags.ts";
import { startServer } from "./conversation.ts";
import { at16k } from "./core-costs.ts";
import type { Findings, RowId } from "./findings.ts";
import { KEY, recordVoice, type Voice } from "./material.ts";
import { PacedEngine } from "./paced-engine.ts";
import { type Cost, costBetween, type Memory, memoryOf, sampleOf } from "./proc.ts";
import { Program } from "./program.ts";

const FLOOR = fileURLToPath(new URL("./floor-devices.js", import.meta.url));
const AGENTS = fileURLToPath(new URL("./agents-devices.js", import.meta.url));
const START_MAX_MS = 30_000;
const SAY_MAX_MS = 20_000;
/** Frames of the talk below this are left out: the end of a question is one pause of 500 ms. */
const PAUSE_RMS = 200;
/** From a change of state until it is measured. */
const SETTLE_MS = 700;
/** Before and after people talk: the gate's floor. */
const CALM_MS = 5_000;
/** Talk before an answer that is compared with one of another life, which hears as much: at most. */
const ANSWER_WARM_MAX_MS = 60_000;

export interface StateShape {
  /** Length of each window. */
  readonly windowMs: number;
  /** How long it has waited in a quiet room when that is measured. The gate finds its floor in 4 s. */
  readonly startedMs: number;
  /** How long people have talked when that is measured, or a conversation begins. */
  readonly talkWarmMs: number;
}

export interface StatesShape extends StateShape {
  /** Answers by `speaker`, beside as many by aplay; even, for each goes first every other time. */
  readonly pairs: number;
}

/**
 * In a quiet room V8 collects once nothing is allocated any more (8 to 10 s); then, and in the first
 * minute of talk, it compiles, which is a third of the CPU, and in the second one still 1 to 2 ms/s.
 */
export const WARM: StatesShape = {
  windowMs: 8_000,
  startedMs: 60_000,
  talkWarmMs: 120_000,
  pairs: 4,
};

/** How long an answer must be for the window of speaking. */
export function replyMsFor({ windowMs }: StateShape): number {
  return windowMs + 3 * SETTLE_MS;
}

interface WaitCosts {
  readonly quiet: Cost;
  /** People talk, and nobody calls. */
  readonly people: Cost;
  /** Meanwhile, of the wake-word engine alone, in another process; 1000 is one core. */
  readonly engineMsPerS: number;
}

interface AnswerCosts {
  readonly listening: Cost;
  readonly speaking: Cost;
  /** After the conversation. */
  readonly memory: Memory;
}

export type StateCosts = WaitCosts & AnswerCosts;

const APLAY_ROWS = [
  ...(["device_quiet_wakes", "device_people_wakes", "device_listening_wakes"] as const),
  ...(["device_speaking_wakes", "device_quiet_cpu", "device_people_cpu"] as const),
  ...(["engine_cpu", "device_people_beyond"] as const),
  ...(["device_listening_cpu", "device_speaking_cpu", "device_rss", "device_pss"] as const),
];
const BARE_ROWS = ["bare_quiet_cpu", "bare_listening_cpu", "bare_speaking_cpu"] as const;
const SHARE_ROWS = ["device_quiet_share", "device_talk_share", "device_talk_own_share"] as const;
const AGENTS_ROWS = ["agents_talk_share", "agents_rss"] as const;
const SPEAKER_ROWS = [
  ...(["speaker_speaking_wakes", "speaker_speaking_cpu"] as const),
  ...(["speaker_share", "speaker_child_rss"] as const),
];
const FULL_ROWS = ["full_speaking_wakes", "full_speaking_cpu"] as const;
export const STATE_ROWS: readonly RowId[] = [
  ...BARE_ROWS,
  ...APLAY_ROWS,
  ...SHARE_ROWS,
  ...AGENTS_ROWS,
  ...SPEAKER_ROWS,
  ...FULL_ROWS,
];

/** The bare loop, aplay, full duplex and speaker by turns, so that each round is of one weather. */
export async function states(
  findings: Findings,
  folder: string,
  shape: StatesShape,
  rounds: number,
): Promise<void> {
  const voice = recordVoice(folder);
  const server = await startServer(folder, replyMsFor(shape));
  const { url } = server;
  const why = whyNoSpeakerPackage();
  try {
    for (let round = 0; round < rounds; round++) {
      const bare = await floorStates(voice, url, shape);
      const agents = await talkOf(AGENTS, voice, url, shape);
      findings.add("agents_talk_share", talkShare(agents, bare));
      findings.add("agents_rss", agents.rssMb);
      const place = (name: string): Place => ({
        folder: join(folder, `${name}-${round}`),
        voice,
        url,
      });
      const own = await daemonStates(place("aplay"), shape);
      addRound(findings, bare, own);
      const full = await daemonAnswer(place("full"), shape, { echo: "full" });
      findings.add("full_speaking_wakes", full.speaking.wakesPerS);
      findings.add("full_speaking_cpu", full.speaking.msPerS);
      if (why !== null) {
        for (const id of SPEAKER_ROWS) findings.missing(id, `the package speaker ${why}`);
        continue;
      }
      const pairs = await speakerBesideAplay(place, shape);
      for (const { aplay, speaker } of pairs) addSpeaker(findings, aplay, speaker);
    }
  } finally {
    await server.stop();
  }
}

function addRound(findings: Findings, bare: FloorCosts, own: StateCosts): void {
  findings.add("bare_quiet_cpu", bare.quiet.ownMsPerS);
  findings.add("bare_listening_cpu", bare.listening.msPerS);
  findings.add("bare_speaking_cpu", bare.speaking.msPerS);
  for (const state of ["quiet", "people", "listening", "speaking"] as const) {
    findings.add(`device_${state}_wakes`, own[state].wakesPerS);
    findings.add(`device_${state}_cpu`, own[state].msPerS);
  }
  findings.add("engine_cpu", own.engineMsPerS);
  findings.add("device_people_beyond", own.people.ownMsPerS - own.engineMsPerS);
  findings.add("device_rss", own.memory.rssMb);
  findings.add("device_pss", own.memory.pssMb);
  findings.add("device_quiet_share", own.quiet.ownMsPerS / bare.quiet.ownMsPerS);
  findings.add("device_talk_share", talkShare(own, bare));
  findings.add("device_talk_own_share", talkShare(own, bare, "ownMsPerS"));
}

type TalkCosts = Pick<AnswerCosts, "listening" | "speaking">;

/** A conversation, half of it listening, over the bare loop's; with the sound programs, or of Node alone. */
function talkShare(
  own: TalkCosts,
  bare: TalkCosts,
  whose: "msPerS" | "ownMsPerS" = "msPerS",
): number {
  const sum = (of: TalkCosts): number => of.listening[whose] + of.speaking[whose];
  return sum(own) / sum(bare);
}

function addSpeaker(findings: Findings, aplay: AnswerCosts, speaker: AnswerCosts): void {
  findings.add("speaker_speaking_wakes", speaker.speaking.wakesPerS);
  findings.add("speaker_speaking_cpu", speaker.speaking.msPerS);
  findings.add("speaker_share", speaker.speaking.msPerS / aplay.speaking.msPerS);
  findings.add("speaker_child_rss", speaker.memory.childMb);
}

/** Talk of `ms` without a pause. */
function talk(voice: Voice, ms: number): Int16Array {
  const loud: Int16Array[] = [];
  for (let at = 0; at + FRAME_SAMPLES <= voice.people.length; at += FRAME_SAMPLES) {
    const frame = voice.people.subarray(at, at + FRAME_SAMPLES);
    if (rms(frame) > PAUSE_RMS) loud.push(frame);
  }
  const once = joined(...loud);
  const times = Math.ceil(msToSamples(ms) / once.length);
  return joined(...Array.from({ length: times }, () => once)).subarray(0, msToSamples(ms));
}

async function windowOf(program: Program, ms: number): Promise<Cost> {
  await sleep(SETTLE_MS);
  const before = sampleOf(program.pid);
  await sleep(ms);
  return costBetween(before, sampleOf(program.pid));
}

/** Where a daemon lives, and what it hears and is answered by. */
export interface Place {
  readonly folder: string;
  readonly voice: Voice;
  /** Of the server. */
  readonly url: string;
}

interface Life extends Place {
  readonly daemon: Program;
  readonly devices: PipeDevices;
}

/** One life of the daemon: waiting, people talking, a conversation. */
export async function daemonStates(place: Place, shape: StateShape): Promise<StateCosts> {
  return await lived(place, {}, async (life) => {
    const waiting = await waitCosts(life, shape);
    await sleep(CALM_MS);
    return { ...waiting, ...(await answerCosts(life, shape)) };
  });
}

/** People talk, then a conversation, which counts. `audio`: settings of the sound. */
async function daemonAnswer(
  place: Place,
  shape: StateShape,
  audio: Readonly<Record<string, string>>,
): Promise<AnswerCosts> {
  return await lived(place, audio, async (life) => {
    await hearTalk(life, shape);
    return await answerCosts(life, shape);
  });
}

/** People talk: most is compiled by then. */
async function hearTalk({ devices, voice }: Life, shape: StateShape): Promise<void> {
  await sleep(CALM_MS);
  const talkMs = Math.min(shape.talkWarmMs, ANSWER_WARM_MAX_MS) + shape.windowMs;
  devices.say(talk(voice, talkMs));
  await sleep(talkMs + CALM_MS);
}

interface Pair {
  readonly aplay: AnswerCosts;
  readonly speaker: AnswerCosts;
}

/**
 * Two daemons at the same time, which answer by turns: how fast the machine is changes by the minute, and
 * by more than what they differ in.
 */
async function speakerBesideAplay(
  place: (name: string) => Place,
  shape: StatesShape,
): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  // By itself, the third conversation without an echo would be in full duplex.
  const echo = "wake";
  await lived(place("aplay-beside"), { echo }, async (one) => {
    await lived(place("speaker"), { echo, output_backend: "speaker" }, async (other) => {
      await Promise.all([hearTalk(one, shape), hearTalk(other, shape)]);
      const aplay = (): Promise<AnswerCosts> => answerCosts(one, shape);
      const speaker = (): Promise<AnswerCosts> => answerCosts(other, shape);
      for (let n = 0; n < shape.pairs; n += 2) {
        pairs.push({ aplay: await aplay(), speaker: await speaker() });
        pairs.push({ speaker: await speaker(), aplay: await aplay() });
      }
    });
  });
  return pairs;
}

async function lived<T>(
  place: Place,
  audio: Readonly<Record<string, string>>,
  live: (life: Life) => Promise<T>,
): Promise<T> {
  const devices = new PipeDevices();
  mkdirSync(place.folder, { recursive: true });
  const config = join(place.folder, "config.yaml");
  writeFileSync(config, configText(place, audio));
  // It is the owner's daemon that counts.
  const values = [...unitFlags(), MAIN, "run", "--config", config];
  const daemon = new Program("the daemon", values, { ...devices.env, ...unitMemory() });
  try {
    await daemon.line("Ready", START_MAX_MS);
    return await live({ ...place, daemon, devices });
  } finally {
    await daemon.stop();
    devices.close();
  }
}

async function waitCosts(
  { daemon, devices, voice }: Life,
  { windowMs, startedMs, talkWarmMs }: StateShape,
): Promise<WaitCosts> {
  const engine = new PacedEngine(at16k(talk(voice, windowMs)));
  await sleep(startedMs);
  const quiet = await windowOf(daemon, windowMs);
  devices.say(talk(voice, talkWarmMs + windowMs + 2 * SETTLE_MS));
  await sleep(talkWarmMs);
  // At the same time: how fast the machine is changes by the minute.
  const [people, engineMsPerS] = await Promise.all([
    windowOf(daemon, windowMs),
    engine.measure(windowMs + SETTLE_MS),
  ]);
  return { quiet, people, engineMsPerS };
}

async function answerCosts(
  { daemon, devices, voice }: Life,
  { windowMs }: StateShape,
): Promise<AnswerCosts> {
  if (daemon.hasSaid("led: connecting")) throw new Error("something woke it while it waited");
  devices.say(joined(voice.question, talk(voice, windowMs + 2 * SETTLE_MS)));
  await daemon.line("led: listening", SAY_MAX_MS);
  const listening = await windowOf(daemon, windowMs);
  if (daemon.hasSaid("led: ")) throw new Error("it did not listen to the end");
  await daemon.line("led: speaking", SAY_MAX_MS);
  const speaking = await windowOf(daemon, windowMs);
  if (daemon.hasSaid("led: ")) throw new Error("it did not speak to the end");
  await daemon.line("led: idle", SAY_MAX_MS);
  await sleep(SETTLE_MS);
  return { listening, speaking, memory: memoryOf(daemon.pid) };
}

/** For a daemon with these devices, as JSON, which is YAML. */
export function configText(
  { folder, url }: Pick<Place, "folder" | "url">,
  audio: Readonly<Record<string, string>> = {},
): string {
  return JSON.stringify({
    openai: { api_key: KEY, base_url: url },
    audio: {
      input_device: PIPE_MICROPHONE,
      output_device: NULL_SPEAKER,
      output_backend: "aplay",
      ...audio,
    },
    session: { mode: "single_turn" },
    leds: { backend: "panel" },
    metrics: { dir: join(folder, "metrics") },
    system: { control_socket: join(folder, "control.sock") },
  });
}

export interface FloorCosts {
  /** Node reads its microphone every 20 ms, and nothing else. */
  readonly quiet: Cost;
  readonly listening: Cost;
  readonly speaking: Cost;
}

/** The bare loop with the same devices: waiting, then the same conversation. */
export async function floorStates(
  voice: Voice,
  url: string,
  shape: StateShape,
): Promise<FloorCosts> {
  const quiet = await bare(FLOOR, ["none"], async (floor) => {
    await sleep(SETTLE_MS);
    return windowOf(floor, shape.windowMs);
  });
  return { quiet, ...(await talkOf(FLOOR, voice, url, shape)) };
}

/** The conversation of a program without a wake word, as soon as it is connected. */
async function talkOf(
  program: string,
  voice: Voice,
  url: string,
  shape: StateShape,
): Promise<TalkCosts & { readonly rssMb: number }> {
  const address = `${url.replace("http", "ws")}/realtime?model=gpt-realtime`;
  const values = [address, KEY, String(replyMsFor(shape))];
  return await bare(program, values, async (floor, devices) => {
    devices.say(talk(voice, shape.windowMs + 2 * SETTLE_MS));
    const listening = await windowOf(floor, shape.windowMs);
    await floor.line("speaking", SAY_MAX_MS);
    const speaking = await windowOf(floor, shape.windowMs);
    return { listening, speaking, rssMb: memoryOf(floor.pid).rssMb };
  });
}

async function bare<T>(
  program: string,
  values: readonly string[],
  measure: (floor: Program, devices: PipeDevices) => Promise<T>,
): Promise<T> {
  const devices = new PipeDevices();
  const floor = new Program("the bare loop with devices", [program, ...values], devices.env);
  try {
    await floor.line("open", START_MAX_MS);
    return await measure(floor, devices);
  } finally {
    await floor.stop();
    devices.close();
  }
}
