/** The older keys of `openai` and `wake_word`. */

import { modelNamed } from "../../core/models/catalogue.ts";
import type { OlderName } from "../../core/settings/older-names.ts";
import type { SettingKey } from "../../core/settings/table.ts";
import { nearest } from "../../core/suggest.ts";
import { ALL_VOICES } from "../../core/voices.ts";
import { KEYLESS_KEYWORDS } from "../../core/wake/keyless-words.ts";
import { OFFICIAL_MODELS } from "../../core/wake/official.ts";
import { wordKey } from "../../core/wake/sensitivity.ts";
import { isDead, isDeadName, livingSuccessor } from "./model-life.ts";
import {
  assign,
  assignNumber,
  becomes,
  gone,
  isTemplate,
  keep,
  numeral,
  type Older,
  type OlderKey,
  type Outcome,
  renamedNumber,
  truth,
} from "./older-key.ts";

const ACCESS_KEY_FILE = "/etc/pipit/credentials/PICOVOICE_ACCESS_KEY";
const ACCESS_KEY_WHY = `Better left to ${ACCESS_KEY_FILE}`;

/** The row of a key that is today's too; `adjust` brings older values into today's form. */
function same(
  key: SettingKey & OlderName,
  why: string,
  adjust: (value: unknown, older: Older) => Outcome = () => keep(why),
): OlderKey {
  return becomes(key, key, why, adjust);
}

/** Two candidates of the chain with one name are one candidate: legacy_model then takes the one after it. */
function another(key: SettingKey, next: string | null, older: Older): string | null {
  const first = older.at("openai.model");
  if (next === null || key === "openai.model" || typeof first !== "string") return next;
  const model = isDeadName(first, older.today) ? livingSuccessor(first, older.today) : first;
  return next === model ? (livingSuccessor(next, older.today) ?? next) : next;
}

function aModel(key: "openai.model" | "openai.legacy_model") {
  return (value: unknown, older: Older): Outcome => {
    if (typeof value !== "string" || isTemplate(value)) return keep();
    const model = modelNamed(value);
    if (model === null) return keep("not in Pipit's catalogue: its voices and prices are unknown");
    const { shutdown } = model;
    if (!isDead(model, older.today)) {
      if (shutdown === null) return keep();
      return keep(`it ends on ${shutdown}; pipit migrate-config --model auto moves on`);
    }
    const next = another(key, livingSuccessor(value, older.today), older);
    if (next === null) return { tag: "problem", message: `was shut down on ${shutdown}` };
    return assign(key, next, `OpenAI shut ${value} down on ${shutdown}`);
  };
}

function aVoice(key: "openai.voice" | "openai.voice_fallback") {
  return (value: unknown): Outcome => {
    if (typeof value !== "string" || isTemplate(value)) return keep();
    if (ALL_VOICES.some((voice) => voice === value)) return keep();
    const lower = value.trim().toLowerCase();
    const known = ALL_VOICES.some((voice) => voice === lower);
    if (known) return assign(key, lower, "Voices are written in small letters");
    const why = `The Realtime API has no such voice; it has ${ALL_VOICES.join(", ")}`;
    return assign(key, "alloy", why);
  };
}

function temperature(value: unknown): Outcome {
  const given = numeral(value);
  const remark = "only servers with protocol: beta still take it; OpenAI does not";
  if (given === null || (typeof value === "number" && given >= 0.6 && given <= 1.2)) {
    return keep(remark);
  }
  return assignNumber("openai.temperature", value, "The Realtime API's range is narrower");
}

function language(value: unknown): Outcome {
  if (typeof value !== "string" || isTemplate(value)) return keep();
  const [tongue = "", ...region] = value.trim().replaceAll("_", "-").split("-");
  const code = [tongue.toLowerCase(), ...region].join("-");
  return code === value ? keep() : assign("openai.language", code, "As language codes are written");
}

function yesOrNo(key: SettingKey) {
  return (value: unknown): Outcome => {
    if (typeof value === "boolean" || isTemplate(value)) return keep();
    const meant = truth(value);
    return meant === null ? keep() : assign(key, meant, "Booleans are true and false");
  };
}

