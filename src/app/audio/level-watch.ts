/**
 * Watches the level of the microphone: told in the journal when nothing but digital silence comes,
 * or sound that is badly clipped; shown in `status`.
 *
 * Invariant: one line when it begins and at most one a day of each kind, whatever the microphone does.
 */

import {
  CLIPPED_REMEDY,
  FLAT_MAX_S,
  LevelMeter,
  type LevelVerdict,
  levelVerdict,
  SILENT_REMEDY,
  WINDOW_S,
} from "../../core/audio/level-meter.ts";
import { FRAME_MS } from "../../core/audio/pcm.ts";
import type { Clock, Journal } from "../../ports.ts";

/** Frames between two looks: a second of sound. */
const LOOK_EVERY_FRAMES = 1000 / FRAME_MS;
const TELL_EVERY_MS = 24 * 3_600_000;

export interface LevelWatchOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  /** A recording as the microphone is followed by exact silence, and nobody need be told. */
  readonly isFile: boolean;
}

export class LevelWatch {
  readonly #options: LevelWatchOptions;
  readonly #meter = new LevelMeter();
  readonly #toldMs = new Map<LevelVerdict, number>();
  #verdict: LevelVerdict = "ok";
  /** The silence was told of, and its end was not. */
  #owesEnd: boolean = false;
  #frames = 0;

  constructor(options: LevelWatchOptions) {
    this.#options = options;
  }

  take(pcm: Int16Array): void {
    this.#meter.take(pcm);
    this.#frames += 1;
    if (this.#frames % LOOK_EVERY_FRAMES === 0) this.#look();
  }

  /** The microphone went away. */
  lost(): void {
    this.#meter.reset();
    this.#frames = 0;
    this.#verdict = "ok";
  }

  /** Loudness of the last seconds; null before the first sound, and of digital silence. */
  get rmsDbfs(): number | null {
    return this.#frames === 0 ? null : this.#meter.read().rmsDbfs;
  }

  /** For `status`; null before the first sound. */
  status(): Readonly<Record<string, unknown>> | null {
    if (this.#frames === 0) return null;
    const reading = this.#meter.read();
    return {
      verdict: this.#verdict,
      rms_dbfs: reading.rmsDbfs,
      peak_dbfs: reading.peakDbfs,
      clipped_share: reading.clippedShare,
      zero_share: reading.zeroShare,
      flat_s: reading.flatS,
    };
  }

  #look(): void {
    const reading = this.#meter.read();
    const before = this.#verdict;
    const found = levelVerdict(reading);
    // The first seconds are too few to speak of clipping: plugging in makes a click.
    const tooSoon = found === "clipped" && reading.windowS < WINDOW_S - 1;
    this.#verdict = tooSoon || (found === "silent" && this.#options.isFile) ? "ok" : found;
    if (this.#verdict === before) return;
    if (this.#verdict !== "ok") this.#tell(this.#verdict, reading.clippedShare);
    else if (before === "silent" && this.#owesEnd) {
      this.#owesEnd = false;
      this.#options.journal.log("info", "The microphone gives sound again");
    }
  }

  #tell(verdict: "silent" | "clipped", clippedShare: number): void {
    const { clock, journal } = this.#options;
    const nowMs = clock.nowMs();
    const toldMs = this.#toldMs.get(verdict);
    if (toldMs !== undefined && nowMs - toldMs < TELL_EVERY_MS) return;
    this.#toldMs.set(verdict, nowMs);
    if (verdict === "silent") this.#owesEnd = true;
    const percent = Math.round(clippedShare * 100);
    const line =
      verdict === "silent"
        ? `The microphone has given nothing but digital silence for ${FLAT_MAX_S} s. ${SILENT_REMEDY}`
        : `The microphone is overdriven: ${percent} % of its samples are clipped. ${CLIPPED_REMEDY}`;
    journal.log("warning", line);
  }
}
