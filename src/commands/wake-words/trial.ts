/**
 * The wake word live: what the models think of the sound, several times a second, and what is heard.
 * The sound goes through the daemon's own wake path.
 */

import type { PacedEngine } from "../../adapters/wake/group.ts";
import type { MicroDetector } from "../../adapters/wake/micro-detector.ts";
import { WakePath } from "../../app/audio/wake-path.ts";
import { RING_MS } from "../../core/assistant/limits.ts";
import { FRAME_MS, msToSamples } from "../../core/audio/pcm.ts";
import { Ring } from "../../core/audio/ring.ts";
import { type Fault, FaultError } from "../../core/fault.ts";
import { STOP_WORD } from "../../core/wake/plan.ts";
import type { Clock, Microphone, WakeEngine, WakeSink } from "../../ports.ts";

/** Between two scores that are shown. */
export const SCORE_EVERY_MS = 200;

export interface WordTrialOptions {
  readonly clock: Clock;
  readonly microphone: Microphone;
  readonly engine: WakeEngine;
  /** The models whose scores are told; null where no model is listened for. */
  readonly scored: TrialEngine | null;
  readonly cooldownMs: number;
  /** Sound listened to, at most. */
  readonly maxMs: number;
  /** The engine is ready, and the microphone gives sound: speak. */
  readonly onReady: () => void;
  readonly onHeard: (keyword: string, atMs: number) => void;
  /** The highest score of each word since the last time, 0 to 1; empty while the gate is closed. */
  readonly onScores: (scores: ReadonlyMap<string, number>) => void;
}

/** Models of which the scores can be seen. */
export class TrialEngine implements PacedEngine {
  readonly framesWaiting = 0;
  readonly framesDropped = 0;
  readonly #detector: MicroDetector;
  #sink: WakeSink | null = null;
  #fed = 0;

  constructor(detector: MicroDetector) {
    this.#detector = detector;
  }

  start(sink: WakeSink): void {
    this.#sink = sink;
    sink.flowing();
  }

  feed(frame: Int16Array, endSample: number): void {
    this.#fed += 1;
    const keyword = this.#detector.process(frame);
    if (keyword !== null) this.#sink?.detected(keyword, endSample);
  }

  listenFor(keyword: string, on: boolean): void {
    this.#detector.listenFor(keyword, on);
  }

  /** The scores since the last call; empty when nothing was heard meanwhile. */
  takeScores(): ReadonlyMap<string, number> {
    const scores = this.#detector.takeScores();
    const hadSound = this.#fed > 0;
    this.#fed = 0;
    return hadSound ? scores : new Map();
  }

  async close(): Promise<void> {
    this.#sink = null;
  }
}

/** Resolves after `maxMs` of sound; rejects with a FaultError when a part is lost. */
export async function tryWords(options: WordTrialOptions): Promise<void> {
  const { microphone } = options;
  const ring = new Ring(msToSamples(RING_MS));
  let fail: (why: Fault) => void = () => undefined;
  const path = wakePathFor(options, ring, (why) => fail(why));
  try {
    await new Promise<void>((resolve, reject) => {
      fail = (why) => reject(new FaultError(why));
      path.start();
      let ms = 0;
      microphone.start({
        flowing: options.onReady,
        lost: (why) => fail(why),
        frame: (pcm) => {
          ring.write(pcm);
          path.take(pcm);
          ms += FRAME_MS;
          if (options.scored !== null && ms % SCORE_EVERY_MS === 0) {
            options.onScores(options.scored.takeScores());
          }
          if (ms >= options.maxMs) resolve();
        },
      });
    });
  } finally {
    await Promise.all([microphone.close(), path.close()]);
  }
}

function wakePathFor(
  { engine, cooldownMs, onHeard, clock }: WordTrialOptions,
  ring: Ring,
  onLost: (why: Fault) => void,
): WakePath {
  const startedMs = clock.nowMs();
  const heard = (keyword: string): void => onHeard(keyword, clock.nowMs() - startedMs);
  return new WakePath({
    ring,
    engine,
    cooldownMs,
    onWake: heard,
    isPlaying: () => true,
    onStop: () => heard(STOP_WORD),
    onLost,
    onFlowing: () => undefined,
  });
}
