/**
 * The microWakeWord models that are worth fetching by name: those of their author, which hear better
 * than anything else here. Pinned: where each file is for ever, and what it must be.
 *
 * They are not part of this project: their repositories are under the Apache License 2.0, and whether
 * that covers what a model has learned is an open question there.
 */

export interface OfficialModel {
  /** As the owner names it: `hey_jarvis`. */
  readonly name: string;
  readonly word: string;
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
  /** What the author asks for, 0 to 1. */
  readonly cutoff: number;
}

export const OFFICIAL_LICENCE = "Apache-2.0";
export const OFFICIAL_AUTHOR = "Kevin Ahrendt";
/** Probabilities averaged, in all of them. */
export const OFFICIAL_WINDOW = 5;

const MODELS =
  "https://raw.githubusercontent.com/esphome/micro-wake-word-models/9aa34d69a8d0c6033bf5fa3008a021cfca3dc7c8/models/v2";
const ASSISTANT =
  "https://raw.githubusercontent.com/OHF-Voice/linux-voice-assistant/088320404f2b3c54baf36e8987001c58f591d923/wakewords";

export const OFFICIAL_MODELS: readonly OfficialModel[] = [
  {
    name: "alexa",
    word: "Alexa",
    url: `${MODELS}/alexa.tflite`,
    bytes: 55_856,
    sha256: "9011a8155b04de858c48038529235cbc0e42e9fca05a55bf588cb80a653a723b",
    cutoff: 0.9,
  },
  {
    name: "hey_jarvis",
    word: "Hey Jarvis",
    url: `${MODELS}/hey_jarvis.tflite`,
    bytes: 52_272,
    sha256: "21a7976add39ee24ec96c63d96b7aaa18e24d1d9824b963e451da8feb4b78b77",
    cutoff: 0.97,
  },
  {
    name: "hey_mycroft",
    word: "Hey Mycroft",
    url: `${MODELS}/hey_mycroft.tflite`,
    bytes: 57_248,
    sha256: "c2a9b6ed51182db72e014781d5a4ece1929dc232a40b5b4be384f0295f0e1571",
    cutoff: 0.95,
  },
  {
    name: "okay_nabu",
    word: "Okay Nabu",
    url: `${MODELS}/okay_nabu.tflite`,
    bytes: 60_264,
    sha256: "0689abe1912a95a3318a0d8cb2e67bad0cbcfe3e24dd6e050c75debddfb6f891",
    cutoff: 0.97,
  },
  {
    name: "stop",
    word: "Stop",
    url: `${ASSISTANT}/stop.tflite`,
    bytes: 45_544,
    sha256: "020ef80d522cb09169a866f3aeeb58f2ad4045461937e78e8c806df29ff61eea",
    cutoff: 0.5,
  },
];

/** The manifest of an official model, as its author has it. */
export function officialManifest(model: OfficialModel): string {
  const manifest = {
    type: "micro",
    wake_word: model.word,
    author: OFFICIAL_AUTHOR,
    website: "https://www.kevinahrendt.com/",
    model: `${model.name}.tflite`,
    trained_languages: ["en"],
    version: 2,
    micro: {
      probability_cutoff: model.cutoff,
      feature_step_size: 10,
      sliding_window_size: OFFICIAL_WINDOW,
    },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
