/**
 * Listens to the microphone for a moment, to judge it.
 *
 * Invariant: the microphone is closed when it resolves, whatever it resolves with.
 */

import { dbfs, LevelMeter, type LevelReading } from "../../core/audio/level-meter.ts";
import { FRAME_MS, rms } from "../../core/audio/pcm.ts";
import type { Fault } from "../../core/fault.ts";
import type { Microphone } from "../../ports.ts";
import { noiseFloor } from "./sound.ts";

/** The click of the opening, and what the driver had in its buffer. */
const SKIP_FRAMES = 10;

export type Heard =
  | { readonly tag: "heard"; readonly reading: LevelReading; readonly floorDbfs: number | null }
  | { readonly tag: "lost"; readonly fault: Fault };

/** Resolves after `ms` of sound, or when there is none to be had. `onLevel`: for each frame. */
export async function listen(
  microphone: Microphone,
  ms: number,
  onLevel: (level: number | null) => void = () => undefined,
): Promise<Heard> {
  const meter = new LevelMeter();
  const levels: (number | null)[] = [];
  let frames = 0;
  const heard = await new Promise<Heard>((resolve) => {
    microphone.start({
      flowing: () => undefined,
      lost: (fault) => resolve({ tag: "lost", fault }),
      frame: (pcm) => {
        frames += 1;
        if (frames <= SKIP_FRAMES) return;
        meter.take(pcm);
        const level = dbfs(rms(pcm));
        levels.push(level);
        onLevel(level);
        if (levels.length * FRAME_MS < ms) return;
        resolve({ tag: "heard", reading: meter.read(), floorDbfs: noiseFloor(levels) });
      },
    });
  });
  await microphone.close();
  return heard;
}
