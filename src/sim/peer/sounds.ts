/**
 * Makes the sounds of a scenario before the peer listens: WAV files read, sentences spoken by
 * espeak-ng (a tone where it is not installed), tones computed. Afterwards a turn's sound is only
 * looked up, so that a reply never waits for a disk or a child process.
 */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { msToSamples, SAMPLE_RATE_HZ } from "../../core/audio/pcm.ts";
import { convertTo24k } from "../../core/audio/rate.ts";
import { parseWav, wavToMono } from "../../core/audio/wav.ts";
import { FaultError, fault, thrownText } from "../../core/fault.ts";
import type { Part } from "./reply-plan.ts";
import type { ItemPlan, Scenario, Sound, Turn } from "./scenario.ts";
import { TONE_MS } from "./scenario-turns.ts";

/** espeak-ng speaks a sentence in a fraction of a second; after this it is killed. */
const SPEAK_MAX_MS = 15_000;
/** Longest sound of one item, seconds; more is cut off. */
const SOUND_MAX_S = 300;
const TONE_LEVEL = 8000;
/** Rise and fall of a tone, so that it does not click. */
const FADE_MS = 5;

/** Frequencies of replies without one of their own: far enough apart to tell them by ear or FFT. */
export function replyHz(reply: number): number {
  return 330 + 70 * (reply % 12);
}

export function tone(hz: number, ms: number): Int16Array {
  const pcm = new Int16Array(msToSamples(ms));
  const fade = Math.min(msToSamples(FADE_MS), Math.floor(pcm.length / 2));
  for (let index = 0; index < pcm.length; index++) {
    const edge = Math.min(1, (index + 1) / fade, (pcm.length - index) / fade);
    pcm[index] = Math.round(
      TONE_LEVEL * edge * Math.sin((2 * Math.PI * hz * index) / SAMPLE_RATE_HZ),
    );
  }
  return pcm;
}

export class Sounds {
  readonly #made = new Map<string, Int16Array>();
  readonly #read: (path: string) => Uint8Array;
  /** Sentences that became tones because espeak-ng is not there. */
  unspoken = 0;

  /** `read`: throws an Error that says why not. */
  constructor(read: (path: string) => Uint8Array = readFileSync) {
    this.#read = read;
  }

  /** Makes every sound of the scenario. `folder` is where relative WAV names are looked for. */
  async prepare(scenario: Scenario, folder: string): Promise<void> {
    const turns = [
      ...scenario.turns,
      scenario.otherwise,
      ...scenario.connections.flatMap((plan) => plan.turns ?? []),
    ];
    for (const item of turns.flatMap((turn) => turn.items ?? [])) {
      if (item.tag === "sound") await this.#make(item.sound, folder);
    }
  }

  /** The parts of a turn, sounds included. `reply` counts the peer's replies from 0. */
  parts(turn: Turn, reply: number): Part[] {
    if (turn.items === null) {
      const pcm = tone(replyHz(reply), TONE_MS);
      return [{ tag: "sound", pcm, transcript: `This is reply ${reply + 1}.`, phase: null }];
    }
    return turn.items.map((item, index) => this.#part(item, reply + index));
  }

  #part(item: ItemPlan, reply: number): Part {
    if (item.tag !== "sound") return item;
    const { sound, phase } = item;
    const spoken = sound.tag === "say" ? sound.text : `This is reply ${reply + 1}.`;
    const transcript = item.transcript ?? spoken;
    const pcm =
      sound.tag === "tone"
        ? tone(sound.hz ?? replyHz(reply), sound.ms)
        : (this.#made.get(keyOf(sound)) ?? new Int16Array(0));
    return { tag: "sound", pcm, transcript, phase };
  }

  async #make(sound: Sound, folder: string): Promise<void> {
    if (sound.tag === "tone" || this.#made.has(keyOf(sound))) return;
    const pcm =
      sound.tag === "wav"
        ? this.#fromFile(isAbsolute(sound.file) ? sound.file : join(folder, sound.file))
        : await this.#speak(sound.text);
    this.#made.set(keyOf(sound), pcm.subarray(0, SOUND_MAX_S * SAMPLE_RATE_HZ));
  }

  #fromFile(path: string): Int16Array {
    let bytes: Uint8Array;
    try {
      bytes = this.#read(path);
    } catch (cause) {
      const message = `cannot read ${path}: ${thrownText(cause)}`;
      throw new FaultError(fault("config", "exit", message), { cause });
    }
    return readWav(bytes, path);
  }

  async #speak(text: string): Promise<Int16Array> {
    const wav = await espeak(text);
    if (wav !== null) return readWav(wav, "the output of espeak-ng");
    this.unspoken += 1;
    return tone(replyHz(this.unspoken), Math.max(TONE_MS, text.length * 60));
  }
}

/** 24 kHz mono of WAV bytes; throws an Error with one clear sentence when they are none. */
function readWav(bytes: Uint8Array, name: string): Int16Array {
  const info = parseWav(bytes);
  if (info.tag === "problem")
    throw new FaultError(fault("config", "exit", `${name} ${info.problem}`));
  return convertTo24k(wavToMono(bytes, info), info.sampleRateHz);
}

function keyOf(sound: Sound): string {
  return JSON.stringify(sound);
}

/** A sentence as WAV bytes; null when espeak-ng is not installed, fails or takes too long. */
async function espeak(text: string): Promise<Buffer | null> {
  return await new Promise((resolve) => {
    const child = spawn("espeak-ng", ["--stdin", "--stdout"], {
      stdio: ["pipe", "pipe", "ignore"],
      timeout: SPEAK_MAX_MS,
      killSignal: "SIGKILL",
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stdin.on("error", () => resolve(null));
    child.on("error", () => resolve(null));
    child.on("close", (code) => resolve(code === 0 ? Buffer.concat(chunks) : null));
    child.stdin.end(text);
  });
}
