/** Was something said, or was it a cough or the wake word alone? By the times that the server tells. */

import { msToSamples, samplesToMs } from "../audio/pcm.ts";
import { WAKE_TAIL_MS } from "./limits.ts";
import type { Scope, Turn } from "./state.ts";

type Speech = Extract<Turn, { tag: "speech" }>;

/** The end of a cough would have been told of by then: its length, and the silence after it. */
export function confirmMs(fromSample: number | null, own: Turn, at: Scope): number | null {
  const { settings } = at.call;
  if (settings["openai.turn_detection.type"] === "semantic_vad") return null;
  const longest = settings["session.min_speech_ms"] + settings["openai.turn_detection.silence_ms"];
  const voiceFrom = (fromSample ?? at.headSample) + padding(fromSample ?? 0, own, at);
  const lastedMs = samplesToMs(at.headSample - voiceFrom);
  return at.nowMs + Math.max(0, longest + CONFIRM_SLACK_MS - lastedMs);
}

/** For the way of the server's word to us. */
const CONFIRM_SLACK_MS = 150;

/**
 * Was nothing said? Too short, or over before the wake word had been detected. The server's times
 * include the padding before speech and the silence after it; semantic detection tells of no such.
 */
export function isEmpty(own: Speech, toSample: number | null, at: Scope): boolean {
  const { settings } = at.call;
  if (own.fromSample === null || toSample === null) return false;
  const semantic = settings["openai.turn_detection.type"] === "semantic_vad";
  const silence = semantic ? 0 : msToSamples(settings["openai.turn_detection.silence_ms"]);
  const voiceFrom = own.fromSample + padding(own.fromSample, own, at);
  const spokenMs = samplesToMs(toSample - silence - voiceFrom);
  if (spokenMs < settings["session.min_speech_ms"]) return true;
  return (
    own.wakeSample !== null && toSample - silence <= own.wakeSample + msToSamples(WAKE_TAIL_MS)
  );
}

/** Samples of padding in front of speech; at the very opening of the gate there was none to add. */
function padding(fromSample: number, own: Turn, { call }: Scope): number {
  const { settings } = call;
  const semantic = settings["openai.turn_detection.type"] === "semantic_vad";
  if (semantic || fromSample <= own.openedSample) return 0;
  return msToSamples(settings["openai.turn_detection.prefix_ms"]);
}
