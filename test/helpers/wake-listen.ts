/**
 * The daemon's way from the microphone to the wake-word engine, run as fast as the engine hears:
 * 20 ms frames at 24 kHz → Ring → WakePath → engine.
 */

import { WakePath } from "../../src/app/audio/wake-path.ts";
import { FRAME_SAMPLES, msToSamples } from "../../src/core/audio/pcm.ts";
import { Ring } from "../../src/core/audio/ring.ts";
import type { Fault } from "../../src/core/fault.ts";
import type { WakeEngine } from "../../src/ports.ts";
import { eventually } from "./host.ts";
import { joined, room } from "./speech.ts";
import type { Clip } from "./wake-audio.ts";

/** Peak of the room's hiss: 16 LSB effective, -66 dBFS. */
const ROOM_PEAK = 28;
const BEFORE_MS = 1000;
const AFTER_MS = 1000;
/** Feeding waits for the engine above this, so that none of its frames is dropped. */
const WAITING_MAX = 40;

export interface CountingEngine extends WakeEngine {
  readonly framesWaiting: number;
  readonly framesDropped: number;
}

export interface Listening {
  /** Keywords heard in each clip, in the order of the clips. */
  readonly heard: readonly (readonly string[])[];
  /** Share of the time in which the engine was fed, 0 to 1. */
  readonly awake: number;
  readonly framesDropped: number;
}

/** Plays the clips one after the other, a quiet room around each, and tells what was heard. */
export async function listen(engine: CountingEngine, clips: readonly Clip[]): Promise<Listening> {
  const ring = new Ring(msToSamples(5000));
  const heard: string[][] = clips.map(() => []);
  const starts: number[] = [];
  const faults: Fault[] = [];
  let flowing = false;
  const path = new WakePath({
    ring,
    engine,
    cooldownMs: 500,
    onWake: (keyword, endSample) => {
      const nth = starts.findLastIndex((start) => start <= endSample);
      heard[nth]?.push(keyword);
    },
    isPlaying: () => false,
    onStop: () => undefined,
    onLost: (fault) => faults.push(fault),
    onFlowing: () => {
      flowing = true;
    },
  });
  path.start();
  await eventually("the engine is ready", () => flowing || faults.length > 0);
  for (const clip of clips) {
    starts.push(ring.head);
    const pcm = joined(room(BEFORE_MS, ROOM_PEAK), clip.pcm, room(AFTER_MS, ROOM_PEAK));
    for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
      const frame = pcm.subarray(at, at + FRAME_SAMPLES);
      ring.write(frame);
      path.take(frame);
      if (engine.framesWaiting > WAITING_MAX) {
        await eventually("the engine catches up", () => engine.framesWaiting === 0);
      }
    }
  }
  await eventually("the engine has heard all", () => engine.framesWaiting === 0);
  const { framesFed, framesSkipped } = path.counts;
  await path.close();
  const [fault] = faults;
  if (fault !== undefined) throw new Error(fault.message);
  const awake = framesFed / (framesFed + framesSkipped);
  return { heard, awake, framesDropped: engine.framesDropped };
}