const IN_CLEAR = `is in plain text; better: the key into /etc/pipit/credentials/OPENAI_API_KEY (mode 0600), and \${OPENAI_API_KEY} here`;

export const OPENAI_KEYS: readonly OlderKey[] = [
  same("openai.api_key", "", (value) =>
    typeof value === "string" && value !== "" && !isTemplate(value) ? keep(IN_CLEAR) : keep(),
  ),
  same("openai.voice", "names that the API lacks become alloy", aVoice("openai.voice")),
  same("openai.voice_fallback", "as voice", aVoice("openai.voice_fallback")),
  same("openai.auto_select_voice", "", yesOrNo("openai.auto_select_voice")),
  same("openai.model", "one that is shut down becomes its successor", aModel("openai.model")),
  same(
    "openai.legacy_model",
    "the second model asked; one that is shut down becomes its successor",
    aModel("openai.legacy_model"),
  ),
  same("openai.model_selection", ""),
  same("openai.temperature", "only servers with protocol: beta still take it", temperature),
  same("openai.language", "", language),
];

/** The older wake_word.model: a word inside the engine, or the path of a keyword file. */
function wakeModel(value: unknown, older: Older): Outcome {
  if (typeof value !== "string" || isTemplate(value)) {
    return assign("wake_word.keyword", value, KEYWORD_WHY);
  }
  if (value.endsWith(".ppn")) {
    const [model, engine] = [
      { key: "wake_word.model_path", value },
      { key: "wake_word.engine", value: "porcupine" },
    ] as const;
    const values = older.at("wake_word.engine") === "porcupine" ? [model] : [model, engine];
    return { tag: "set", values, why: "A keyword file of your own is for the engine porcupine" };
  }
  const word = modelWord(value);
  if (KEYLESS_KEYWORDS.includes(wordKey(word))) {
    return assign("wake_word.keyword", word, KEYWORD_WHY);
  }
  const named = older.at("wake_word.engine");
  if (named === "porcupine" || isTemplate(named)) {
    return assign("wake_word.keyword", word, KEYWORD_WHY);
  }
  if (named === undefined && older.hasAccessKey) {
    const values = [
      { key: "wake_word.keyword", value: [word] },
      { key: "wake_word.engine", value: "porcupine" },
    ] as const;
    const why = "The engine that needs no key does not know this word; yours, with your key, does";
    return { tag: "set", values, why };
  }
  return nearestWord(word);
}

/** The word of an openWakeWord model, by its name or its file: `models/hey_jarvis_v0.1.onnx`. */
function modelWord(value: string): string {
  const name = value.split("/").at(-1) ?? value;
  return name.replace(/\.(?:onnx|tflite)$/, "").replace(/_v\d[\d.]*$/, "");
}

/** The word inside the keyless engine that comes nearest, and how to get the word itself. */
function nearestWord(word: string): Outcome {
  const within = wordKey(word)
    .split("_")
    .find((part) => KEYLESS_KEYWORDS.includes(part));
  // "hey" alone makes no two words alike: only words of one part may be misspelt.
  const misspelt = wordKey(word).includes("_") ? null : nearest(wordKey(word), KEYLESS_KEYWORDS);
  const heard = within ?? misspelt ?? "computer";
  const has = OFFICIAL_MODELS.find(({ name }) => name === officialName(word));
  const itself =
    has === undefined
      ? "`pipit wake-words` lists others"
      : `for that word itself: \`pipit wake-words install ${has.name}\``;
  const why = `Nothing that comes with Pipit knows "${word.replaceAll("_", " ")}"; the nearest word is ${heard}; ${itself}`;
  return assign("wake_word.keyword", heard, why);
}

function officialName(word: string): string {
  const key = wordKey(word);
  return key === "ok_nabu" ? "okay_nabu" : key;
}

/** openWakeWord's number is a threshold: higher means stricter there, and more eager here. */
function sensitivity(value: unknown, older: Older): Outcome {
  const engine = older.at("wake_word.engine");
  const isThreshold = typeof engine === "string" && OPEN_WAKE_WORD_NAME.test(engine);
  if (isThreshold) return keep("it was openWakeWord's threshold; here higher hears more: try 0.7");
  return value === 1 ? keep("1 is the most eager: false alarms come with it; try 0.7") : keep();
}

