/**
 * A WAV file as the speaker: what would be heard, at real pace, silence included, from start to close.
 *
 * Invariant: sample n of the file is what sounded n / 24000 s after `start`. Everything that changes
 * what sounds (`play`, `finish`, `flush`) first writes what was due until then, so all positions are
 * exact. The header is made true at least once a second: the file is valid when the process dies.
 */
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import {
  FRAME_MS,
  msToSamples,
  SAMPLE_BYTES,
  SAMPLE_RATE_HZ,
  samplesToMs,
} from "../../core/audio/pcm.ts";
import { PLAYBACK_QUEUE_MAX_S, PlaybackQueue } from "../../core/audio/playback-queue.ts";
import { WAV_HEADER_BYTES, wavHeader } from "../../core/audio/wav.ts";
import { FaultError, fault, thrownText } from "../../core/fault.ts";
import type { Clock, Speaker, SpeakerSink } from "../../ports.ts";
import { isForeign, isWave } from "../os/own-file.ts";

/** How often the sizes in the header are brought up to date. */
const HEADER_MS = 500;
/** In one write, ten times a second while something sounds; a longer pause of ours takes several. */
const BLOCK_MS = 100;
const BLOCK_SAMPLES = msToSamples(BLOCK_MS);
/** A WAV ends at 4 GiB (24 h); from then on sound is timed but not written. */
const FILE_MAX_BYTES = 0xffff_ffff - WAV_HEADER_BYTES;
/** After a failed write, until the next attempt. */
const RETRY_MS = 1_000;

/** The path as it is, once it is clear that no other file is overwritten: throws a FaultError. */
export function recordable(path: string): string {
  if (!isPipe(path) && !isForeign(path, isWave)) return path;
  const what = `audio.output_device: ${path} exists and is not a sound file`;
  throw new FaultError(fault("config", "exit", what, "Name another file to record into"));
}

/** Opening one that nobody reads would block for ever, and no signal would end the process in order. */
function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false; // none there, or none for us: opening it says so
  }
}

export interface FileSpeakerOptions {
  readonly path: string;
  readonly clock: Clock;
}

export class FileSpeaker implements Speaker {
  readonly #options: FileSpeakerOptions;
  readonly #queue = new PlaybackQueue(PLAYBACK_QUEUE_MAX_S * SAMPLE_RATE_HZ);
  readonly #block = new Int16Array(BLOCK_SAMPLES);
  #sink: SpeakerSink | null = null;
  #fd: number | null = null;
  #startedMs = 0;
  /** Samples of the time line that are dealt with. */
  #at = 0;
  #headerMs = 0;
  #retryMs = 0;
  #state: "starting" | "flowing" | "lost" = "starting";
  /** Whether the utterance sounds: from its first sample to its end. */
  #sounding: boolean = false;
  /** Whether it has already run dry, and waits for more. */
  #dry: boolean = false;
  #advancing: boolean = false;
  #cancel: () => void = () => undefined;
  /** When the next turn is. */
  #turnMs = 0;

  constructor(options: FileSpeakerOptions) {
    this.#options = options;
  }

  start(sink: SpeakerSink): void {
    const { clock } = this.#options;
    this.#sink = sink;
    this.#startedMs = clock.nowMs();
    this.#wait(0);
  }

