/**
 * What the machine makes of the server's words. Part of the state machine (see assistant.ts).
 *
 * Theory: the server finds the turns (speech started, stopped, committed), we ask for each answer.
 * A turn that was only the wake word, or shorter than `session.min_speech_ms`, is a ghost: it is
 * deleted and not answered. Speech that goes on while an answer is being made takes the question
 * back: the answer is given up and one answer is asked for all of it.
 */

import { answerBegan, answerDone, nextQuestion, remember, takeBack } from "./assistant-answer.ts";
import { type Context, common, isHalfDuplex, isTalking, log } from "./assistant-context.ts";
import { attemptFailed } from "./assistant-link.ts";
import { greet, ready, setUpRefused } from "./assistant-setup.ts";
import { ask, fail, interrupt, listen, think } from "./assistant-talk.ts";
import type { Input, State, Talk, TalkingState } from "./assistant-types.ts";
import { msToSamples, samplesToMs } from "./audio/pcm.ts";
import { UTTERANCE_MAX_MS, WAKE_TAIL_MS } from "./limits.ts";
import { serverFault } from "./realtime/faults.ts";
import type { ServerError } from "./realtime/server-events.ts";

type ServerInput = Extract<Input, { tag: "server" }>;
type Established = Exclude<TalkingState, { tag: "connecting" }>;

/** One decoded event of the connection in force. */
export function hear(state: State, input: ServerInput, cx: Context): State {
  if (!isTalking(state)) {
    const late = state.warm?.talk.attempt === input.attempt && input.event.tag === "committed";
    if (late && input.event.tag === "committed") forget(input.event.itemId, cx);
    return state;
  }
  if (input.attempt !== state.talk.attempt) return state;
  if (input.event.tag === "error") return complaint(state, input.event.error, cx);
  if (input.event.tag === "malformed") {
    log(cx, "warning", `The server sent what cannot be read: ${input.event.why}`);
    return state;
  }
  return state.tag === "connecting" ? arriving(state, input, cx) : inSession(state, input, cx);
}

function arriving(
  state: Extract<TalkingState, { tag: "connecting" }>,
  { event }: ServerInput,
  cx: Context,
): State {
  if (state.redialAtMs !== null) return state; // That attempt has been given up.
  if (event.tag === "session-created") return greet(state, event, cx);
  if (event.tag === "session-updated") return ready(state, event, cx);
  return state;
}

function inSession(state: Established, { event, capturedAt }: ServerInput, cx: Context): State {
  switch (event.tag) {
    case "speech-started":
      if (state.talk.byHand !== null) return state; // From before the button was held.
      return speechStarted(state, event.itemId, capturedAt, cx);
    case "speech-stopped":
      if (state.talk.byHand !== null) return state;
      return speechStopped(state, event.itemId, capturedAt, cx);
    case "committed":
      if (state.talk.byHand !== null) return committedByHand(state, event.itemId, cx);
      return committed(state, event.itemId, cx);
    case "response-created":
      return answerBegan(state, event.responseId, cx);
    case "response-done":
      return answerDone(state, event, cx);
    case "transcript":
      return remember(state, event.itemId, event.text);
    default:
      return state;
  }
}

function speechStarted(
  state: Established,
  itemId: string,
  from: number | null,
  cx: Context,
): State {
  const untilMs = cx.moment.nowMs + UTTERANCE_MAX_MS;
  // The server's padding may reach back to before the gate opened, where our own voice was.
  const begun = from === null ? null : Math.max(from, state.talk.openedAt);
  const speech = { itemId, from: begun };
  const questionFrom = state.talk.questionFrom ?? begun ?? cx.moment.head;
  switch (state.tag) {
    case "listening":
    case "follow-up": {
      // Sent before the gate closed: it is still shut, and no end of this speech would be heard.
      if (state.tag === "follow-up" && state.openAtMs !== null) return state;
      const talk = { ...state.talk, questionFrom };
      return { ...common(state), tag: "listening", untilMs, speech, talk };
    }
    case "thinking": {
      const talk = { ...takeBack(state.talk, cx), questionFrom };
      return { ...common(state), tag: "listening", untilMs, speech, talk };
    }
    case "speaking": {
      if (isHalfDuplex(state.talk)) return state; // Sent before the gate closed.
      const trigger = { source: "command", wokenAt: begun ?? cx.moment.head } as const;
      const cut = interrupt(state, trigger, cx);
      return cut.tag === "listening" ? { ...cut, untilMs, speech } : cut;
    }
  }
}

function speechStopped(state: Established, itemId: string, to: number | null, cx: Context): State {
  if (state.tag !== "listening" || state.speech === null) return state;
  const talk = { ...state.talk, ghost: isGhost(state.talk, state.speech.from, to) ? itemId : null };
  if (talk.ghost !== null) return listen(state, talk, cx);
  return think(state, { ...talk, pending: itemId }, cx); // Owed once the turn is committed.
}

