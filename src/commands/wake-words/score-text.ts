/** What `pipit wake-words score` prints. */

import type { Fault } from "../../core/fault.ts";
import type { WakePlan } from "../../core/wake/plan.ts";
import type { Detection } from "./score.ts";

export interface ScoredFile {
  readonly path: string;
  /** Length of the recording. */
  readonly seconds: number;
  readonly detections: readonly Detection[];
  /** Why it could not be read; null when it was. */
  readonly damage: Fault | null;
}

/** A line for each recording: its detections, or that there is none. */
export function scoreText({ path, detections, damage }: ScoredFile): string {
  if (damage !== null) return `${path}: not read: ${damage.message}\n`;
  const found = detections.map(
    ({ keyword, atMs }) => `${keyword} at ${(atMs / 1000).toFixed(2)} s`,
  );
  return `${path}: ${found.length === 0 ? "nothing" : found.join(", ")}\n`;
}

/** For programs; times in seconds from the beginning of the recording to the end of the word. */
export function scoreData(plan: WakePlan, files: readonly ScoredFile[], framesDropped: number) {
  const words = Object.entries(plan).flatMap(([engine, list]) =>
    list.map(({ keyword, sensitivity }) => ({ keyword, engine, sensitivity })),
  );
  const heard = files.filter(({ detections }) => detections.length > 0).length;
  const detections = files.reduce((total, file) => total + file.detections.length, 0);
  const seconds = files.reduce((total, file) => total + file.seconds, 0);
  return {
    words,
    files: files.map((file) => ({
      file: file.path,
      seconds: rounded(file.seconds),
      detections: file.detections.map(({ keyword, atMs }) => ({ keyword, at_s: atMs / 1000 })),
      ...(file.damage === null ? {} : { error: file.damage.message }),
    })),
    files_heard: heard,
    files_total: files.length,
    files_damaged: files.filter(({ damage }) => damage !== null).length,
    detections_total: detections,
    seconds_total: rounded(seconds),
    frames_dropped: framesDropped,
    summary: `${heard} of ${files.length} recordings heard, ${detections} detections in ${(seconds / 60).toFixed(1)} min`,
  };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
