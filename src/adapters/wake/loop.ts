/**
 * A wake-word engine on the daemon's own loop, a few milliseconds in each turn of it: whatever else
 * waits there waits for TURN_MS and one frame at most, which is 0.7 ms of Porcupine on a desktop core.
 * A thread of its own takes 8 MB more, and wakes Node twice as often while people talk
 * (npm run bench -- --only states).
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

/** Opening is one call, which returns or throws; this is for what waits before it. */
const START_MAX_MS = 10_000;

/** No frame begins later in a turn: on a core ten times slower, where one takes 7 ms, it is one a turn. */
const TURN_MS = 2;
/** What one reading of the microphone gives; a look-back takes several turns. */
const TURN_MAX_FRAMES = 3;

type Frames = Extract<HostRequest, { tag: "frames" }>;
type Open = (words: readonly WakeWord[]) => Detector;

export class LoopWakeEngine extends WakeHost {
  constructor(open: Open, { words, clock, dice }: LoopWakeOptions) {
    super({
      spawn: (sink) => new Turns(open, sink, clock),
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
  readonly #clock: Clock;
  #waiting: HostRequest[] = [];
  /** It takes what waits in this turn of the loop, or in the next. */
  #due: boolean = false;
  #killed: boolean = false;

  constructor(open: Open, sink: WakeProcessSink, clock: Clock) {
    this.#clock = clock;
    this.#take = takeRequests(
      (setup) => open(setup.words),
      (reply) => {
        if (!this.#killed) sink.reply(reply);
      },
    );
  }

  post(request: HostRequest): void {
    this.#waiting.push(...(request.tag === "frames" ? oneByOne(request) : [request]));
    if (this.#due) return;
    this.#due = true;
    // As soon as whoever posts has done: another turn of the loop costs a tenth of a frame. By a promise:
    // queueMicrotask would make a resource for Node's hooks each time.
    void Promise.resolve().then(() => this.#next());
  }

  async kill(): Promise<void> {
    this.#killed = true;
    this.#waiting = [];
  }

  /** All that waits, as long as the frames, which alone take time, leave some. */
  #next(): void {
    const untilMs = this.#clock.nowMs() + TURN_MS;
    for (let frames = 0; frames < TURN_MAX_FRAMES; ) {
      const request = this.#waiting.shift();
      if (request === undefined) break;
      this.#take(request);
      if (request.tag !== "frames") continue;
      frames += 1;
      if (this.#clock.nowMs() >= untilMs) break;
    }
    this.#take({ tag: "ask" });
    this.#due = this.#waiting.length > 0;
    if (this.#due) setImmediate(() => this.#next());
  }
}

function oneByOne({ pcm, endSamples }: Frames): readonly Frames[] {
  return endSamples.map((endSample, nth) => {
    const from = nth * WAKE_FRAME_SAMPLES;
    const frame = pcm.subarray(from, from + WAKE_FRAME_SAMPLES);
    return { tag: "frames", pcm: frame, endSamples: [endSample] };
  });
}
