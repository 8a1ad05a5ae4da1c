/** Microphone, loudspeaker and wake word. Facts in, findings out. */

import type { SpeakerPick } from "../../adapters/speaker/pick.ts";
import { type CaptureLevel, tooQuietRemedy } from "../../core/alsa/mixer.ts";
import {
  CLIPPED_REMEDY,
  dbfsText,
  type LevelReading,
  levelVerdict,
  SILENT_REMEDY,
} from "../../core/audio/level-meter.ts";
import { durationText } from "../../core/duration.ts";
import {
  type EchoReach,
  echoReach,
  echoRemedy,
  echoText,
  type Reading,
  reachText,
} from "../../core/echo/judge.ts";
import type { Fault } from "../../core/fault.ts";
import type { Fields } from "../../core/json.ts";
import { type Finding, finding, fromFault } from "./finding.ts";

export type MicrophoneFacts =
  | { readonly tag: "skip"; readonly why: string }
  /** A recording stands in for it. */
  | { readonly tag: "file"; readonly path: string; readonly ms: number }
  /** It could not be opened. `holder`: who has it. */
  | { readonly tag: "lost"; readonly fault: Fault; readonly holder: string }
  /** The running daemon has it: its own words. */
  | {
      readonly tag: "daemon";
      readonly condition: string;
      /** The daemon's own, where the condition is a fault. */
      readonly remedy: string;
      readonly level: Fields | null;
      readonly capture: CaptureLevel;
    }
  | {
      readonly tag: "heard";
      readonly capture: CaptureLevel;
      readonly device: string;
      readonly reading: LevelReading;
      /** The quiet between the sounds. */
      readonly floorDbfs: number | null;
      /** Somebody was asked to speak. */
      readonly wasAsked: boolean;
    };

/** A room this loud, or a gain this high, hides the wake word. */
const NOISY_DBFS = -35;
/** A voice at two metres peaks above this with any usable gain. */
const FAINT_PEAK_DBFS = -45;
/** Less noise than the cheapest converter has: the gain is at its lowest. */
const NOISE_MIN_DBFS = -85;
/** One of an earlier release tells no remedies. */
const OLD_DAEMON = "Plug it in, or see `pipit devices`";
/** Exact silence for so long is no chance. */
const FLAT_ASKED_S = 2;

export function judgeMicrophone(facts: MicrophoneFacts): Finding {
  switch (facts.tag) {
    case "skip":
      return finding("microphone", "skip", facts.why);
    case "file":
      return finding("microphone", "ok", `A recording of ${seconds(facts.ms)}: ${facts.path}`);
    case "lost": {
      const held = facts.holder === "" ? "" : `: ${facts.holder}`;
      const message = `${facts.fault.message}${held}`;
      return fromFault("microphone", "fail", { ...facts.fault, message });
    }
    case "daemon":
      return judgeDaemonsMicrophone(facts);
    case "heard":
      return judgeHeard(facts);
  }
}

function judgeHeard(facts: Extract<MicrophoneFacts, { tag: "heard" }>): Finding {
  const { device, reading, floorDbfs, wasAsked } = facts;
  const { peakDbfs } = reading;
  const says = `${device}: noise ${dbfsText(floorDbfs)}, loudest ${dbfsText(peakDbfs)}`;
  const verdict = levelVerdict(reading, reading.windowS * 0.95);
  if (verdict === "silent" && reading.windowS > 0) {
    const only = `${device} delivers only digital silence`;
    return finding("microphone", "fail", only, SILENT_REMEDY);
  }
  if (verdict === "clipped") {
    const percent = Math.round(reading.clippedShare * 100);
    return finding("microphone", "warn", `${says}; ${percent} % clipped`, CLIPPED_REMEDY);
  }
  if (floorDbfs !== null && floorDbfs > NOISY_DBFS) {
    const remedy = "Lower the capture level in `alsamixer` (F4), or find the source of the noise";
    return finding("microphone", "warn", `${says}: a noisy room, or too much gain`, remedy);
  }
  const isFaint = wasAsked && peakDbfs !== null && peakDbfs < FAINT_PEAK_DBFS;
  if (isFaint || (reading.rmsDbfs !== null && reading.rmsDbfs < NOISE_MIN_DBFS)) {
    return finding("microphone", "warn", `${says}: faint`, tooQuietRemedy(facts.capture));
  }
  return finding("microphone", "ok", says);
}

