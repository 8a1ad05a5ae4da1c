/** The checks of `pipit doctor` about microphone, loudspeaker, wake word, LEDs and button. */

import { captureLevel } from "../../adapters/alsa/capture-level.ts";
import { alsaName, readCards } from "../../adapters/alsa/card-finder.ts";
import { holderOf } from "../../adapters/alsa/devices.ts";
import { loadWav } from "../../adapters/os/wav-file.ts";
import { pickSpeaker } from "../../adapters/speaker/pick.ts";
import { wakePlan } from "../../adapters/wake/open.ts";
import { composeParts, type Parts } from "../../compose.ts";
import { cardNamed, type Role } from "../../core/alsa/cards.ts";
import { holderText } from "../../core/alsa/listing.ts";
import type { CaptureLevel } from "../../core/alsa/mixer.ts";
import { samplesToMs } from "../../core/audio/pcm.ts";
import { fields, record, text } from "../../core/json.ts";
import type { Settings } from "../../core/settings/table.ts";
import { type WakePlan, wakingWords } from "../../core/wake/plan.ts";
import type { Journal } from "../../ports.ts";
import { echoCheck } from "./check-echo.ts";
import { chime } from "./chime.ts";
import type { Context } from "./context.ts";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";
import {
  boardNames,
  PRESS_WAIT_MS,
  pinsFacts,
  stripFacts,
  walkButton,
  walkLeds,
  walkStrip,
} from "./io-panel-walk.ts";
import { folderOf } from "./io-read-files.ts";
import { isWritable } from "./io-read-machine.ts";
import { listen } from "./listen.ts";
import { judgeButton, judgeLed, judgePins, judgeStrip, judgeUnlit } from "./panel.ts";
import type { Check } from "./run-check.ts";
import {
  judgeMicrophone,
  judgeSpeaker,
  judgeWake,
  type MicrophoneFacts,
  type SpeakerFacts,
  type WakeFacts,
} from "./sound.ts";
import { ready, wakeTrial } from "./wake-trial.ts";

const FILE_DEVICE = "file:";
const LISTEN_MS = 2_000;
/** Two LEDs, two seconds each, and the opening of their pins. */
const LEDS_MAX_MS = 15_000;
/** Above what the adapters themselves allow for a device that hangs. */
const DEVICE_MAX_MS = 12_000;
const WAKE_MAX_MS = 20_000;
/** A recording's word may be its last sound. */
const WAKE_AFTER_MS = 1_500;
/** The engines' start, and their end, besides the sound. */
const WAKE_SLACK_MS = 30_000;
/** Sensitivities tried on the same sound. */
const SENSITIVITIES: readonly number[] = [0.1, 0.3, 0.5, 0.7, 0.9];

const SILENT_JOURNAL: Journal = { log: () => undefined };

export function soundChecks(context: Context, settings: Settings): readonly Check[] {
  const parts = composeParts(settings, context.env, SILENT_JOURNAL);
  return [
    {
      name: "microphone",
      maxMs: DEVICE_MAX_MS,
      run: async () => judgeMicrophone(await microphoneFacts(context, settings, parts)),
    },
    {
      name: "speaker",
      maxMs: DEVICE_MAX_MS,
      run: async () => judgeSpeaker(await speakerFacts(context, settings, parts)),
    },
    echoCheck(context, settings, parts),
    {
      name: "wake word",
      maxMs: WAKE_MAX_MS + WAKE_SLACK_MS,
      run: async () => judgeWake(await wakeFacts(context, settings, parts)),
    },
    { name: "pins", run: () => judgePins(pinsFacts(settings, context.clock)) },
    ...stripChecks(settings),
    ...(context.options.walk ? walkChecks(context, settings) : []),
  ];
}

function stripChecks(settings: Settings): readonly Check[] {
  if (settings["leds.backend"] !== "apa102") {
    const unlit = judgeUnlit(boardNames());
    return unlit === null ? [] : [{ name: "leds", run: () => unlit }];
  }
  const run = (): Finding | readonly Finding[] => {
    const facts = stripFacts(settings);
    return facts === null ? [] : judgeStrip(facts);
  };
  return [{ name: "leds", run }];
}

/** What the daemon says of a part; null when it does not run. */
function daemonSays({ daemon }: Context, part: string): string | null {
  return daemon.tag === "running" ? String(daemon.status[part]) : null;
}

/** What it says can be done about the part; empty when nothing is wrong. */
function daemonsRemedy({ daemon }: Context, part: string): string {
  const status = daemon.tag === "running" ? daemon.status : {};
  return text(fields(status, "remedies"), part) ?? "";
}

async function microphoneFacts(
  context: Context,
  settings: Settings,
  parts: Parts,
): Promise<MicrophoneFacts> {
  const device = settings["audio.input_device"];
  if (device.startsWith(FILE_DEVICE)) {
    const path = device.slice(FILE_DEVICE.length);
    return { tag: "file", path, ms: samplesToMs(loadWav(path).length) };
  }
  const condition = daemonSays(context, "microphone");
  if (condition !== null && context.daemon.tag === "running") {
    const level = record(context.daemon.status["microphone_level"]);
    const remedy = daemonsRemedy(context, "microphone");
    return { tag: "daemon", condition, remedy, level, capture: await captureOf(device) };
  }
  if (context.options.quick) return { tag: "skip", why: "Not tested, with --quick" };
  const { screen } = context;
  const prompt = "microphone: say something";
  screen.doing(prompt);
  const heard = await listen(parts.microphone(), LISTEN_MS, (level) => screen.level(prompt, level));
  if (heard.tag === "lost") return { ...heard, holder: holderNow(device, "capture") };
  const capture = await captureOf(device);
  return { ...heard, device, capture, wasAsked: screen.isAttended };
}

