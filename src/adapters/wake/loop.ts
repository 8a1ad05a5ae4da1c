/**
 * A wake-word engine on the daemon's own loop, one frame in each turn of it: whatever else waits there
 * waits for one frame at most, 0.7 ms of Porcupine on a desktop core. A thread of its own takes 8 MB
 * more, and wakes Node twice as often while people talk (npm run bench -- --only states).
 *
 * An engine that throws is opened again. One that never returns holds the loop, and with it the
 * watchdog's signs of life: systemd ends the process (WatchdogSec) and starts it anew.
 */

import { WAKE_FRAME_SAMPLES } from "../../core/audio/downsampler.ts";
import type { WakeWord } from "../../core/wake/plan.ts";
import type { Clock, Dice } from "../../ports.ts";
import { WakeHost, type WakeProcess, type WakeProcessSink } from "./host.ts";
import { type Detector, type HostRequest, takeRequests } from "./protocol.ts";

export interface LoopWakeOptions {
  readonly words: readonly WakeWord[];
  readonly clock: Clock;
  readonly dice: Dice;
}

/** Opening is one call, which returns or throws; this is for the turn of the loop before it. */
const START_MAX_MS = 10_000;

type Frames = Extract<HostRequest, { tag: "frames" }>;
type Open = (words: readonly WakeWord[]) => Detector;

export class LoopWakeEngine extends WakeHost {
  constructor(open: Open, { words, clock, dice }: LoopWakeOptions) {
    super({
      spawn: (sink) => new Turns(open, sink),
      asks: false,
      setup: { words, accessKey: "", modelPath: "" },
      startMaxMs: START_MAX_MS,
      clock,
      dice,
    });
  }
}

/** Takes requests in their order. As many wait as the host has frames in flight. */
class Turns implements WakeProcess {
  readonly #take: (request: HostRequest) => void;
  #waiting: HostRequest[] = [];
  #turn: NodeJS.Immediate | null = null;
  #killed: boolean = false;

  constructor(open: Open, sink: WakeProcessSink) {
    this.#take = takeRequests(
      (setup) => open(setup.words),
      (reply) => {
        if (!this.#killed) sink.reply(reply);
      },
    );
  }

  post(request: HostRequest): void {
    this.#waiting.push(...(request.tag === "frames" ? oneByOne(request) : [request]));
    this.#turn ??= setImmediate(() => this.#next());
  }

  async kill(): Promise<void> {
    this.#killed = true;
    this.#waiting = [];
    if (this.#turn !== null) clearImmediate(this.#turn);
  }

  /** All until the next frame, which alone takes time. */
  #next(): void {
    this.#turn = null;
    for (let heard = false; !heard; ) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      heard = request.tag === "frames";
      this.#take(request);
    }
    this.#take({ tag: "ask" });
    if (this.#waiting.length > 0) this.#turn = setImmediate(() => this.#next());
  }
}

function oneByOne({ pcm, endSamples }: Frames): readonly Frames[] {
  return endSamples.map((endSample, nth) => {
    const from = nth * WAKE_FRAME_SAMPLES;
    const frame = pcm.subarray(from, from + WAKE_FRAME_SAMPLES);
    return { tag: "frames", pcm: frame, endSamples: [endSample] };
  });
}