function judgeDaemonsMicrophone({
  condition,
  remedy,
  level,
  capture,
}: Extract<MicrophoneFacts, { tag: "daemon" }>): Finding {
  if (condition !== "ok") {
    return finding("microphone", "fail", condition, remedy || OLD_DAEMON);
  }
  const number = (key: string): number | null => {
    const value = level?.[key];
    return typeof value === "number" ? value : null;
  };
  const says = `In use by the running pipit: average ${dbfsText(number("rms_dbfs"))}, loudest ${dbfsText(number("peak_dbfs"))}`;
  // Sooner than the daemon itself would say so: somebody is asking.
  const isFlat = number("rms_dbfs") === null && (number("flat_s") ?? 0) >= FLAT_ASKED_S;
  if (level?.["verdict"] === "silent" || isFlat) {
    const only = `The running pipit has heard nothing but digital silence for ${number("flat_s")} s`;
    return finding("microphone", "fail", only, SILENT_REMEDY);
  }
  if (level?.["verdict"] === "clipped") {
    const percent = Math.round((number("clipped_share") ?? 0) * 100);
    return finding("microphone", "warn", `${says}; ${percent} % clipped`, CLIPPED_REMEDY);
  }
  if (level?.["verdict"] === "quiet") {
    const voice = `your voice peaks at ${dbfsText(number("voice_peak_dbfs"))}`;
    return finding("microphone", "warn", `${says}; ${voice}: faint`, tooQuietRemedy(capture));
  }
  // Nobody may have been understood yet: then there is no voice to judge by.
  if ((number("rms_dbfs") ?? 0) < NOISE_MIN_DBFS) {
    return finding("microphone", "warn", `${says}: faint`, tooQuietRemedy(capture));
  }
  return finding("microphone", "ok", level === null ? "In use by the running pipit" : says);
}

/** The level below which a tenth of the frames are; null for digital silence or none. */
export function noiseFloor(framesDbfs: readonly (number | null)[]): number | null {
  const sorted = framesDbfs.map((level) => level ?? -Infinity).sort((a, b) => a - b);
  const floor = sorted[Math.floor(sorted.length / 10)];
  return floor === undefined || floor === -Infinity ? null : floor;
}

export type SpeakerFacts =
  | { readonly tag: "skip"; readonly why: string }
  | { readonly tag: "file"; readonly path: string; readonly trouble: string }
  | { readonly tag: "lost"; readonly fault: Fault; readonly holder: string }
  | { readonly tag: "daemon"; readonly condition: string; readonly remedy: string }
  | { readonly tag: "played"; readonly device: string; readonly by: SpeakerPick };

/** What plays, and what it costs. */
function playedBy({ backend, why }: SpeakerPick): string {
  if (backend === "speaker") return "by the package speaker (a process of 42 MB besides)";
  return why === "" ? "by aplay" : `by aplay (${why})`;
}

export function judgeSpeaker(facts: SpeakerFacts): Finding {
  switch (facts.tag) {
    case "skip":
      return finding("speaker", "skip", facts.why);
    case "file":
      return facts.trouble === ""
        ? finding("speaker", "ok", `Records into ${facts.path}`)
        : finding(
            "speaker",
            "fail",
            `${facts.path}: ${facts.trouble}`,
            "Name a folder that can be written to",
          );
    case "lost": {
      const held = facts.holder === "" ? "" : `: ${facts.holder}`;
      return fromFault("speaker", "fail", {
        ...facts.fault,
        message: `${facts.fault.message}${held}`,
      });
    }
    case "daemon":
      return facts.condition === "ok"
        ? finding("speaker", "ok", "In use by the running pipit, which reports no fault")
        : finding("speaker", "fail", facts.condition, facts.remedy || OLD_DAEMON);
    case "played":
      return finding(
        "speaker",
        "ok",
        `${facts.device} played two notes ${playedBy(facts.by)}; heard none? See \`alsamixer\``,
      );
  }
}

export type EchoFacts =
  | { readonly tag: "skip"; readonly why: string }
  | { readonly tag: "lost"; readonly fault: Fault }
  /** A rushing was played, and the microphone gave too little sound to judge by. */
  | { readonly tag: "unheard" }
  | {
      readonly tag: "measured";
      /** By how many answers; 0: by a rushing. */
      readonly answers: number;
      readonly reading: Reading;
      /** What the daemon makes of it; null: this is the first that is known. */
      readonly reach: EchoReach | null;
      /** How long ago, seconds; 0: now. */
      readonly ageS: number;
      /** Why it could not be kept for the daemon; null: it is kept. */
      readonly unkept: Fault | null;
    };

/** What is fainter is the room. */
const UNHEARD_DBFS = -55;

