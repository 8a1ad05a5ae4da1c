/** Which voice speaks: the wanted one, or the next best that the model has, with the reason. */

import { type Fault, fault } from "../fault.ts";
import type { PublicSettings } from "../settings/table.ts";
import { ALL_VOICES } from "../voices.ts";
import { hasVoice } from "./catalogue.ts";

export interface VoiceSettings {
  readonly voice: string;
  readonly fallback: string;
  /** False: the wanted voice or none. */
  readonly autoSelect: boolean;
}

export type VoiceChoice =
  | { readonly tag: "chosen"; readonly voice: string; readonly notice: string | null }
  | { readonly tag: "refused"; readonly why: string };

/**
 * Documented stand-ins for the two voices that only the GA models have, in the order in which the
 * reference project's migration tries them.
 */
const NEAREST: Readonly<Record<string, string>> = { cedar: "echo", marin: "coral" };

/** What the owner wants. */
export function voiceSettings(settings: PublicSettings): VoiceSettings {
  return {
    voice: settings["openai.voice"],
    fallback: settings["openai.voice_fallback"],
    autoSelect: settings["openai.auto_select_voice"],
  };
}

/** The voice to ask `model` for. The sentence is the migration guide's, word for word. */
export function chooseVoice(wanted: VoiceSettings, model: string): VoiceChoice {
  if (hasVoice(model, wanted.voice)) return { tag: "chosen", voice: wanted.voice, notice: null };
  const why = voiceMissing(wanted.voice, model);
  if (!wanted.autoSelect) return { tag: "refused", why };
  const candidates = [wanted.fallback, NEAREST[wanted.voice] ?? "alloy", "alloy", ...ALL_VOICES];
  const voice = candidates.find((name) => hasVoice(model, name)) ?? "alloy";
  return { tag: "chosen", voice, notice: `${why}; using '${voice}'` };
}

/** In the migration guide's words. */
export function voiceMissing(voice: string, model: string): string {
  return `Voice '${voice}' not available for model '${model}'`;
}

/** The server refuses a voice, and no other is to be had. `said`: in its words. */
export function refusedVoiceFault(voice: string, model: string, said: string): Fault {
  const message = `${voiceMissing(voice, model)}: ${said}`;
  return fault("protocol", "report", message, "Set openai.voice to one that the server has");
}
