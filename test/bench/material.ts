/**
 * What the bench plays to the daemon: a scene as one WAV (room, wake word and question, room, people
 * talking), the server's scenario and the daemon's configuration.
 *
 * Invariant: a scene is a time line: the windows in it are where the WAV says so, counted from the
 * first microphone frame; nothing is waited for that the WAV does not wait for.
 */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadWav } from "../../src/adapters/os/wav-file.ts";
import {
  FRAME_SAMPLES,
  msToSamples,
  SAMPLE_RATE_HZ,
  samplesToMs,
} from "../../src/core/audio/pcm.ts";
import { SpeechGate } from "../../src/core/audio/speech-gate.ts";
import { wavHeader } from "../../src/core/audio/wav.ts";
import { joined, room } from "../helpers/speech.ts";

/** Uniform noise of this peak has an RMS of 16.4 LSB: -66 dB below full scale. */
const ROOM_PEAK = 28;
/** The daemon listens for its wake word well before this, even on a loaded machine. */
const LEAD_MS = 2_000;
/** A question's end to the first sound of its answer: 500 ms of silence, 230 ms of server, slack. */
const THINK_MS = 900;
/** The microphone opens 200 ms after an answer; slack. */
const REOPEN_MS = 600;
/** After people began to talk, until it is measured: the gate has opened. */
const SPEECH_MS = 600;
/** What `openai.api_key` and the bare socket loop say; the simulated server takes any. */
export const KEY = "sk-bench-not-a-real-key";

const QUESTION = "Computer, what time is it?";
const NEXT_QUESTION = "And what day is it today?";
/** Nobody in it says the wake word. */
const PEOPLE =
  "The forecast for tomorrow promises rain in the west and some sunshine in the south, " +
  "while the evening will be cool with a light wind from the sea. On the roads there are no delays.";

export interface SceneShape {
  /** Conversations, one after the other. */
  readonly wakes: number;
  /** Questions in each: the later ones in the follow-up window. */
  readonly turns: number;
  /** Length of an answer. */
  readonly replyMs: number;
  /** How long the daemon listens on after an answer; longer than REOPEN_MS for several turns. */
  readonly followUpMs: number;
  /** Between the last conversation and the quiet window: its garbage is collected then. */
  readonly settleMs: number;
  /** Length of each window of waiting; 0: none. */
  readonly idleMs: number;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Scene {
  readonly shape: SceneShape;
  readonly pcm: Int16Array;
  /** From the beginning of the first wake word to the end of its conversation. */
  readonly talk: Span;
  readonly quiet: Span | null;
  readonly noisy: Span | null;
}

export interface Voice {
  readonly question: Int16Array;
  readonly next: Int16Array;
  readonly people: Int16Array;
}

/** Everything that is said. Throws without espeak-ng. */
export function recordVoice(folder: string): Voice {
  return {
    question: spoken(folder, QUESTION),
    next: spoken(folder, NEXT_QUESTION),
    people: spoken(folder, PEOPLE),
  };
}

function spoken(folder: string, text: string): Int16Array {
  const path = join(folder, "spoken.wav");
  const run = spawnSync("espeak-ng", ["-v", "en-us", "-s", "150", "-w", path, text]);
  if (run.error !== undefined || run.status !== 0) {
    throw new Error("needs espeak-ng, which says the wake word (apt-get install espeak-ng)");
  }
  return loadWav(path);
}

export function compose(voice: Voice, shape: SceneShape): Scene {
  const parts: Int16Array[] = [];
  let atMs = 0;
  const put = (pcm: Int16Array): void => {
    parts.push(pcm);
    atMs += samplesToMs(pcm.length);
  };
  const wait = (ms: number): void => put(room(ms, ROOM_PEAK));
  let talk: Span | null = null;
  wait(LEAD_MS);
  for (let wake = 0; wake < shape.wakes; wake++) {
    const fromMs = atMs;
    for (let turn = 0; turn < shape.turns; turn++) {
      put(inTheRoom(turn === 0 ? voice.question : voice.next));
      wait(THINK_MS + shape.replyMs + REOPEN_MS);
    }
    wait(shape.followUpMs);
    talk ??= { fromMs, toMs: atMs };
  }
  const quiet = windowAfter(atMs + shape.settleMs, shape);
  if (quiet !== null) wait(quiet.toMs - atMs);
  const noisy = windowAfter(atMs + SPEECH_MS, shape);
  while (noisy !== null && atMs < noisy.toMs) put(inTheRoom(voice.people));
  return { shape, pcm: joined(...parts), talk: talk ?? { fromMs: 0, toMs: atMs }, quiet, noisy };
}

function windowAfter(fromMs: number, { idleMs }: SceneShape): Span | null {
  return idleMs === 0 ? null : { fromMs, toMs: fromMs + idleMs };
}

function inTheRoom(words: Int16Array): Int16Array {
  const pcm = room(samplesToMs(words.length), ROOM_PEAK);
  for (let i = 0; i < pcm.length; i++) {
    pcm[i] = Math.max(-32_768, Math.min(32_767, (pcm[i] ?? 0) + (words[i] ?? 0)));
  }
  return pcm;
}

/** Share (0 to 1) of the frames of a span in which the wake-word engine is awake. */
export function gateOpenShare(pcm: Int16Array, span: Span): number {
  const gate = new SpeechGate();
  let frames = 0;
  let open = 0;
  for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
    const isOpen = gate.take(pcm.subarray(at, at + FRAME_SAMPLES));
    if (at < msToSamples(span.fromMs) || at >= msToSamples(span.toMs)) continue;
    frames += 1;
    if (isOpen) open += 1;
  }
  return frames === 0 ? 0 : open / frames;
}

export function writeWav(path: string, pcm: Int16Array): void {
  const sound = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  writeFileSync(path, Buffer.concat([wavHeader(SAMPLE_RATE_HZ, pcm.byteLength), sound]));
}

/** Every answer is one tone of this length; the server adds no delay to the handshake. */
export function writeScenario(path: string, replyMs: number): void {
  writeFileSync(path, JSON.stringify({ otherwise: { tone: { hz: 440, ms: replyMs } } }));
}

export interface RunFiles {
  readonly config: string;
  readonly input: string;
  readonly metrics: string;
}

/** Writes what one run of the daemon needs, into a folder of its own. */
export function writeRun(
  folder: string,
  scene: Scene,
  baseUrl: string,
  session: Readonly<Record<string, string>> = {},
): RunFiles {
  const files = {
    config: join(folder, "config.yaml"),
    input: join(folder, "input.wav"),
    metrics: join(folder, "metrics"),
  };
  writeWav(files.input, scene.pcm);
  const config = {
    openai: { api_key: KEY, base_url: baseUrl },
    audio: {
      input_device: `file:${files.input}`,
      output_device: `file:${join(folder, "output.wav")}`,
    },
    session: { follow_up_s: scene.shape.followUpMs / 1000, ...session },
    leds: { backend: "panel" },
    metrics: { dir: files.metrics },
    system: { control_socket: join(folder, "control.sock") },
  };
  writeFileSync(files.config, JSON.stringify(config)); // JSON is YAML.
  return files;
}