/** The capture level of the microphone's card, as far as there is one. */
async function captureOf(device: string): Promise<CaptureLevel> {
  const cards = readCards();
  const card = cardNamed(alsaName(device, "capture", cards), cards);
  return card === null ? { tag: "unknown" } : captureLevel(card.id);
}

/** Who has the device, as words; empty when nobody does, or it is no card's. */
function holderNow(device: string, role: Role): string {
  const cards = readCards();
  const card = cardNamed(alsaName(device, role, cards), cards);
  const holder = card === null ? null : holderOf(card, role, card[role][0] ?? 0);
  return holder === null ? "" : holderText(holder);
}

async function speakerFacts(
  context: Context,
  settings: Settings,
  parts: Parts,
): Promise<SpeakerFacts> {
  const device = settings["audio.output_device"];
  if (device.startsWith(FILE_DEVICE)) {
    const path = device.slice(FILE_DEVICE.length);
    const folder = folderOf(path);
    return {
      tag: "file",
      path,
      trouble: isWritable(folder) ? "" : `${folder} cannot be written to`,
    };
  }
  const condition = daemonSays(context, "speaker");
  if (condition !== null) {
    return { tag: "daemon", condition, remedy: daemonsRemedy(context, "speaker") };
  }
  if (context.options.quick) return { tag: "skip", why: "Not tested, with --quick" };
  const fault = await chime(parts.speaker(), settings["audio.volume"]);
  return fault === null
    ? { tag: "played", device, by: pickSpeaker(settings["audio.output_backend"]) }
    : { tag: "lost", fault, holder: holderNow(device, "playback") };
}

async function wakeFacts(context: Context, settings: Settings, parts: Parts): Promise<WakeFacts> {
  const { options, clock } = context;
  if (!settings["wake_word.enabled"]) return { tag: "skip", why: "wake_word.enabled is false" };
  if (options.wake) return tryWake(context, settings, parts);
  const condition = daemonSays(context, "wake_word");
  if (condition === "ok") return { tag: "skip", why: "The running pipit listens for it" };
  if (options.quick) return { tag: "skip", why: "Not loaded, with --quick" };
  const engine = parts.wakeEngine(settings["wake_word.sensitivity"]);
  if (engine === null) return { tag: "skip", why: "There is no engine" };
  const startedMs = clock.nowMs();
  const fault = await ready({ clock, engines: [{ sensitivity: 0, engine }] }, () => {});
  const ms = clock.nowMs() - startedMs;
  await engine.close();
  const [name, words] = [settings["wake_word.engine"], wordsOf(settings)];
  return fault === null ? { tag: "loaded", engine: name, words, ms } : { tag: "lost", fault };
}

async function tryWake(context: Context, settings: Settings, parts: Parts): Promise<WakeFacts> {
  const { clock, screen } = context;
  const device = settings["audio.input_device"];
  const isFile = device.startsWith(FILE_DEVICE);
  if (context.daemon.tag === "running" && !isFile) {
    const why = "The running pipit has the microphone: sudo systemctl stop pipit, and try again";
    return { tag: "skip", why };
  }
  const plan = wakePlan(settings);
  const configured = shyest(plan);
  // Each engine with an account counts as a device of it.
  const isFree = plan.porcupine.length === 0;
  const tried = new Set(isFree ? [...SENSITIVITIES, configured] : [configured]);
  const sensitivities = [...tried].sort((a, b) => a - b);
  const engines = sensitivities.flatMap((sensitivity) => {
    const engine = parts.wakeEngine(sensitivity);
    return engine === null ? [] : [{ sensitivity, engine }];
  });
  const fileMs = isFile ? samplesToMs(loadWav(device.slice(FILE_DEVICE.length)).length) : Infinity;
  const words = wordsOf(settings);
  const prompt = `wake word: say ${words}`;
  const result = await wakeTrial({
    clock,
    microphone: parts.microphone(),
    engines,
    maxMs: Math.min(WAKE_MAX_MS, fileMs + WAKE_AFTER_MS),
    onReady: () => screen.doing(prompt),
    onLevel: (level) => screen.level(prompt, level),
  });
  if (result.tag === "lost") return result;
  const isDefault = settings["wake_word.sensitivity"] === "auto";
  return { ...result, tag: "trial", words, sensitivities, configured, isDefault };
}

/** The sensitivity of the word that is listened for least eagerly. */
function shyest(plan: WakePlan): number {
  return Math.min(...wakingWords(plan).map(({ sensitivity }) => sensitivity));
}

function wordsOf(settings: Settings): string {
  const words = wakingWords(wakePlan(settings));
  return words.map(({ keyword }) => `"${keyword}"`).join(" or ");
}

function walkChecks(context: Context, settings: Settings): readonly Check[] {
  const { clock, screen, options, daemon } = context;
  const say = (text: string): void => screen.say(text);
  const why =
    daemon.tag === "running"
      ? "The running pipit holds the pins: sudo systemctl stop pipit, and try again"
      : screen.isAttended || options.yes
        ? ""
        : "No terminal: nobody could look and press; --yes does it anyway";
  if (why !== "") return [{ name: "walk", run: () => finding("walk", "skip", why) }];
  return [
    {
      name: "leds",
      maxMs: LEDS_MAX_MS,
      run: async () =>
        settings["leds.backend"] === "apa102"
          ? await walkStrip(settings, clock, say)
          : (await walkLeds(settings, clock, say)).map(judgeLed),
    },
    {
      name: "button",
      maxMs: PRESS_WAIT_MS + DEVICE_MAX_MS,
      run: async (): Promise<readonly Finding[]> => {
        const facts = await walkButton(settings, clock, say);
        return facts === null ? [] : [judgeButton(facts)];
      },
    },
  ];
}
