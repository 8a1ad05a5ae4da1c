/**
 * The rows about the appliance itself: sound, wake word, conversations, files (lamps and button:
 * table-gpio.ts).
 *
 * Invariant: a key stands here only when something reads it.
 */

import type { Pattern } from "./row.ts";
import {
  boolean,
  fromEnvironment,
  int,
  intOr,
  list,
  number,
  numberOr,
  oneOf,
  path,
  paths,
  secretText,
  text,
} from "./row.ts";
import { GPIO_ROWS } from "./table-gpio.ts";

const DEVICE: Pattern = {
  // A number alone is no name: that of a card changes with every start.
  regex: /^(?:file:.+\.wav|(?!file:|\d+$)\S.*)$/i,
  says: "an ALSA name such as plughw:1, part of a card's name, usb:PORT, or file:PATH.wav",
};
const WAKE_SOUND: Pattern = {
  regex: /^(?:off|tick|chime|file:.+\.wav)$/i,
  says: "off, tick, chime, or file:PATH.wav",
};
const KEYWORD: Pattern = {
  regex: /^\S(?:.{0,62}\S)?$/,
  says: "a wake word of at most 64 characters",
};
/** sun_path of unix(7) has 108 bytes, the last one zero. */
const SOCKET_PATH_MAX_CHARS = 107;

const AUDIO = {
  "audio.input_device": text({
    default: "default",
    required: true,
    pattern: DEVICE,
    reload: "restart",
    doc: "The microphone: default, an ALSA name such as plughw:CARD=Device, part of a card's name, usb:PORT (of two alike; see pipit devices), or file:PATH.wav.",
  }),
  "audio.input_channel": intOr(["auto"], {
    default: "auto",
    min: 1,
    max: 32,
    reload: "restart",
    doc: "Which channel of a microphone with several is listened to, from 1; they are never mixed. auto takes the processed one of the arrays that are known, else the first.",
  }),
  "audio.output_device": text({
    default: "default",
    required: true,
    pattern: DEVICE,
    reload: "restart",
    doc: "The loudspeaker, named like the microphone; file:PATH.wav records what would be heard.",
  }),
  "audio.output_backend": oneOf(["auto", "speaker", "aplay"], {
    default: "auto",
    reload: "restart",
    doc: "What plays: the speaker package, or the program aplay; auto takes the first that works.",
  }),
  "audio.lead_in_ms": int({
    default: 0,
    min: 0,
    max: 1_500,
    unit: "ms",
    reload: "restart",
    doc: "Silence before the first sound after a pause, for HDMI screens and USB or Bluetooth amplifiers that sleep and swallow the beginning of an answer: try 700. Each answer after a pause comes so much later.",
  }),
  "audio.volume": number({
    default: 1,
    min: 0,
    max: 1,
    reload: "live",
    doc: "Loudness of the answers; 1 is as they come.",
  }),
  "audio.duplex": oneOf(["half", "full"], {
    default: "half",
    reload: "session",
    doc: "half closes the microphone's way to the API during an answer; full leaves it open for who speaks over it (see audio.echo).",
  }),
  "audio.echo": oneOf(["auto", "off", "wake", "full"], {
    default: "auto",
    reload: "restart",
    doc: "What of the answers is taken out of what is heard. wake: the wake word interrupts an answer. full: any speech does that lasts for half a second, as with audio.duplex full; a shorter sound makes the answer softer. auto: wake, and with audio.duplex full also that, unless pipit status says that your voice does not get through. off: nothing, for a device with an echo canceller of its own.",
  }),
  "audio.pre_roll_ms": int({
    default: 1000,
    min: 0,
    max: 3000,
    unit: "ms",
    reload: "session",
    doc: "How much from before the detection of the wake word is sent, so that no syllable is lost.",
  }),
  "audio.settle_ms": int({
    default: 200,
    min: 0,
    max: 2000,
    unit: "ms",
    reload: "session",
    doc: "half duplex: how long the room may ring out before the microphone opens after an answer.",
  }),
  "audio.wake_sound": text({
    default: "off",
    required: true,
    pattern: WAKE_SOUND,
    reload: "session",
    doc: "A sound at the wake word or the button, and softly while the connection takes long: off, tick, chime, or file:PATH.wav of at most two seconds. It is kept out of what is sent.",
  }),
  "audio.earcons": boolean({
    default: true,
    reload: "live",
    doc: "Says aloud what went wrong: no network, key refused, no credit, service busy.",
  }),
} as const;

