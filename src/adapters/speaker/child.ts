/**
 * The program of the speaker's child process: it alone loads the native package `speaker`, which can
 * abort its process. Usage: child.js DEVICE, with an IPC channel; messages: messages.ts.
 *
 * Invariant: one write in flight; the device is closed only when none is (the package aborts
 * otherwise). It ends when the channel does, so it never outlives the daemon.
 */

import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import type Speaker from "speaker";
import {
  FRAME_SAMPLES,
  msToSamples,
  SAMPLE_BYTES,
  SAMPLE_RATE_HZ,
  samplesToMs,
} from "../../core/audio/pcm.ts";
import { thrownText } from "../../core/fault.ts";
import { keepInspectorShut } from "../os/quiet-inspector.ts";
import { PROBE_ARGUMENT, type Report } from "./messages.ts";

type SpeakerClass = typeof Speaker;

/**
 * Silence behind the end of an utterance: a device that is later than our estimate, as a sound
 * server is, then loses silence and not the last syllable.
 */
const TAIL_FRAMES = 3;
/** The daemon hands over at most about two seconds; more is a bug in it. */
const QUEUE_MAX_CHUNKS = 256;
/** More than the daemon hands over at once: the package cuts what is longer. */
const WRITE_MAX_SAMPLES = msToSamples(200);
/** A write that took so long had to wait for room in the device: from then on it gets less at once. */
const BLOCKED_MS = 10;
const SHORT_BYTES = FRAME_SAMPLES * SAMPLE_BYTES;
/** Chunks for which there is one answer. */
const ANSWER_CHUNKS = 2;
/** With less than this before a chunk sounds, and this long after a chunk, the answer is due at once. */
const ANSWER_MS = 150;
/** Exit code when the device could not be used; the message went before. */
const EXIT_FAILED = 3;
const EXIT_NO_PACKAGE = 4;

const PROBE_CONF = fileURLToPath(new URL("./probe.conf", import.meta.url));

/** Loads the package while ALSA sees only a device that is always there; see probe.conf. */
async function loadPackage(): Promise<SpeakerClass> {
  const real = process.env["ALSA_CONFIG_PATH"];
  process.env["ALSA_CONFIG_PATH"] = PROBE_CONF;
  try {
    return (await import("speaker")).default;
  } finally {
    // ALSA notices the change and reads the real configuration at the next open.
    if (real === undefined) delete process.env["ALSA_CONFIG_PATH"];
    else process.env["ALSA_CONFIG_PATH"] = real;
  }
}

function report(message: Report, then: () => void = () => undefined): void {
  process.send?.(message, then);
}

function fail(message: string): void {
  report({ tag: "failed", message }, () => process.exit(EXIT_FAILED));
}

class Player {
  readonly #make: () => Speaker;
  #speaker: Speaker | null = null;
  readonly #queue: Uint8Array[] = [];
  /** What is given to the device at once. */
  #writeBytes = WRITE_MAX_SAMPLES * SAMPLE_BYTES;
  /** Chunks that the device has taken since the last answer, and when the first of them sounds. */
  #taken = 0;
  #firstMs: number | null = null;
  #cancelAnswer: () => void = () => undefined;
  #writing: boolean = false;
  #finishing: boolean = false;
  #dropping: boolean = false;
  /** When the device will have played all it was given. */
  #endMs = 0;
  #cancelDrain: () => void = () => undefined;

  constructor(make: () => Speaker) {
    this.#make = make;
  }

  /** An empty write opens the device at once; sound then starts without that delay. */
  open(): void {
    const speaker = this.#make();
    speaker.on("error", (error) => fail(error.message));
    this.#speaker = speaker;
    this.#endMs = 0;
    this.#write(speaker, new Uint8Array(0), () => report({ tag: "ready" }));
  }

  play(chunk: Uint8Array): void {
    if (this.#queue.length >= QUEUE_MAX_CHUNKS) {
      fail("too many chunks at once");
      return;
    }
    this.#queue.push(chunk);
    this.#pump();
  }

  finish(): void {
    this.#finishing = true;
    this.#pump();
  }

  drop(): void {
    this.#cancelDrain();
    this.#queue.length = 0;
    this.#finishing = false;
    this.#dropping = true;
    this.#pump();
  }

