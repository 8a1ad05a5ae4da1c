/**
 * Keeps a wake-word engine running, in a process of its own or in turns of the loop: starts it, feeds
 * it, starts it again with backoff when it dies, hangs or fails, and leaves it alone when only the
 * owner can help (recovery `report`). Shared by the wake-word adapters.
 *
 * Invariants: at most one engine at a time is listened to; at most IN_FLIGHT_MAX frames wait in it,
 * what is more is dropped and counted; `flowing` and `lost` alternate.
 */

import { WAKE_FRAME_SAMPLES } from "../../core/audio/downsampler.ts";
import { type Backoff, backoffDelayMs } from "../../core/backoff.ts";
import { type Fault, fault, thrownText } from "../../core/fault.ts";
import type { Clock, Dice, WakeEngine, WakeSink } from "../../ports.ts";
import type { HostReply, HostRequest, WakeSetup } from "./protocol.ts";

/** Frames given and not yet answered: 128 × 32 ms are 4 s, three look-backs. */
export const IN_FLIGHT_MAX = 128;
/** Frames in one message: a look-back of a second comes in a few. */
const BATCH_MAX = 16;
/** How often it is asked how far it is: an answer for each message would wake us twice as often. */
const ASK_EVERY_MS = 250;
/** An engine that answers nothing for so long, while it has frames, hangs. */
const STALL_MS = 5000;
/**
 * What two feeds that are further apart count of it: while we were held up ourselves (a machine that
 * swaps, or was suspended), its answers only wait to be read.
 */
const HELD_UP_MS = 500;
/** First pause before another start; doubles with each failure in a row. */
const RESTART: Backoff = { firstMs: 1000, maxMs: 300_000, spread: [0.8, 1] };
/** An engine that ran so long has done well: the next pause is the first one again. */
const STABLE_MS = 60_000;

/** A machine that was too slow for one start gets twice the time for the next, up to so many times as much. */
const PATIENCE_MAX = 16;
/** The same for an engine that seemed to hang; less, since a true hang is to be found. */
const STALL_PATIENCE_MAX = 4;

/** Where the engine runs. */
export interface WakeProcess {
  post(request: HostRequest): void;
  /** Ends it, by force, in bounded time. */
  kill(): Promise<void>;
}

export interface WakeProcessSink {
  reply(reply: HostReply): void;
  /** It is gone; `why` in a few words. */
  ended(why: string): void;
}

export interface WakeHostOptions {
  readonly spawn: (sink: WakeProcessSink) => WakeProcess;
  /** False where it tells by itself how far it is. */
  readonly asks: boolean;
  readonly setup: WakeSetup;
  /** Longest time from spawning to `ready`, milliseconds; more once that has proved too little. */
  readonly startMaxMs: number;
  readonly clock: Clock;
  readonly dice: Dice;
}

type Phase = "closed" | "starting" | "ready" | "waiting" | "given-up";

export class WakeHost implements WakeEngine {
  readonly #options: WakeHostOptions;
  #sink: WakeSink | null = null;
  #phase: Phase = "closed";
  #process: WakeProcess | null = null;
  /** Which engine's messages count; those of an older one do not. */
  #generation = 0;
  #cancelAlarm: () => void = () => undefined;
  /** Frames were given since it was asked last; null: none. */
  #cancelAsk: (() => void) | null = null;
  #failures = 0;
  /** How many times `startMaxMs` a start may take. Kept: the machine is what it is. */
  #patience = 1;
  #readyAtMs = 0;
  #inFlight = 0;
  /** Frames for the next message, and the end of each. */
  readonly #batch = new Int16Array(BATCH_MAX * WAKE_FRAME_SAMPLES);
  #ends: number[] = [];
  /** For how long it has answered nothing, and when that was counted last. */
  #silentMs = 0;
  #countedAtMs = 0;
  /** How many times STALL_MS it may be silent. Kept, too. */
  #stallPatience = 1;
  #framesDropped = 0;
  #restarts = 0;
  #killing: Promise<void> = Promise.resolve();
  /** Words switched on or off; sent again to an engine that was restarted. */
  readonly #wanted: Map<string, boolean> = new Map();

  constructor(options: WakeHostOptions) {
    this.#options = options;
  }

  /** Frames not taken: the engine was not ready, or too far behind. */
  get framesDropped(): number {
    return this.#framesDropped;
  }

  /** Frames given and not yet answered. */
  get framesWaiting(): number {
    return this.#inFlight;
  }

  /** Starts after the first. */
  get restarts(): number {
    return this.#restarts;
  }