const WAKE_WORD = {
  "wake_word.enabled": boolean({
    default: true,
    reload: "restart",
    doc: "Listen for the wake word; false leaves the button and pipit wake.",
  }),
  "wake_word.engine": oneOf(["porcupine-keyless", "porcupine", "micro"], {
    default: "porcupine-keyless",
    reload: "restart",
    doc: "porcupine-keyless knows eleven words, without an account; micro runs microWakeWord models (model_path), which hear better in noise; porcupine is the engine that needs access_key. Words of models are listened for beside any of them.",
  }),
  "wake_word.keyword": list({
    default: ["computer"],
    minItems: 1,
    maxItems: 8,
    loneText: true,
    pattern: KEYWORD,
    reload: "restart",
    doc: "The wake word, or a list of them. With micro the words of the models count anyway; others that are named here are the keyless engine's.",
  }),
  "wake_word.sensitivity": numberOr(["auto"], {
    default: "auto",
    min: 0,
    max: 1,
    reload: "restart",
    doc: "Higher hears more of the calls, and more that are none. auto is each word's own: porcupine-keyless 0.9 for computer, else 0.7; micro 0.97 for alexa, else 0.7. For the Porcupine engines the number is theirs; for micro, 0.7 is the sureness that the model's author asks for, 1 half of it, 0 nearly certain. pipit doctor --wake recommends one from what it hears.",
  }),
  "wake_word.model_path": paths({
    default: [],
    minItems: 0,
    maxItems: 8,
    reload: "restart",
    doc: "Manifests (.json) of microWakeWord models, with the model beside each: one word each. A model of stop silences an answer, and is listened for only while one plays. Or a keyword file (.ppn) of your own for the engine porcupine.",
  }),
  "wake_word.access_key": secretText({
    default: fromEnvironment("PICOVOICE_ACCESS_KEY", ""),
    reload: "restart",
    doc: "Picovoice AccessKey for the engine porcupine.",
  }),
  "wake_word.cooldown_s": number({
    default: 2,
    min: 0,
    max: 60,
    unit: "s",
    reload: "live",
    doc: "After a detection, further ones are ignored for this long.",
  }),
} as const;

const SESSION = {
  "session.mode": oneOf(["multi_turn", "single_turn"], {
    default: "multi_turn",
    reload: "session",
    doc: "multi_turn listens again after an answer; single_turn is done after one.",
  }),
  "session.response_by": oneOf(["auto", "server", "client"], {
    default: "auto",
    reload: "session",
    doc: "Who creates a response when you have finished. server saves a round trip (40 to 150 ms) in each turn, but responds to a cough or to the wake word alone, too, which Pipit then cancels; client asks only for what is wanted. auto: server, except with push-to-talk, in a turn that the wake word opened, and close to the end of the budget.",
  }),
  "session.follow_up_s": number({
    default: 8,
    min: 1,
    max: 60,
    unit: "s",
    reload: "session",
    doc: "multi_turn: how long you may speak on after an answer without the wake word.",
  }),
  "session.keep_warm_s": number({
    default: 0,
    min: 0,
    max: 600,
    unit: "s",
    reload: "session",
    doc: "How long the connection is kept after a conversation: the next one starts at once, and remembers.",
  }),
  "session.no_speech_s": number({
    default: 6,
    min: 1,
    max: 60,
    unit: "s",
    reload: "session",
    doc: "How long it waits for the first word after the wake word.",
  }),
  "session.max_duration_s": number({
    default: 300,
    min: 10,
    max: 3540,
    unit: "s",
    reload: "session",
    doc: "The longest conversation; the API itself ends one after an hour.",
  }),
  "session.max_turns": int({
    default: 20,
    min: 1,
    max: 1000,
    unit: "turns",
    reload: "session",
    doc: "The most questions in one conversation; each further one costs more than the last.",
  }),
  "session.min_speech_ms": int({
    default: 120,
    min: 0,
    max: 2000,
    unit: "ms",
    reload: "session",
    doc: "Shorter sounds are taken for noise and not answered.",
  }),
} as const;

const TEXTFILE: Pattern = {
  regex: /^(?:|\/(?:.*\/)?[^/]+\.prom)$/,
  says: "empty, or an absolute path that ends in .prom",
};

const REST = {
  "metrics.dir": path({
    default: "metrics",
    required: true,
    reload: "restart",
    doc: "The folder for one file per conversation; a relative one counts from where pipit was started.",
  }),
  "metrics.max_files": int({
    default: 1000,
    min: 1,
    max: 100_000,
    unit: "files",
    reload: "live",
    doc: "The oldest files beyond this number are removed.",
  }),
  "metrics.max_mb": int({
    default: 20,
    min: 1,
    max: 10_000,
    unit: "MB",
    reload: "live",
    doc: "The oldest files beyond this room on the card are removed; a file takes at least 4 KiB.",
  }),
  "metrics.max_age_days": int({
    default: 365,
    min: 0,
    max: 36_500,
    unit: "days",
    reload: "live",
    doc: "Older files are removed, as soon as the clock can be believed; 0 keeps them.",
  }),
  "metrics.textfile": path({
    default: "",
    pattern: TEXTFILE,
    reload: "restart",
    doc: "A file with totals and latencies for node_exporter's textfile collector, such as /run/pipit-fleet/pipit.prom; empty for none.",
  }),
  "system.log_level": oneOf(["debug", "info", "notice", "warning", "error"], {
    default: "info",
    reload: "live",
    doc: "The least urgent lines that are written to the journal.",
  }),
  "system.location": text({
    default: "",
    maxChars: 120,
    reload: "session",
    doc: "Where it stands, in your words, such as the kitchen in Lyon: the model is told.",
  }),
  "system.control_socket": path({
    default: "",
    maxChars: SOCKET_PATH_MAX_CHARS,
    reload: "restart",
    doc: "The socket for pipit status and the like. Empty: $RUNTIME_DIRECTORY/control.sock, or one for your user.",
  }),
} as const;

export const DEVICE_ROWS = { ...AUDIO, ...WAKE_WORD, ...SESSION, ...GPIO_ROWS, ...REST } as const;
