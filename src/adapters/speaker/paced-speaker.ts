/**
 * A speaker over a device that only takes chunks: queue, pace, positions, ends of utterances.
 *
 * Two adapters share it; what differs is the `PcmSink` below it. Sound is handed to the device at
 * most TARGET_MS ahead of the ear, so that silence on demand costs nothing and a position is known.
 *
 * Invariant: what sounds is a *run*: consecutive samples from one start of the device on. A run ends
 * when the device has run dry, at the end of an utterance, at a flush, or when the device is lost.
 * Heard = base of the run + time since it began to sound, never past what the device accepted.
 */

import { FRAME_SAMPLES, msToSamples, SAMPLE_RATE_HZ, samplesToMs } from "../../core/audio/pcm.ts";
import { PLAYBACK_QUEUE_MAX_S, PlaybackQueue } from "../../core/audio/playback-queue.ts";
import type { Fault } from "../../core/fault.ts";
import type { Clock, Speaker, SpeakerSink } from "../../ports.ts";
import type { PcmSink } from "./pcm-sink.ts";

/**
 * Sound handed over ahead of the ear, at most: rides out a pause of our loop, and is dropped at a
 * flush. What it costs is the loudness: a change of it is heard so much later.
 */
export const TARGET_MS = 300;
/** Handed over at once, at most; ten times a second, for it is the wake-ups that cost, not the bytes. */
const CHUNK_MS = 100;
const CHUNK_SAMPLES = msToSamples(CHUNK_MS);
/** With so much ahead there is no room for a chunk. */
const LOW_MS = TARGET_MS - CHUNK_MS;
/** From one feeding to the next, at least: what is short comes in pieces. */
const PUMP_MIN_MS = 20;
/** Alarms this close are one. */
const SAME_ALARM_MS = 2;
/** A chunk that the device does not take for so long: it hangs. */
export const ACCEPT_MS = 2_000;
/**
 * A device that is lost before an utterance sounds was lost long ago, and nobody noticed: a sound server
 * that was started again. Its successor plays the utterance, if it is there so soon.
 */
export const SUCCESSOR_MS = 3_000;
/** An utterance that has not ended so long after it should have: the device hangs. */
export const DRAIN_GRACE_MS = 2_000;

interface Run {
  /** Position of its first sample. */
  readonly base: number;
  /** When that sample sounded; null until the device accepted it. */
  originMs: number | null;
  sent: number;
  accepted: number;
  /** The chunks not yet accepted, in order. */
  readonly pending: Int16Array[];
  /** When the device last took something, or was given the first. */
  movedMs: number;
  finishing: boolean;
  /** It is the second device that has its samples. */
  inherited: boolean;
}

export interface PacedSpeakerOptions {
  readonly clock: Clock;
  readonly device: PcmSink;
}

export class PacedSpeaker implements Speaker {
  readonly #clock: Clock;
  readonly #device: PcmSink;
  readonly #queue = new PlaybackQueue(PLAYBACK_QUEUE_MAX_S * SAMPLE_RATE_HZ);
  #sink: SpeakerSink | null = null;
  #run: Run | null = null;
  #ready: boolean = false;
  #state: "starting" | "flowing" | "lost" = "starting";
  /** Whether the utterance being played has sounded. */
  #sounded: boolean = false;
  #flushing: Promise<number> | null = null;
  #closing: Promise<void> | null = null;
  #cancelPump: (() => void) | null = null;
  /** When the alarm of `cancelPump` rings. */
  #pumpAtMs = 0;
  /** While a successor of the device is waited for. */
  #cancelWait: (() => void) | null = null;

  constructor(options: PacedSpeakerOptions) {
    this.#clock = options.clock;
    this.#device = options.device;
  }