  #write(speaker: Speaker, bytes: Uint8Array, then: () => void): void {
    this.#writing = true;
    speaker.write(bytes, (error) => {
      // An error is said by the 'error' event, too.
      if (error) return;
      this.#writing = false;
      then();
      this.#pump();
    });
  }

  /** Takes one step when no write is in flight; every write ends in another call. */
  #pump(): void {
    const speaker = this.#speaker;
    if (this.#writing || speaker === null) return;
    if (this.#dropping) {
      this.#reopen(speaker);
      return;
    }
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#give(speaker, chunk);
      return;
    }
    if (this.#finishing) this.#playOut(speaker);
  }

  /** Gives a chunk, or its beginning, to the device. */
  #give(speaker: Speaker, chunk: Uint8Array): void {
    const bytes = chunk.subarray(0, this.#writeBytes);
    const left = chunk.subarray(bytes.length);
    const beganMs = performance.now();
    this.#write(speaker, bytes, () => {
      if (performance.now() - beganMs > BLOCKED_MS) this.#writeBytes = SHORT_BYTES;
      const startMs = this.#took(bytes);
      this.#firstMs ??= startMs;
      if (left.length === 0) this.#chunkTaken();
      else if (!this.#dropping) this.#queue.unshift(left);
    });
  }

  /** Counts bytes as given to the device; returns when they begin to sound. */
  #took(bytes: Uint8Array): number {
    const startMs = Math.max(performance.now(), this.#endMs);
    this.#endMs = startMs + samplesToMs(bytes.length / SAMPLE_BYTES);
    return startMs;
  }

  /** Answers for several chunks at once, but always before they are heard. */
  #chunkTaken(): void {
    this.#taken += 1;
    this.#cancelAnswer();
    const leftMs = (this.#firstMs ?? 0) - performance.now();
    if (this.#taken >= ANSWER_CHUNKS || leftMs < ANSWER_MS) {
      this.#answer();
      return;
    }
    const timer = setTimeout(() => this.#answer(), ANSWER_MS);
    this.#cancelAnswer = () => clearTimeout(timer);
  }

  #answer(): void {
    this.#cancelAnswer();
    if (this.#taken === 0 || this.#firstMs === null) return;
    const delayMs = this.#firstMs - performance.now();
    report({ tag: "accepted", count: this.#taken, delayMs });
    this.#taken = 0;
    this.#firstMs = null;
  }

  #playOut(speaker: Speaker): void {
    this.#finishing = false;
    this.#answer();
    const waitMs = Math.max(0, this.#endMs - performance.now());
    const timer = setTimeout(() => {
      report({ tag: "drained" });
      report({ tag: "ready" });
    }, waitMs);
    this.#cancelDrain = () => clearTimeout(timer);
    const tail = new Uint8Array(TAIL_FRAMES * FRAME_SAMPLES * SAMPLE_BYTES);
    // The bytes must outlive the native write, which keeps only their address.
    this.#write(speaker, tail, () => this.#took(tail));
  }

  #reopen(speaker: Speaker): void {
    this.#dropping = false;
    try {
      speaker.close(true);
    } catch (error) {
      fail(thrownText(error));
      return;
    }
    this.#answer();
    this.#firstMs = null;
    report({ tag: "dropped" });
    this.open();
  }
}

function serve(SpeakerType: SpeakerClass, device: string): void {
  const options = {
    channels: 1,
    bitDepth: 16,
    sampleRate: SAMPLE_RATE_HZ,
    signed: true,
    samplesPerFrame: WRITE_MAX_SAMPLES,
    device,
  };
  const player = new Player(() => new SpeakerType(options));
  keepInspectorShut();
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message: unknown) => {
    if (message instanceof Uint8Array) player.play(message);
    else if (message === "finish") player.finish();
    else if (message === "drop") player.drop();
  });
  player.open();
}

async function main(): Promise<void> {
  const argument = process.argv[2] ?? "default";
  let SpeakerType: SpeakerClass;
  try {
    SpeakerType = await loadPackage();
  } catch (error) {
    process.stderr.write(`${thrownText(error)}\n`);
    process.exit(EXIT_NO_PACKAGE);
  }
  if (argument === PROBE_ARGUMENT) process.exit(0);
  serve(SpeakerType, argument);
}

await main();
