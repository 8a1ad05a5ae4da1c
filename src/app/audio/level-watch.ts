/**
 * Watches the level of the microphone: told in the journal when nothing but digital silence comes,
 * or sound that is badly clipped; shown in `status`.
 *
 * Invariant: one line when it begins and at most one a day of each kind, whatever the microphone does.
 */

import {
  CLIPPED_REMEDY,
  dbfsText,
  FLAT_MAX_S,
  LevelMeter,
  type LevelVerdict,
  levelVerdict,
  QUIET_REMEDY,
  QUIET_VOICE_DBFS,
  SILENT_REMEDY,
  WINDOW_S,
} from "../../core/audio/level-meter.ts";
import { FRAME_MS } from "../../core/audio/pcm.ts";
import type { Clock, Journal } from "../../ports.ts";

/** Frames between two looks: a second of sound. */
const LOOK_EVERY_FRAMES = 1000 / FRAME_MS;
/** One call from the next room is no trouble; so many in a row are. */
const FAINT_CALLS = 3;
const LOG_EVERY_MS = 24 * 3_600_000;

export interface LevelWatchOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  /** A recording as the microphone is followed by exact silence, and nobody need be told. */
  readonly isFile: boolean;
  /** How much louder the wake-word engine hears, dB; null where there is none. */
  readonly wakeGainDb: () => number | null;
}

export class LevelWatch {
  readonly #options: LevelWatchOptions;
  readonly #meter = new LevelMeter();
  readonly #loggedMs = new Map<LevelVerdict, number>();
  #verdict: LevelVerdict = "ok";
  /** The loudest moment of the last call; null before the first. */
  #voicePeakDbfs: number | null = null;
  /** How many calls in a row were faint. */
  #faintCalls = 0;
  /** The silence was told of, and its end was not. */
  #isSilenceLogged: boolean = false;
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
    this.#voicePeakDbfs = null;
    this.#faintCalls = 0;
  }

  /** Somebody has just said the wake word: the loudest of the last seconds is a voice. */
  called(): void {
    const peak = this.#meter.read().peakDbfs;
    this.#voicePeakDbfs = peak;
    this.#faintCalls = peak !== null && peak < QUIET_VOICE_DBFS ? this.#faintCalls + 1 : 0;
    this.#look();
  }

  /** Loudness of the last seconds; null before the first sound, and of digital silence. */
  get rmsDbfs(): number | null {
    return this.#frames === 0 ? null : this.#meter.read().rmsDbfs;
  }

  /** For `status`; null before the first sound. */
  status(): Readonly<Record<string, unknown>> | null {
    if (this.#frames === 0) return null;
    const reading = this.#meter.read();
    const gainDb = this.#options.wakeGainDb();
    return {
      verdict: this.#verdict,
      rms_dbfs: reading.rmsDbfs,
      peak_dbfs: reading.peakDbfs,
      clipped_share: reading.clippedShare,
      zero_share: reading.zeroShare,
      flat_s: reading.flatS,
      voice_peak_dbfs: this.#voicePeakDbfs,
      wake_gain_db: gainDb === null ? null : Math.round(gainDb * 10) / 10,
    };
  }

  #look(): void {
    const reading = this.#meter.read();
    const before = this.#verdict;
    const found = levelVerdict(reading);
    // The first seconds are too few to speak of clipping: plugging in makes a click.
    const tooSoon = found === "clipped" && reading.windowS < WINDOW_S - 1;
    const isNone = tooSoon || (found === "silent" && this.#options.isFile);
    this.#verdict = isNone || found === "ok" ? this.#voiceVerdict() : found;
    if (this.#verdict === before) return;
    if (this.#verdict !== "ok") this.#log(this.#verdict, reading.clippedShare);
    else if (before === "silent" && this.#isSilenceLogged) {
      this.#isSilenceLogged = false;
      this.#options.journal.log("info", "The microphone gives sound again");
    }
  }

  #voiceVerdict(): LevelVerdict {
    return this.#faintCalls >= FAINT_CALLS && !this.#options.isFile ? "quiet" : "ok";
  }

  #log(verdict: Exclude<LevelVerdict, "ok">, clippedShare: number): void {
    const { clock, journal } = this.#options;
    const nowMs = clock.nowMs();
    const loggedMs = this.#loggedMs.get(verdict);
    if (loggedMs !== undefined && nowMs - loggedMs < LOG_EVERY_MS) return;
    this.#loggedMs.set(verdict, nowMs);
    if (verdict === "silent") this.#isSilenceLogged = true;
    const percent = Math.round(clippedShare * 100);
    const lines = {
      silent: `The microphone has given nothing but digital silence for ${FLAT_MAX_S} s. ${SILENT_REMEDY}`,
      clipped: `The microphone is overdriven: ${percent} % of its samples are clipped. ${CLIPPED_REMEDY}`,
      quiet: `The microphone hears you faintly: your voice peaks at ${dbfsText(this.#voicePeakDbfs)}. ${QUIET_REMEDY}`,
    };
    journal.log("warning", lines[verdict]);
  }
}
