/** What the demo is played with: a spoken question, a scenario for the server, a configuration. */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadWav } from "../../adapters/os/wav-file.ts";
import { msToSamples, SAMPLE_RATE_HZ } from "../../core/audio/pcm.ts";
import { wavHeader } from "../../core/audio/wav.ts";
import { FaultError, fault } from "../../core/fault.ts";

export interface Folder {
  readonly scratch: string;
  readonly question: string;
  readonly out: string;
  readonly metrics: string;
}

/** One breath: no pause between the wake word and the question. */
const QUESTION = "Computer, what is the best way to boil an egg?";
export const ANSWER =
  "Put the egg into boiling water, wait for seven minutes, and rinse it under the cold tap.";
/** Quiet before the words, so that the daemon has time to start listening. */
const LEAD_MS = 2_500;
const TAIL_MS = 500;
/** A quiet room: about -66 dBFS, which the wake-word engine wants (it goes deaf on pure zeros). */
const ROOM_LSB = 16;

/** Makes `question.wav`: room, words, room. Throws a FaultError without espeak-ng. */
export function recordQuestion(folder: Folder): void {
  const spoken = join(folder.scratch, "spoken.wav");
  const args = ["-v", "en-us", "-s", "150", "-w", spoken, QUESTION];
  const run = spawnSync("espeak-ng", args, { encoding: "utf8" });
  if (run.error || run.status !== 0) {
    const why = run.error?.message ?? run.stderr;
    const remedy = "Install it: sudo apt-get install espeak-ng";
    const message = `espeak-ng could not speak the question: ${why}`;
    throw new FaultError(fault("config", "exit", message, remedy));
  }
  const words = loadWav(spoken);
  const pcm = new Int16Array(msToSamples(LEAD_MS) + words.length + msToSamples(TAIL_MS));
  pcm.set(words, msToSamples(LEAD_MS));
  addRoom(pcm);
  const sound = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  writeFileSync(folder.question, Buffer.concat([wavHeader(SAMPLE_RATE_HZ, pcm.byteLength), sound]));
}

/** White noise from a linear congruential generator, the same each time. */
function addRoom(pcm: Int16Array): void {
  let state = 1;
  for (let i = 0; i < pcm.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const noise = Math.round((state / 2 ** 32 - 0.5) * 2 * ROOM_LSB * 1.7);
    pcm[i] = Math.min(32_767, Math.max(-32_768, (pcm[i] ?? 0) + noise));
  }
}

/** Writes the server's scenario; returns its path. */
export function demoScenario(folder: Folder): string {
  const path = join(folder.scratch, "scenario.json");
  writeFileSync(path, JSON.stringify({ turns: [{ say: ANSWER }] }));
  return path;
}

/** Writes the daemon's configuration; returns its path. */
export function demoConfig(folder: Folder, baseUrl: string): string {
  const path = join(folder.scratch, "config.yaml");
  const config = {
    openai: { api_key: "sk-demo-not-a-real-key", base_url: baseUrl },
    audio: { input_device: `file:${folder.question}`, output_device: `file:${folder.out}` },
    session: { follow_up_s: 4 },
    leds: { backend: "panel" },
    metrics: { dir: folder.metrics },
    system: { log_level: "debug", control_socket: join(folder.scratch, "control.sock") },
  };
  writeFileSync(path, JSON.stringify(config, null, 2)); // JSON is YAML.
  return path;
}

/** Length and loudness of a WAV: milliseconds, and milliseconds of it that are not silence. */
export function soundOf(path: string): { ms: number; soundingMs: number } {
  const pcm = loadWav(path);
  const window = msToSamples(10);
  let sounding = 0;
  for (let at = 0; at < pcm.length; at += window) {
    if (pcm.subarray(at, at + window).some((sample) => Math.abs(sample) > 100)) sounding += 10;
  }
  return { ms: (pcm.length * 1000) / SAMPLE_RATE_HZ, soundingMs: sounding };
}
