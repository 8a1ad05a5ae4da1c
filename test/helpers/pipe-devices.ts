/**
 * Sound devices for measuring: an `arecord` that costs next to nothing (cat on a pipe that we feed at
 * real pace, in the periods that were asked for) and the real `aplay` on ALSA's null device.
 *
 * Invariant: what the microphone hears is a hiss that never ends, with what is said on top of it;
 * nothing is fed before a recorder has asked for sound.
 */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { msToSamples, samplesToMs } from "../../src/core/audio/pcm.ts";
import { room } from "./speech.ts";

/** Uniform noise of this peak has an RMS of 16 LSB: -66 dB below full scale. */
const ROOM_PEAK = 28;
const ROOM_MS = 10_000;
/** How often it is looked whether a recorder has been started. */
const LOOK_MS = 20;

/** Tells the period it was asked for, then becomes a program of a few pages. */
const RECORDER = `#!/bin/sh
for word in "$@"; do
  case "$word" in --period-time=*) echo "\${word#*=}" > "$PIPE_DEVICES/period.new";; esac
done
mv "$PIPE_DEVICES/period.new" "$PIPE_DEVICES/period"
exec cat "$PIPE_DEVICES/sound"
`;

const ASOUND = "pcm.null_out { type null }\nctl.null_out { type null }\n";

/** The device names for the configuration: the microphone's means nothing to the recorder. */
export const PIPE_MICROPHONE = "pipe_in";
export const NULL_SPEAKER = "null_out";

export class PipeDevices {
  /** Environment for whoever shall use these devices. */
  readonly env: NodeJS.ProcessEnv;
  readonly #folder = mkdtempSync(join(tmpdir(), "pipit-pipe-"));
  readonly #fd: number;
  readonly #room = room(ROOM_MS, ROOM_PEAK);
  #said: { readonly pcm: Int16Array; from: number }[] = [];
  #timer: NodeJS.Timeout;
  #periodMs: number | null = null;
  #startedMs = 0;
  #samples = 0;

  /** Throws where there is no mkfifo. */
  constructor() {
    const programs = join(this.#folder, "bin");
    mkdirSync(programs);
    const sound = join(this.#folder, "sound");
    if (spawnSync("mkfifo", [sound]).status !== 0) throw new Error("needs mkfifo (coreutils)");
    writeFileSync(join(programs, "arecord"), RECORDER);
    chmodSync(join(programs, "arecord"), 0o755);
    writeFileSync(join(this.#folder, "asound.conf"), ASOUND);
    this.env = {
      ...process.env,
      PATH: `${programs}:${process.env["PATH"] ?? ""}`,
      PIPE_DEVICES: this.#folder,
      ALSA_CONFIG_PATH: join(this.#folder, "asound.conf"),
    };
    // Open for both, so that it neither waits for a reader nor sees its end.
    this.#fd = openSync(sound, constants.O_RDWR | constants.O_NONBLOCK);
    this.#timer = setInterval(() => this.#await(), LOOK_MS);
  }

  /** The recorder's period, milliseconds; null before one was started. */
  get periodMs(): number | null {
    return this.#periodMs;
  }

  /** From now on this is heard; returns its length in milliseconds. */
  say(pcm: Int16Array): number {
    this.#said.push({ pcm, from: this.#samples });
    return samplesToMs(pcm.length);
  }

  close(): void {
    clearTimeout(this.#timer);
    closeSync(this.#fd);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #await(): void {
    try {
      this.#periodMs = Number(readFileSync(join(this.#folder, "period"), "utf8")) / 1000;
    } catch {
      return; // no recorder yet
    }
    clearInterval(this.#timer);
    this.#startedMs = performance.now();
    this.#turn(this.#periodMs);
  }

  #turn(periodMs: number): void {
    const dueMs = (): number => this.#startedMs + samplesToMs(this.#samples) + periodMs;
    while (performance.now() >= dueMs()) this.#feed(msToSamples(periodMs));
    this.#timer = setTimeout(() => this.#turn(periodMs), Math.ceil(dueMs() - performance.now()));
  }

  #feed(count: number): void {
    const pcm = new Int16Array(count);
    for (let i = 0; i < count; i++) pcm[i] = this.#soundAt(this.#samples + i);
    this.#samples += count;
    this.#said = this.#said.filter(({ pcm: one, from }) => from + one.length > this.#samples);
    try {
      writeSync(this.#fd, new Uint8Array(pcm.buffer));
    } catch {
      // Full: the reader stands still, and a sound card would drop it, too.
    }
  }

  #soundAt(position: number): number {
    let sample = this.#room[position % this.#room.length] ?? 0;
    for (const { pcm, from } of this.#said) sample += pcm[position - from] ?? 0;
    return Math.max(-32_768, Math.min(32_767, sample));
  }
}
