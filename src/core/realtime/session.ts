/** What we ask of a session: built once per connection, the same bytes each time (cache-stable). */

import type { Settings } from "../settings.ts";

export type TurnDetection =
  | {
      readonly type: "server_vad";
      /** 0 to 1; higher wants louder speech. */
      readonly threshold: number;
      readonly prefixMs: number;
      readonly silenceMs: number;
    }
  | { readonly type: "semantic_vad"; readonly eagerness: "low" | "medium" | "high" | "auto" };

export interface SessionConfig {
  readonly instructions: string;
  readonly voice: string;
  readonly maxOutputTokens: number | "inf";
  readonly noiseReduction: "off" | "near_field" | "far_field";
  readonly turnDetection: TurnDetection;
}

const MANNERS =
  "You are a voice assistant in a kitchen. You hear one person through a microphone and answer aloud. " +
  "The first word you hear may be the end of the wake word that called you: ignore it. " +
  "Answer at once and briefly, in plain spoken sentences, without lists or markup. " +
  "If you did not understand, say so in one short sentence.";

/** The session that the settings ask for, spoken with `voice`. */
export function sessionConfig(settings: Settings, voice: string): SessionConfig {
  const language = `Speak ${settings["openai.language"]} (ISO 639) unless you are asked for another language.`;
  const own = settings["openai.instructions"].trim();
  return {
    instructions: [MANNERS, language, own].filter((part) => part !== "").join("\n"),
    voice,
    maxOutputTokens: settings["openai.max_output_tokens"],
    noiseReduction: settings["openai.noise_reduction"],
    turnDetection: turnDetection(settings),
  };
}

function turnDetection(settings: Settings): TurnDetection {
  return settings["openai.turn_detection.type"] === "semantic_vad"
    ? { type: "semantic_vad", eagerness: settings["openai.turn_detection.eagerness"] }
    : {
        type: "server_vad",
        threshold: settings["openai.turn_detection.threshold"],
        prefixMs: settings["openai.turn_detection.prefix_ms"],
        silenceMs: settings["openai.turn_detection.silence_ms"],
      };
}