const OPEN_WAKE_WORD_NAME = /^open_?wake_?word$/i;

const KEYWORD_WHY = "The wake word is called keyword";

/** Not everybody has one: a variable that is not set must not be an error. */
function accessKey(value: unknown): Outcome {
  const variable = typeof value === "string" ? /^\$\{(\w+)\}$/.exec(value)?.[1] : undefined;
  const kept = variable === undefined ? value : `\${${variable}:-}`;
  return assign("wake_word.access_key", kept, ACCESS_KEY_WHY);
}

const OPEN_WAKE_WORD = "Pipit has no openWakeWord; porcupine-keyless needs no account either";

function engine(value: unknown, older: Older): Outcome {
  if (value === "porcupine") {
    const how = `put it into ${ACCESS_KEY_FILE}, or take porcupine-keyless`;
    return keep(older.hasAccessKey ? "" : `needs an AccessKey: ${how}`);
  }
  if (value === "porcupine-keyless" || isTemplate(value)) return keep();
  if (typeof value === "string" && OPEN_WAKE_WORD_NAME.test(value)) {
    return assign("wake_word.engine", "porcupine-keyless", OPEN_WAKE_WORD);
  }
  return keep();
}

function modelPath(value: unknown, older: Older): Outcome {
  if (value === null || value === undefined) return { tag: "gone", why: "It has no value" };
  if (typeof value !== "string" || !/\.(?:onnx|tflite)$/.test(value)) return keep();
  // Where the word is named, too, that decides.
  if (older.at("wake_word.model") !== undefined || older.at("wake_word.keyword") !== undefined) {
    return { tag: "gone", why: OPEN_WAKE_WORD };
  }
  const word = modelWord(value);
  if (!KEYLESS_KEYWORDS.includes(wordKey(word))) return nearestWord(word);
  return assign("wake_word.keyword", word, OPEN_WAKE_WORD);
}

const FILTER = "The engines filter for themselves; sound is passed on as it comes";

export const WAKE_KEYS: readonly OlderKey[] = [
  same("wake_word.enabled", "", yesOrNo("wake_word.enabled")),
  same("wake_word.engine", "openwakeword becomes porcupine-keyless", engine),
  becomes(
    "wake_word.model",
    ["wake_word.keyword", "wake_word.model_path", "wake_word.engine"],
    "a word becomes keyword, a .ppn file model_path; a word that is not there becomes the nearest that is",
    wakeModel,
  ),
  same(
    "wake_word.sensitivity",
    "1 is the most eager and false alarms come with it; try 0.7",
    sensitivity,
  ),
  becomes(
    "wake_word.model_path",
    ["wake_word.model_path", "wake_word.keyword"],
    "an openWakeWord model (.onnx, .tflite) becomes the nearest word there is",
    modelPath,
  ),
  becomes("wake_word.porcupine_access_key", "wake_word.access_key", ACCESS_KEY_WHY, accessKey),
  renamedNumber("wake_word.cooldown", "wake_word.cooldown_s", "Names carry their unit"),
  renamedNumber(
    "wake_word.timeout",
    "session.no_speech_s",
    "How long it waits for the first word after the wake word",
  ),
  gone("wake_word.vad_enabled", "The keyless engine always sleeps while the room is quiet"),
  gone("wake_word.test_mode", "pipit demo tests everything; the LED shows each detection"),
  gone(
    "wake_word.confirmation_beep_enabled",
    "Pipit has no such beep yet: the LED answers, and you may speak on at once",
  ),
  gone("wake_word.audio_gain", "The engines need no gain; set the card's with alsamixer"),
  gone("wake_word.audio_gain_mode", "The engines need no gain; set the card's with alsamixer"),
  gone("wake_word.highpass_filter_enabled", FILTER),
  gone("wake_word.highpass_filter_cutoff", FILTER),
  gone("wake_word.inference_framework", OPEN_WAKE_WORD),
  gone("wake_word.enable_speex_noise_suppression", OPEN_WAKE_WORD),
];