/**
 * Was nothing said? Too short, or over before the wake word had been detected. The server's times
 * include the padding before speech and the silence after it; semantic detection tells of no such.
 */
function isGhost(talk: Talk, from: number | null, to: number | null): boolean {
  if (from === null || to === null) return false;
  const semantic = talk.settings["openai.turn_detection.type"] === "semantic_vad";
  const silence = semantic ? 0 : msToSamples(talk.settings["openai.turn_detection.silence_ms"]);
  // Speech at the very opening of the gate has no padding before it: there was nothing to pad with.
  const unpadded = semantic || from <= talk.openedAt;
  const prefix = unpadded ? 0 : msToSamples(talk.settings["openai.turn_detection.prefix_ms"]);
  const spokenMs = samplesToMs(to - silence - (from + prefix));
  if (spokenMs < talk.settings["session.min_speech_ms"]) return true;
  const byWakeWord = talk.trigger.source === "wake-word";
  return byWakeWord && to - silence <= talk.trigger.wokenAt + msToSamples(WAKE_TAIL_MS);
}

/** Nobody wants an answer to this turn: the model forgets it. */
function forget(itemId: string, cx: Context): void {
  const event = { tag: "delete-item", itemId } as const;
  cx.effects.push({ tag: "send", event, eventId: `ghost_${itemId}`.slice(0, 64) });
}

function committed(state: Established, itemId: string, cx: Context): State {
  if (state.tag === "follow-up" && state.openAtMs !== null) {
    forget(itemId, cx); // Sent before the gate closed.
    return state;
  }
  if (itemId === state.talk.ghost) {
    forget(itemId, cx);
    const questionFrom = state.talk.owed ? state.talk.questionFrom : null;
    const talk = ask({ ...state.talk, ghost: null, questionFrom }, cx);
    return talk.answer.tag === "asked" ? think(state, talk, cx) : { ...state, talk };
  }
  if (state.tag === "speaking" && isHalfDuplex(state.talk)) return state;
  const talk = ask({ ...state.talk, pending: null, owed: true, toolRounds: 0 }, cx);
  return state.tag === "speaking" ? { ...state, talk } : think(state, talk, cx);
}

/** Ours was asked for when it was sent; a turn from before the button was held may be a ghost. */
function committedByHand(state: Established, itemId: string, cx: Context): State {
  const { talk } = state;
  if (itemId !== talk.ghost) return { ...state, talk: { ...talk, pending: null } };
  forget(itemId, cx);
  return { ...state, talk: { ...talk, ghost: null } };
}

/** Errors of ours that cannot hurt: the server was a moment ahead of us. */
const HARMLESS = /^(cancel|ghost|truncate|clear|replay|commit)_/;

function complaint(state: TalkingState, error: ServerError, cx: Context): State {
  const { talk } = state;
  const why = serverFault(error, talk.model);
  if (state.tag === "connecting") return refused(state, error, cx);
  const own = error.eventId ?? "";
  if (error.code === "response_cancel_not_active") {
    const { answer } = talk;
    if (answer.tag !== "given-up" || (own !== "" && own !== answer.cancel)) return state;
    return nextQuestion(state, { ...talk, answer: { tag: "none" } }, cx);
  }
  if (error.code === "conversation_already_has_active_response") {
    // One is under way that we do not know of. It goes; then the question is asked again.
    if (talk.answer.tag !== "asked") return state;
    const cancel = `cancel_other_${talk.asks}`;
    const event = { tag: "cancel-response", responseId: null } as const;
    cx.effects.push({ tag: "send", event, eventId: cancel });
    const answer = { tag: "given-up", id: null, cancel } as const;
    return { ...state, talk: { ...talk, answer, owed: true } };
  }
  if (HARMLESS.test(own)) return state;
  if (own.startsWith("update_")) return setUpRefused(state, error, why, cx);
  const grave = why.verdict === "tell" && why.code !== "server";
  if (grave || own.startsWith("ask_")) return fail(state, why, cx);
  log(cx, "warning", `The Realtime API complains: ${error.message} (${error.code ?? "no code"})`);
  return state;
}

/** While connecting, an error is of the set-up, or of the attempt as a whole. */
function refused(
  state: Extract<TalkingState, { tag: "connecting" }>,
  error: ServerError,
  cx: Context,
): State {
  if (state.redialAtMs !== null) return state;
  const why = serverFault(error, state.talk.model);
  const general = why.code !== "server" || error.type === "server_error";
  if (general || state.talk.link !== "greeted") return attemptFailed(state, why, null, cx);
  const refusal = { ...why, code: "protocol", verdict: "tell" } as const;
  return setUpRefused(state, error, refusal, cx);
}
