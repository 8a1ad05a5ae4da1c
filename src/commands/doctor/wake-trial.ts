/**
 * A live test of the wake word: the same sound to several engines of different sensitivity, so that
 * the strictest one that hears the word tells how clearly it was said.
 *
 * Invariant: microphone and engines are closed when it resolves; it resolves within ENGINE_MAX_MS and
 * `maxMs` of sound.
 */

import { dbfs, LevelMeter } from "../../core/audio/level-meter.ts";
import { FRAME_MS, rms } from "../../core/audio/pcm.ts";
import { WakeFrames } from "../../core/audio/wake-frames.ts";
import { type Fault, FaultError, fault } from "../../core/fault.ts";
import type { Clock, Microphone, WakeEngine } from "../../ports.ts";

/** For all of them to load, also where Picovoice's server is asked. */
const ENGINE_MAX_MS = 20_000;
/** When one has heard it, the others have heard it within a few frames or not at all. */
const OTHERS_MS = 800;

export interface TriedEngine {
  readonly sensitivity: number;
  readonly engine: WakeEngine;
}

export interface TrialOptions {
  readonly clock: Clock;
  readonly microphone: Microphone;
  readonly engines: readonly TriedEngine[];
  /** Sound listened to, at most. */
  readonly maxMs: number;
  /** All engines are ready: speak. */
  readonly onReady: () => void;
  /** Each frame's level. */
  readonly onLevel: (level: number | null) => void;
}

export type TrialResult =
  | { readonly tag: "lost"; readonly fault: Fault }
  | {
      readonly tag: "done";
      readonly strictest: number | null;
      readonly ms: number;
      readonly peakDbfs: number | null;
    };

export async function wakeTrial(options: TrialOptions): Promise<TrialResult> {
  const { microphone, engines } = options;
  const heard = new Set<number>();
  try {
    const why = await ready(options, (sensitivity) => heard.add(sensitivity));
    if (why !== null) return { tag: "lost", fault: why };
    options.onReady();
    return await hear(options, heard);
  } finally {
    await Promise.all([microphone.close(), ...engines.map(({ engine }) => engine.close())]);
  }
}

/** Null when all engines are ready, else why one is not. */
export function ready(
  { clock, engines }: Pick<TrialOptions, "clock" | "engines">,
  detected: (sensitivity: number) => void,
): Promise<Fault | null> {
  return new Promise((resolve) => {
    const late = fault("wake-word-failed", "report", "The wake-word engine did not start in time");
    const cancel = clock.after(ENGINE_MAX_MS, () => resolve(late));
    const done = (why: Fault | null): void => {
      cancel();
      resolve(why);
    };
    let waiting = engines.length;
    for (const { sensitivity, engine } of engines) {
      try {
        engine.start({
          detected: () => detected(sensitivity),
          lost: done,
          flowing: () => {
            waiting -= 1;
            if (waiting === 0) done(null);
          },
        });
      } catch (error) {
        if (!(error instanceof FaultError)) throw error;
        done(error.fault);
      }
    }
  });
}

function hear(
  { microphone, engines, maxMs, onLevel }: TrialOptions,
  heard: ReadonlySet<number>,
): Promise<TrialResult> {
  const meter = new LevelMeter();
  const frames = new WakeFrames();
  let [ms, endMs] = [0, maxMs];
  return new Promise((resolve) => {
    const end = (): void => {
      const strictest = heard.size === 0 ? null : Math.min(...heard);
      resolve({ tag: "done", strictest, ms, peakDbfs: meter.read().peakDbfs });
    };
    microphone.start({
      flowing: () => undefined,
      lost: (why) => resolve({ tag: "lost", fault: why }),
      frame: (pcm) => {
        ms += FRAME_MS;
        meter.take(pcm);
        onLevel(dbfs(rms(pcm)));
        frames.push(pcm, (frame, endSample) => {
          for (const { engine } of engines) engine.feed(frame, endSample);
        });
        if (heard.size > 0) endMs = Math.min(endMs, ms + OTHERS_MS);
        if (heard.size === engines.length || ms >= endMs) end();
      },
    });
  });
}