  play(pcm: Int16Array): number {
    this.#advance();
    if (this.#sink === null || this.#state === "lost") return 0;
    const fitted = this.#queue.push(pcm);
    const waitMs = this.#untilDueMs();
    // An earlier turn stays.
    if (this.#options.clock.nowMs() + waitMs < this.#turnMs) this.#wait(waitMs);
    return fitted;
  }

  gain(gain: number): void {
    this.#advance();
    this.#queue.gain = gain;
  }

  finish(): void {
    this.#advance();
    const idle = this.#queue.available === 0 && !this.#queue.endKnown;
    if (this.#queue.end()) this.#settleEnds();
    else if (idle) this.#sink?.drained();
  }

  flush(): Promise<number> {
    this.#advance();
    const position = this.#queue.given;
    this.#queue.drop();
    this.#sounding = false;
    this.#dry = false;
    return Promise.resolve(position);
  }

  heard(): number {
    return Math.min(this.#queue.taken, this.#queue.given + this.#due());
  }

  close(): Promise<void> {
    if (this.#sink === null) return Promise.resolve();
    this.#advance();
    this.#sink = null;
    this.#cancel();
    if (this.#fd !== null) {
      this.#attempt((fd) => this.#putHeader(fd));
      closeSync(this.#fd);
      this.#fd = null;
    }
    return Promise.resolve();
  }

  /** Samples of the time line that have passed and are not yet dealt with. */
  #due(): number {
    if (this.#sink === null) return 0;
    return Math.max(0, msToSamples(this.#options.clock.nowMs() - this.#startedMs) - this.#at);
  }

  #timeOf(at: number): number {
    return this.#startedMs + samplesToMs(at);
  }

  #wait(ms: number): void {
    const { clock } = this.#options;
    this.#turnMs = clock.nowMs() + ms;
    this.#cancel();
    this.#cancel = clock.after(ms, () => this.#turn());
  }

  /** Until there is something to tell: the first sound, the end of what there is, a block, the header. */
  #untilDueMs(): number {
    const { available } = this.#queue;
    if (available === 0) return HEADER_MS;
    const flows = this.#sounding && !this.#dry;
    return flows ? Math.min(BLOCK_MS, samplesToMs(available)) : FRAME_MS;
  }

  #turn(): void {
    const { clock } = this.#options;
    this.#advance();
    if (this.#sink === null) return;
    this.#wait(this.#untilDueMs());
    const nowMs = clock.nowMs();
    if (this.#state !== "flowing" && nowMs >= this.#retryMs) this.#open();
    if (this.#state !== "flowing" || nowMs - this.#headerMs < HEADER_MS) return;
    this.#headerMs = nowMs;
    this.#attempt((fd) => this.#putHeader(fd));
  }

  #open(): void {
    const opened = this.#attempt((fd) => this.#putHeader(fd));
    if (!opened) return;
    this.#state = "flowing";
    this.#sink?.flowing();
  }

  /** Writes what was due until now, block by block, and says what came to pass in it. */
  #advance(): void {
    if (this.#advancing) return; // A callback out of #fill: the call above goes on from there.
    this.#advancing = true;
    try {
      this.#writeDue();
    } finally {
      this.#advancing = false;
    }
  }

  #writeDue(): void {
    for (let due = this.#due(); due > 0; due = this.#due()) {
      const block = this.#block.subarray(0, Math.min(due, BLOCK_SAMPLES));
      const firstAt = this.#at;
      this.#at += block.length;
      block.fill(0);
      this.#fill(block, firstAt);
      const at = WAV_HEADER_BYTES + firstAt * SAMPLE_BYTES;
      const bytes = new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
      if (this.#state === "lost" || at + bytes.length > FILE_MAX_BYTES) continue;
      this.#attempt((fd) => writeFully(fd, bytes, at));
    }
  }

  /** `firstAt`: where the block stands on the time line. */
  #fill(block: Int16Array, firstAt: number): void {
    let filled = 0;
    while (filled < block.length) {
      const count = this.#queue.read(block.subarray(filled));
      if (count > 0) {
        if (this.#dry) this.#sink?.underrun();
        else if (!this.#sounding) this.#sink?.sounded(this.#timeOf(firstAt + filled));
        this.#sounding = true;
        this.#dry = false;
        const pcm = block.subarray(filled, filled + count);
        this.#sink?.playing(pcm, this.#timeOf(firstAt + filled));
      }
      filled += count;
      if (this.#settleEnds()) continue;
      if (count === 0) break;
    }
    // Whether it was a shortage shows only when more comes: it may have been the end.
    if (filled < block.length && this.#sounding) this.#dry = true;
  }

  /** Passes the end of an utterance that has been heard; whether there was one. */
  #settleEnds(): boolean {
    if (!this.#queue.atEnd) return false;
    this.#queue.passEnd();
    this.#sounding = false;
    this.#dry = false;
    this.#sink?.drained();
    return true;
  }

  #putHeader(fd: number): void {
    writeFully(fd, wavHeader(SAMPLE_RATE_HZ, this.#at * SAMPLE_BYTES), 0);
  }

  /** Does something with the open file; on failure the speaker is lost until a later attempt. */
  #attempt(act: (fd: number) => void): boolean {
    try {
      this.#fd ??= openSync(this.#options.path, "w");
      act(this.#fd);
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  #failed(error: unknown): void {
    const { path, clock } = this.#options;
    this.#retryMs = clock.nowMs() + RETRY_MS;
    if (this.#state === "lost") return;
    const code = this.#state === "starting" ? "speaker-missing" : "speaker-lost";
    this.#state = "lost";
    this.#sounding = false;
    this.#dry = false;
    this.#queue.drop();
    const reason = thrownText(error);
    const remedy = "Check audio.output_device and the space on the disk";
    this.#sink?.lost(fault(code, "retry", `The sound file ${path}: ${reason}`, remedy));
  }
}

/** Writes all the bytes at a place in the file. A gap before them reads as silence. */
function writeFully(fd: number, bytes: Uint8Array, at: number): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(fd, bytes, written, bytes.length - written, at + written);
  }
}