  start(sink: SpeakerSink): void {
    this.#sink = sink;
    this.#device.start({
      ready: () => this.#nowReady(),
      accepted: (delayMs) => this.#accepted(delayMs),
      drained: () => this.#drained(),
      lost: (cause) => this.#nowLost(cause),
    });
  }

  /** While the device is lost nothing is taken: what came late would be stale when it is back. */
  play(pcm: Int16Array): number {
    if (this.#sink === null || this.#state === "lost") return 0;
    const fitted = this.#queue.push(pcm);
    this.#pump();
    return fitted;
  }

  gain(gain: number): void {
    this.#queue.gain = gain;
  }

  finish(): void {
    const silent = this.#run === null || this.#flushing !== null;
    const idle = silent && this.#queue.available === 0 && !this.#queue.endKnown;
    if (this.#queue.end()) this.#pump();
    else if (idle) this.#sink?.drained();
  }

  flush(): Promise<number> {
    if (this.#flushing === null) {
      this.#flushing = this.#silence().finally(() => {
        this.#flushing = null;
        this.#pump();
      });
    }
    return this.#flushing;
  }

  heard(): number {
    const run = this.#run;
    if (run === null) return this.#queue.given;
    return run.base + this.#heardOf(run);
  }

  close(): Promise<void> {
    this.#closing ??= this.#device.close();
    this.#sink = null;
    this.#stopPump();
    this.#stopWait();
    return this.#closing;
  }

  async #silence(): Promise<number> {
    const heardBefore = this.heard();
    this.#queue.drop();
    this.#sounded = false;
    const run = this.#run;
    if (run === null) return heardBefore;
    const dropped = this.#device.drop();
    this.#ready = false;
    await dropped;
    this.#sink?.silenced(this.#clock.nowMs());
    const position = run.base + this.#heardOf(run);
    // The device may have been lost, and may even be back, meanwhile.
    if (this.#run === run) this.#run = null;
    return position;
  }

  #heardOf(run: Run): number {
    if (run.originMs === null) return 0;
    const soundedSamples = Math.floor(msToSamples(this.#clock.nowMs() - run.originMs));
    return Math.max(0, Math.min(run.accepted, soundedSamples));
  }

  /** Sound handed over and not yet heard, by our clock; below 0 when the device has run dry. */
  #fillMs(run: Run): number {
    const elapsedMs = run.originMs === null ? 0 : this.#clock.nowMs() - run.originMs;
    return samplesToMs(run.sent) - elapsedMs;
  }

  #pump(): void {
    const run = this.#pumped();
    if (run === null) {
      this.#stopPump();
      return;
    }
    // Then there is room for a chunk; or it is only looked whether the device goes on.
    const waitMs = Math.min(CHUNK_MS, Math.max(PUMP_MIN_MS, this.#fillMs(run) - LOW_MS));
    const atMs = this.#clock.nowMs() + waitMs;
    // Node is woken for an alarm that was taken back, too: one that is as good is kept.
    if (this.#cancelPump !== null && Math.abs(this.#pumpAtMs - atMs) < SAME_ALARM_MS) return;
    this.#stopPump();
    this.#pumpAtMs = atMs;
    this.#cancelPump = this.#clock.after(waitMs, () => {
      this.#cancelPump = null;
      this.#pump();
    });
  }

  /** Hands over what there is room for. The run that goes on; null: there is nothing to wait for. */
  #pumped(): Run | null {
    this.#device.look?.();
    if (this.#sink === null || this.#flushing !== null || !this.#ready) return null;
    if (this.#run !== null && this.#hangs(this.#run)) {
      this.#device.kill();
      return null;
    }
    this.#noticeDry();
    while (this.#feed());
    return this.#run;
  }

  #stopPump(): void {
    this.#cancelPump?.();
    this.#cancelPump = null;
  }

  #hangs(run: Run): boolean {
    if (run.pending.length > 0) return this.#clock.nowMs() - run.movedMs > ACCEPT_MS;
    return run.finishing && this.#fillMs(run) < -DRAIN_GRACE_MS;
  }

  /** Ends a run that has sounded to its end before the utterance did. */
  #noticeDry(): void {
    const run = this.#run;
    if (run === null || run.finishing || run.pending.length > 0 || this.#fillMs(run) > 0) return;
    // Its end came after its last sample was handed over: that is no shortage.
    if (this.#queue.atEnd) return;
    this.#run = null;
  }

  /** Hands over one chunk, or the end of the utterance; false when there is nothing to do now. */
  #feed(): boolean {
    const queue = this.#queue;
    const run = this.#run;
    // A callback may have flushed or closed us since the last chunk.
    if (!this.#ready || this.#flushing !== null || run?.finishing) return false;
    if (queue.atEnd) {
      this.#finishRun(run);
      return false;
    }
    const fillMs = run === null ? 0 : this.#fillMs(run);
    if (fillMs > LOW_MS) return false;
    // The first sound goes at once, and what keeps the device from running dry.
    const least = fillMs > CHUNK_MS ? CHUNK_SAMPLES : FRAME_SAMPLES;
    if (queue.available < least && !queue.endKnown) return false;
    const active = run ?? this.#newRun();
    // Whole frames while more is to come: the device takes no part of one before the rest is there.
    const rest = queue.endKnown ? 0 : queue.available % FRAME_SAMPLES;
    const chunk = new Int16Array(Math.min(CHUNK_SAMPLES, queue.available - rest));
    queue.read(chunk);
    if (active.pending.length === 0) active.movedMs = this.#clock.nowMs();
    active.sent += chunk.length;
    active.pending.push(chunk);
    this.#device.write(chunk);
    return true;
  }

  /** A run in the middle of an utterance means that the one before had to stop for want of samples. */
  #newRun(): Run {
    if (this.#sounded) this.#sink?.underrun();
    const base = this.#queue.given;
    const movedMs = this.#clock.nowMs();
    this.#run = {
      base,
      originMs: null,
      sent: 0,
      accepted: 0,
      pending: [],
      movedMs,
      finishing: false,
      inherited: false,
    };
    return this.#run;
  }

  #finishRun(run: Run | null): void {
    if (run === null) {
      // The device had run dry after the last sample: all of it has been heard.
      this.#endUtterance();
      return;
    }
    run.finishing = true;
    this.#device.finish();
  }

  #accepted(delayMs: number): void {
    const run = this.#run;
    const chunk = run?.pending.shift();
    if (run === null || chunk === undefined) return;
    const nowMs = this.#clock.nowMs();
    run.movedMs = nowMs;
    run.originMs ??= nowMs + delayMs;
    const atMs = run.originMs + samplesToMs(run.accepted);
    run.accepted += chunk.length;
    this.#sink?.playing(chunk, atMs);
    if (this.#sounded || this.#flushing !== null) return;
    this.#sounded = true;
    this.#sink?.sounded(run.originMs);
  }

  #drained(): void {
    if (this.#run?.finishing !== true || this.#flushing !== null) return;
    this.#run = null;
    this.#ready = false;
    this.#endUtterance();
  }

  #endUtterance(): void {
    this.#queue.passEnd();
    this.#sounded = false;
    this.#sink?.drained();
    this.#pump();
  }

  #nowReady(): void {
    this.#ready = true;
    if (this.#cancelWait !== null) this.#handAgain();
    if (this.#state !== "flowing") {
      this.#state = "flowing";
      this.#sink?.flowing();
    }
    this.#pump();
  }

  #nowLost(cause: Fault): void {
    const run = this.#run;
    this.#ready = false;
    this.#stopPump();
    const isUnheard = run !== null && run.accepted === 0 && !this.#sounded && !run.inherited;
    if (!isUnheard || this.#flushing !== null) this.#giveUp(cause);
    else this.#cancelWait = this.#clock.after(SUCCESSOR_MS, () => this.#giveUp(cause));
  }

  /** What the first device was given, and did not play, goes to the second one. */
  #handAgain(): void {
    this.#stopWait();
    const run = this.#run;
    if (run === null) return;
    run.inherited = true;
    run.movedMs = this.#clock.nowMs();
    for (const chunk of [...run.pending]) this.#device.write(chunk);
    if (run.finishing) this.#device.finish();
  }

  #stopWait(): void {
    this.#cancelWait?.();
    this.#cancelWait = null;
  }

  #giveUp(cause: Fault): void {
    this.#stopWait();
    this.#state = "lost";
    this.#run = null;
    this.#sounded = false;
    this.#queue.drop();
    this.#sink?.silenced(this.#clock.nowMs());
    this.#sink?.lost(cause);
  }
}
