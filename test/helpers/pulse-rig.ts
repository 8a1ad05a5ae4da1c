/**
 * A PulseAudio of our own with a virtual microphone and a virtual speaker: real ALSA, real pace, no
 * sound card. ALSA names `vmic` and `vspk`; `default` plays to vspk and records from vmic; `vroom` is
 * a microphone that hears what vspk plays, `vfar` one that hears what vmic does, from farther away.
 *
 * Both are 24 kHz mono s16le, so sound passes bit for bit. Everything lives in one temporary folder;
 * a server whose test was killed ends by itself two minutes later.
 */

import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { eventually } from "./host.ts";

/** Reason for skipping, when `startPulseRig` gives null. */
export const NO_PULSE =
  "needs pulseaudio, pulseaudio-utils, alsa-utils and libasound2-plugins (apt-get install)";

const run = promisify(execFile);

export interface SpeakerRecording {
  /** All that the speaker played since it began, 24 kHz mono, silence included. */
  samples(): Int16Array;
  stop(): Promise<void>;
}

export interface PulseRig {
  /** Environment for whoever shall use these devices. */
  readonly env: NodeJS.ProcessEnv;
  /** Plays a WAV into the microphone; resolves when it has been played. */
  playIntoMic(wavPath: string): Promise<void>;
  /** The same where the speaker plays, too: the microphone `vroom` hears both. */
  playIntoRoom(wavPath: string): Promise<void>;
  /** Resolves when the recording runs. */
  recordSpeaker(): Promise<SpeakerRecording>;
  /** Kills the sound server and starts it again; resolves when it answers. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Volumes are cubic: 48287 of 65536 is 0.4 of the sound. norewinds keeps a null sink from buffering two seconds. */
const SCRIPT = `
load-module module-native-protocol-unix
load-module module-null-sink sink_name=vmic_sink norewinds=1 rate=24000 channels=1 format=s16le
load-module module-remap-source source_name=vmic master=vmic_sink.monitor
load-module module-remap-source source_name=vfar master=vmic_sink.monitor
set-source-volume vfar 48287
load-module module-null-sink sink_name=vspk norewinds=1 rate=24000 channels=1 format=s16le
set-default-sink vspk
set-default-source vmic
`;

const ASOUND = `
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.vmic { type pulse device vmic }
pcm.vfar { type pulse device vfar }
pcm.vspk { type pulse device vspk }
pcm.vroom { type pulse device vspk.monitor }
`;

function gone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await eventually("the end of a process of the rig", () => gone(child));
}

function startServer(folder: string, env: NodeJS.ProcessEnv): ChildProcess {
  const script = ["-n", "-F", join(folder, "script.pa"), "--daemonize=no", "--exit-idle-time=120"];
  const plain = ["--use-pid-file=no", "--realtime=no", "--high-priority=no", "--disable-shm=yes"];
  return spawn("pulseaudio", [...script, ...plain], { env, stdio: "ignore" });
}

/** Starts it, or gives null where it is not installed (see NO_PULSE). */
export async function startPulseRig(): Promise<PulseRig | null> {
  for (const program of ["pulseaudio", "pactl", "parec", "paplay", "arecord", "aplay"]) {
    if (spawnSync(program, ["--version"], { stdio: "ignore" }).error !== undefined) return null;
  }
  const folder = mkdtempSync(join(tmpdir(), "pipit-pulse-"));
  const runtime = join(folder, "run");
  mkdirSync(join(runtime, "pulse"), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "script.pa"), SCRIPT);
  writeFileSync(join(folder, "asound.conf"), ASOUND);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: folder,
    XDG_RUNTIME_DIR: runtime,
    PULSE_SERVER: `unix:${join(runtime, "pulse", "native")}`,
    ALSA_CONFIG_PATH: join(folder, "asound.conf"),
  };
  let server = startServer(folder, env);
  const close = async (): Promise<void> => {
    await end(server);
    rmSync(folder, { recursive: true, force: true });
  };
  if (!(await answers(env, server))) {
    await close();
    return null;
  }
  return {
    env,
    async playIntoMic(wavPath) {
      await run("paplay", ["--device=vmic_sink", wavPath], { env, timeout: 120_000 });
    },
    async playIntoRoom(wavPath) {
      await run("paplay", ["--device=vspk", wavPath], { env, timeout: 120_000 });
    },
    recordSpeaker: () => record(env),
    async restart() {
      await end(server);
      server = startServer(folder, env);
      assert.ok(await answers(env, server), "the sound server is back");
    },
    close,
  };
}

/** How often somebody says a wake word again that was not heard. */
const SAYINGS_MAX = 3;

/**
 * Says something that begins with the wake word until it is heard. How often a word is heard is
 * measured elsewhere; here a busy machine may lose a piece of it.
 */
export async function sayUntil(
  t: TestContext,
  isHeard: () => boolean,
  say: () => Promise<void>,
): Promise<void> {
  for (let nth = 1; nth <= SAYINGS_MAX; nth++) {
    if (nth > 1) t.diagnostic("the wake word was not heard, and is said once more");
    await say();
    if (isHeard()) return;
  }
  throw new Error(`said ${SAYINGS_MAX} times, the wake word was not heard`);
}

async function answers(env: NodeJS.ProcessEnv, server: ChildProcess): Promise<boolean> {
  const endMs = performance.now() + 15_000;
  while (!gone(server) && performance.now() < endMs) {
    const sinks = await run("pactl", ["list", "short", "sinks"], { env, timeout: 5_000 }).catch(
      () => null,
    );
    if (sinks?.stdout.includes("vspk") === true) return true;
  }
  return false;
}

async function record(env: NodeJS.ProcessEnv): Promise<SpeakerRecording> {
  const format = ["--raw", "--rate=24000", "--channels=1", "--format=s16le", "--latency-msec=10"];
  const recorder = spawn("parec", ["--device=vspk.monitor", ...format], {
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const chunks: Buffer[] = [];
  recorder.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await eventually(
    "sound from the monitor of the speaker",
    () => chunks.length > 0 || gone(recorder),
  );
  return {
    samples() {
      const bytes = Uint8Array.from(Buffer.concat(chunks));
      return new Int16Array(bytes.buffer, 0, bytes.length >> 1);
    },
    stop: () => end(recorder),
  };
}