  start(sink: WakeSink): void {
    if (this.#phase !== "closed") throw new Error("wake-word engine started twice");
    this.#sink = sink;
    this.#spawn();
  }

  feed(frame: Int16Array, endSample: number): void {
    if (frame.length !== WAKE_FRAME_SAMPLES) {
      throw new RangeError(`a wake-word frame has ${WAKE_FRAME_SAMPLES} samples`);
    }
    this.#watchSilence();
    if (this.#phase !== "ready" || this.#process === null || this.#inFlight >= IN_FLIGHT_MAX) {
      this.#framesDropped += 1;
      return;
    }
    this.#inFlight += 1;
    this.#batch.set(frame, this.#ends.length * WAKE_FRAME_SAMPLES);
    this.#ends.push(endSample);
    if (this.#ends.length === BATCH_MAX) this.#post();
    else if (this.#ends.length === 1) void Promise.resolve().then(() => this.#post());
  }

  /** At each feed: an engine that has had frames for too long without a word about them is replaced. */
  #watchSilence(): void {
    const nowMs = this.#options.clock.nowMs();
    const sinceMs = nowMs - this.#countedAtMs;
    this.#countedAtMs = nowMs;
    if (this.#phase !== "ready") return;
    this.#silentMs = this.#inFlight === 0 ? 0 : this.#silentMs + Math.min(sinceMs, HELD_UP_MS);
    if (this.#silentMs <= STALL_MS * this.#stallPatience) return;
    this.#stallPatience = Math.min(STALL_PATIENCE_MAX, this.#stallPatience * 2);
    this.#fail(fault("wake-word-failed", "retry", "The wake-word engine stopped answering"));
  }

  /** What one reading of the microphone gave goes in one message. */
  #post(): void {
    const endSamples = this.#ends;
    if (endSamples.length === 0) return;
    this.#ends = [];
    const pcm = this.#batch.slice(0, endSamples.length * WAKE_FRAME_SAMPLES);
    this.#process?.post({ tag: "frames", pcm, endSamples });
    if (!this.#options.asks) return;
    // More than comes in by itself until it is asked: whoever feeds it may be waiting for the answer.
    if (this.#inFlight >= BATCH_MAX) this.#ask();
    else this.#cancelAsk ??= this.#options.clock.after(ASK_EVERY_MS, () => this.#ask());
  }

  #ask(): void {
    this.#cancelAsk?.();
    this.#cancelAsk = null;
    this.#process?.post({ tag: "ask" });
  }

  /** Looks for one of the engine's words, or leaves it alone, from the next frame on. */
  listenFor(keyword: string, on: boolean): void {
    if (this.#wanted.get(keyword) === on) return;
    this.#wanted.set(keyword, on);
    this.#post();
    if (this.#phase === "ready") this.#process?.post({ tag: "listen-for", keyword, on });
  }

  /** Bounded by the process's own `kill`. */
  async close(): Promise<void> {
    this.#phase = "closed";
    this.#sink = null;
    this.#stop();
    await this.#killing;
  }

  #spawn(): void {
    const generation = ++this.#generation;
    const current = (): boolean => generation === this.#generation;
    this.#phase = "starting";
    this.#inFlight = 0;
    this.#silentMs = 0;
    this.#ends = [];
    try {
      this.#process = this.#options.spawn({
        reply: (reply) => {
          if (current()) this.#reply(reply);
        },
        ended: (why) => {
          if (current()) this.#fail(fault("wake-word-failed", "retry", `Wake-word engine ${why}`));
        },
      });
      this.#process.post({ tag: "start", setup: this.#options.setup });
    } catch (thrown) {
      const why = thrownText(thrown);
      this.#fail(fault("wake-word-failed", "retry", `Wake-word engine could not start: ${why}`));
      return;
    }
    this.#alarm(this.#options.startMaxMs * this.#patience, () => {
      this.#patience = Math.min(PATIENCE_MAX, this.#patience * 2);
      this.#fail(fault("wake-word-failed", "retry", "The wake-word engine did not start in time"));
    });
  }

  #reply(reply: HostReply): void {
    if (this.#sink === null) return;
    switch (reply.tag) {
      case "ready":
        if (this.#phase !== "starting") return;
        this.#cancelAlarm();
        this.#phase = "ready";
        this.#readyAtMs = this.#options.clock.nowMs();
        for (const [keyword, on] of this.#wanted) {
          this.#process?.post({ tag: "listen-for", keyword, on });
        }
        this.#sink.flowing();
        return;
      case "taken":
        this.#inFlight = Math.max(0, this.#inFlight - reply.count);
        this.#silentMs = 0;
        return;
      case "detected":
        this.#sink.detected(reply.keyword, reply.endSample);
        return;
      case "failed":
        this.#fail(reply.fault);
    }
  }

  #fail(cause: Fault): void {
    const { clock } = this.#options;
    if (this.#phase === "ready" && clock.nowMs() - this.#readyAtMs >= STABLE_MS) this.#failures = 0;
    this.#stop();
    if (cause.recovery === "retry") {
      this.#phase = "waiting";
      this.#alarm(this.#backoffMs(), () => {
        this.#restarts += 1;
        this.#spawn();
      });
      this.#failures += 1;
    } else {
      this.#phase = "given-up";
    }
    this.#sink?.lost(cause);
  }

  #backoffMs(): number {
    return backoffDelayMs(RESTART, this.#failures + 1, this.#options.dice.unit());
  }

  #alarm(delayMs: number, ring: () => void): void {
    this.#cancelAlarm();
    this.#cancelAlarm = this.#options.clock.after(delayMs, ring);
  }

  #stop(): void {
    this.#cancelAlarm();
    this.#cancelAsk?.();
    this.#cancelAsk = null;
    this.#generation += 1;
    const process = this.#process;
    this.#process = null;
    if (process !== null) this.#killing = Promise.all([this.#killing, process.kill()]).then();
  }
}