export function judgeEcho(facts: EchoFacts): Finding {
  switch (facts.tag) {
    case "skip":
      return finding("echo", "skip", facts.why);
    case "lost":
      return fromFault("echo", "fail", facts.fault);
    case "unheard":
      return finding(
        "echo",
        "warn",
        "The microphone gave too little sound to measure it",
        "Try again",
      );
    case "measured": {
      const { reading, answers, unkept } = facts;
      if (reading.delayMs === null && reading.echoDbfs < UNHEARD_DBFS) {
        return finding("echo", "ok", "The microphone hears nothing of an answer");
      }
      const reach = facts.reach ?? echoReach(reading);
      const by = answers === 0 ? "a rushing" : answers === 1 ? "one answer" : `${answers} answers`;
      const age = facts.ageS === 0 ? "now" : `${durationText(facts.ageS)} ago`;
      const says = `${echoText(reading)} (by ${by}, ${age}): ${reachText(reach)}`;
      if (unkept !== null) {
        return finding("echo", "warn", `${says}. ${unkept.message}`, unkept.remedy);
      }
      const level = reach === "none" ? "warn" : "ok";
      return finding("echo", level, says, echoRemedy(reach, reading));
    }
  }
}

export type WakeFacts =
  | { readonly tag: "skip"; readonly why: string }
  | { readonly tag: "lost"; readonly fault: Fault }
  | { readonly tag: "loaded"; readonly engine: string; readonly words: string; readonly ms: number }
  | {
      readonly tag: "trial";
      readonly words: string;
      /** What was tried, ascending, the configured one among them. */
      readonly sensitivities: readonly number[];
      readonly configured: number;
      /** It is the words' own default; the key is unset. */
      readonly isDefault: boolean;
      /** The strictest at which it was heard; null for none. */
      readonly strictest: number | null;
      readonly ms: number;
      /** The level while it was said, or waited for. */
      readonly peakDbfs: number | null;
    };

export function judgeWake(facts: WakeFacts): Finding {
  switch (facts.tag) {
    case "skip":
      return finding("wake word", "skip", facts.why);
    case "lost":
      return fromFault("wake word", "fail", facts.fault);
    case "loaded":
      return finding(
        "wake word",
        "ok",
        `${facts.engine} is ready for ${facts.words} after ${Math.round(facts.ms)} ms`,
      );
    case "trial":
      return judgeTrial(facts);
  }
}

/** Heard by two settings stricter than ours: a cold, a door or a radio will not stop it. */
const CLEAR_STEPS = 2;
/** Beyond this, what was measured has false alarms. */
const SENSITIVITY_ADVISED_MAX = 0.9;

function judgeTrial(facts: Extract<WakeFacts, { tag: "trial" }>): Finding {
  const { words, sensitivities, configured, strictest, ms, peakDbfs } = facts;
  const level = `loudest ${dbfsText(peakDbfs)}`;
  if (strictest === null) {
    const says = `${words} was not heard in ${seconds(ms)}, at no sensitivity (${level})`;
    const remedy =
      "Say it clearly, a moment after it is quiet, from where you will say it; see the microphone's level";
    return finding("wake word", "fail", says, remedy);
  }
  const heard = `${words} was heard from sensitivity ${strictest} on (${level})`;
  const today = `wake_word.sensitivity is ${configured}${facts.isDefault ? ", its default" : ""}`;
  const steps = sensitivities.filter((one) => one >= strictest && one < configured).length;
  const advised = advisedAbove(strictest, sensitivities);
  if (strictest > configured) {
    const remedy = `Set wake_word.sensitivity to ${advised}, or come nearer`;
    return finding("wake word", "warn", `${heard}; ${today}`, remedy);
  }
  if (sensitivities.length === 1 || (steps > 0 && steps < CLEAR_STEPS)) {
    return finding("wake word", "ok", `${heard}; ${today}`);
  }
  if (steps >= CLEAR_STEPS) return finding("wake word", "ok", `${heard}; ${today}, clearly`);
  const remedy =
    advised > configured ? `If it is missed at times: set wake_word.sensitivity to ${advised}` : "";
  return finding("wake word", "ok", `${heard}; ${today}, but only just`, remedy);
}

/** A setting with a step to spare above the strictest that heard it, within what is sane. */
function advisedAbove(strictest: number, tried: readonly number[]): number {
  const spare = tried.find((one) => one > strictest) ?? strictest;
  return Math.max(strictest, Math.min(SENSITIVITY_ADVISED_MAX, spare));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
