/**
 * What was heard in a turn: a question, a cough or the wake word alone? By what the server tells. Its
 * times include the padding before speech and the silence after it; semantic detection tells of
 * neither.
 */

import { msToSamples, samplesToMs } from "../audio/pcm.ts";
import { WAKE_TAIL_MS } from "./limits.ts";
import type { Of } from "./machine.ts";
import type { Call, Scope, Turn } from "./state.ts";

/** What a commit of the server's is to this turn. */
export function commitKind(own: Turn, itemId: string): "question" | "empty" | "own" | "late" {
  if (own.empty.includes(itemId)) return "empty";
  if (own.pushToTalk || own.lastItem === itemId) return "own";
  return own.tag === "closed" ? "late" : "question";
}

/** Is the user speaking for sure? A cough that is not over yet is not. */
export function isSpeaking(own: Turn): boolean {
  if (own.tag === "ended") return !own.empty.includes(own.itemId);
  return own.tag === "held" || (own.tag === "speech" && own.confirmAtMs === null);
}

/** For the way of the server's word to us. */
const CONFIRM_SLACK_MS = 150;

/** When the end of a cough would have been told of: its length, and the silence after it. */
export function confirmMs(fromSample: number | null, own: Turn, at: Scope): number | null {
  if (isSemantic(at.call)) return null;
  const { settings } = at.call;
  const longest = settings["session.min_speech_ms"] + settings["openai.turn_detection.silence_ms"];
  const voiceFrom = (fromSample ?? at.headSample) + padding(fromSample ?? 0, own, at.call);
  const lastedMs = samplesToMs(at.headSample - voiceFrom);
  return at.nowMs + Math.max(0, longest + CONFIRM_SLACK_MS - lastedMs);
}

/** Was nothing said? Too short, or over before the wake word had been detected. */
export function isEmpty(
  own: Of<Turn, "speech">,
  toSample: number | null,
  { call }: Scope,
): boolean {
  if (own.fromSample === null || toSample === null) return false;
  const { settings } = call;
  const silence = isSemantic(call) ? 0 : settings["openai.turn_detection.silence_ms"];
  const voiceTo = toSample - msToSamples(silence);
  const voiceFrom = own.fromSample + padding(own.fromSample, own, call);
  if (samplesToMs(voiceTo - voiceFrom) < settings["session.min_speech_ms"]) return true;
  return own.wakeSample !== null && voiceTo <= own.wakeSample + msToSamples(WAKE_TAIL_MS);
}

/** Samples of padding in front of speech; at the very opening of the gate there was none to add. */
function padding(fromSample: number, own: Turn, call: Call): number {
  if (isSemantic(call) || fromSample <= own.openedSample) return 0;
  return msToSamples(call.settings["openai.turn_detection.prefix_ms"]);
}

function isSemantic({ settings }: Call): boolean {
  return settings["openai.turn_detection.type"] === "semantic_vad";
}
