/**
 * What the machine makes of the server's words. Part of the state machine (see assistant.ts).
 *
 * Theory: the server finds the turns (speech started, stopped, committed), we ask for each answer.
 * A turn that was only the wake word, or shorter than `session.min_speech_ms`, is a ghost: it is
 * deleted and not answered. Speech that goes on while an answer is being made takes the question
 * back: the answer is given up and one answer is asked for all of it.
 */

import {
  ask,
  type Context,
  common,
  end,
  fail,
  giveUpAnswer,
  interrupt,
  isHalfDuplex,
  isTalking,
  listen,
  log,
} from "./assistant-talk.ts";
import type { Input, State, Talk, TalkingState } from "./assistant-types.ts";
import { fault } from "./fault.ts";
import {
  SPEAK_MAX_MS,
  THINK_MAX_MS,
  TOOL_ROUNDS_MAX,
  UTTERANCE_MAX_MS,
  WAKE_TAIL_MS,
} from "./limits.ts";
import { msToSamples, samplesToMs } from "./pcm.ts";
import type { ServerError, ServerEvent } from "./realtime/server-events.ts";
import { sessionConfig } from "./realtime/session.ts";
import { linkFault, serverFault } from "./verdict.ts";

type ServerInput = Extract<Input, { tag: "server" }>;
type Ended = Extract<ServerEvent, { tag: "response-done" }>;

/** One decoded event of the connection in force. */
export function hear(state: State, input: ServerInput, cx: Context): State {
  if (!isTalking(state) || input.attempt !== state.talk.attempt) return state;
  const { event } = input;
  switch (event.tag) {
    case "session-created":
      return greet(state, cx);
    case "session-updated":
      return ready(state, event.voice, cx);
    case "speech-started":
      return speechStarted(state, event.itemId, input.capturedAt, cx);
    case "speech-stopped":
      return speechStopped(state, event.itemId, input.capturedAt, cx);
    case "committed":
      return committed(state, event.itemId, cx);
    case "response-created":
      return answerBegan(state, event.responseId, cx);
    case "response-done":
      return answerDone(state, event, cx);
    case "error":
      return complaint(state, event.error, cx);
    case "malformed":
      log(cx, "warning", `The server sent what cannot be read: ${event.why}`);
      return state;
    case "audio":
    case "ignored":
      return state;
  }
}

/** The connection ended, whoever ended it. */
export function linkClosed(
  state: State,
  input: Extract<Input, { tag: "link-closed" }>,
  cx: Context,
): State {
  if (!isTalking(state) || input.attempt !== state.talk.attempt) return state;
  const why = linkFault(input.failure, state.talk.model);
  const guide = `Failed to connect with model ${state.talk.model}`;
  if (state.talk.link === "ready" || why.message.startsWith(guide)) return fail(state, why, cx);
  return fail(state, fault(why.code, why.verdict, `${guide}: ${why.message}`, why.remedy), cx);
}

function greet(state: TalkingState, cx: Context): State {
  if (state.talk.link !== "dialing") return state;
  const { talk } = state;
  log(cx, "info", `Connected to OpenAI Realtime API using model: ${talk.model}`);
  cx.effects.push({
    tag: "send",
    event: { tag: "update-session", session: sessionConfig(talk.settings, talk.voice) },
    eventId: `update_${talk.attempt}`,
  });
  return { ...state, talk: { ...talk, link: "greeted" } };
}

/** Only now may sound be sent: before it, the server would use its own defaults. */
function ready(state: TalkingState, voice: string | null, cx: Context): State {
  if (state.talk.link !== "greeted") return state;
  const talk: Talk = { ...state.talk, link: "ready", voice: voice ?? state.talk.voice };
  log(cx, "info", `Audio session config: model=${talk.model}, voice=${talk.voice}`);
  cx.effects.push({ tag: "open-uplink", from: talk.from });
  return listen(state, talk, cx);
}

function speechStarted(
  state: TalkingState,
  itemId: string,
  from: number | null,
  cx: Context,
): State {
  const untilMs = cx.moment.nowMs + UTTERANCE_MAX_MS;
  const speech = { itemId, from };
  switch (state.tag) {
    case "listening":
    case "follow-up":
      return { ...common(state), tag: "listening", untilMs, speech, talk: state.talk };
    case "thinking": {
      // The user goes on: what was asked so far and what comes now get one answer.
      const asked = state.talk.answer.tag === "asked" || state.talk.answer.tag === "active";
      const talk = { ...giveUpAnswer(state.talk, cx), owed: asked || state.talk.owed };
      return { ...common(state), tag: "listening", untilMs, speech, talk };
    }
    case "speaking": {
      if (isHalfDuplex(state.talk)) return state; // Sent before the gate closed.
      const trigger = { source: "command", wokenAt: cx.moment.head } as const;
      const cut = interrupt(state, trigger, cx);
      return cut.tag === "listening" ? { ...cut, untilMs, speech } : cut;
    }
    case "connecting":
      return state;
  }
}

function speechStopped(state: TalkingState, itemId: string, to: number | null, cx: Context): State {
  if (state.tag !== "listening" || state.speech === null) return state;
  const talk = { ...state.talk, ghost: isGhost(state.talk, state.speech.from, to) ? itemId : null };
  if (talk.ghost !== null) return listen(state, talk, cx);
  return think(state, { ...talk, owed: true }, cx);
}

/**
 * Was nothing said? Too short, or over before the wake word had been detected. The server's times
 * include the padding before speech and the silence after it.
 */
function isGhost(talk: Talk, from: number | null, to: number | null): boolean {
  if (from === null || to === null) return false;
  const detection = talk.settings["openai.turn_detection.type"];
  if (detection === "semantic_vad") return false;
  const silence = msToSamples(talk.settings["openai.turn_detection.silence_ms"]);
  const prefix = msToSamples(talk.settings["openai.turn_detection.prefix_ms"]);
  const spokenMs = samplesToMs(to - silence - (from + prefix));
  if (spokenMs < talk.settings["session.min_speech_ms"]) return true;
  const byWakeWord = talk.trigger.source === "wake-word";
  return byWakeWord && to - silence <= talk.trigger.wokenAt + msToSamples(WAKE_TAIL_MS);
}

function think(state: State, talk: Talk, cx: Context): State {
  return { ...common(state), tag: "thinking", untilMs: cx.moment.nowMs + THINK_MAX_MS, talk };
}

function committed(state: TalkingState, itemId: string, cx: Context): State {
  if (state.tag === "connecting") return state;
  if (itemId === state.talk.ghost) {
    cx.effects.push({
      tag: "send",
      event: { tag: "delete-item", itemId },
      eventId: `ghost_${state.talk.turns}`,
    });
    const talk = ask({ ...state.talk, ghost: null }, cx);
    return talk.answer.tag === "asked" ? think(state, talk, cx) : { ...state, talk };
  }
  if (state.tag === "speaking" && isHalfDuplex(state.talk)) return state;
  const talk = ask({ ...state.talk, owed: true, toolRounds: 0 }, cx);
  return state.tag === "speaking" ? { ...state, talk } : think(state, talk, cx);
}

function answerBegan(state: TalkingState, responseId: string, cx: Context): State {
  const { answer } = state.talk;
  switch (answer.tag) {
    case "asked":
      return { ...state, talk: { ...state.talk, answer: { tag: "active", id: responseId } } };
    case "given-up":
      // Cancelled before it had a name: now its sound can be told from the next one's.
      if (answer.id !== null) return state;
      cx.effects.push({ tag: "discard-response", responseId });
      return { ...state, talk: { ...state.talk, answer: { tag: "given-up", id: responseId } } };
    case "none":
    case "active":
      // Not asked for: a server that answers by itself. It must not talk across the one we asked.
      log(cx, "warning", `The server began a response that was not asked for (${responseId})`);
      cx.effects.push(
        { tag: "discard-response", responseId },
        { tag: "send", event: { tag: "cancel-response", responseId }, eventId: "cancel_stranger" },
      );
      return state;
  }
}

function answerDone(state: TalkingState, done: Ended, cx: Context): State {
  const { talk } = state;
  if (talk.answer.tag === "none") return state;
  if (talk.answer.tag === "given-up") {
    if (talk.answer.id !== null && talk.answer.id !== done.responseId) return state;
    return { ...state, talk: ask({ ...talk, answer: { tag: "none" } }, cx) };
  }
  if (talk.answer.tag === "active" && talk.answer.id !== done.responseId) return state;
  if (done.status === "failed") return fail(state, serverFault(done.error, talk.model), cx);
  if (done.status === "incomplete") {
    log(cx, "notice", `The answer was cut short (${done.reason ?? "no reason given"})`);
  }
  const idle: Talk = { ...talk, answer: { tag: "none" } };
  if (done.calls.length > 0) return toolsCalled(state, idle, done, cx);
  if (state.tag !== "speaking") {
    log(cx, "notice", `The answer came without sound (${done.status})`);
    return followUp(state, idle, cx);
  }
  cx.effects.push({ tag: "finish-reply" });
  return { ...state, untilMs: cx.moment.nowMs + SPEAK_MAX_MS, starved: false, talk: idle };
}

/** No functions are offered, so each call is answered with that; the model then speaks. */
function toolsCalled(state: TalkingState, talk: Talk, done: Ended, cx: Context): State {
  if (talk.toolRounds >= TOOL_ROUNDS_MAX) {
    return fail(state, fault("protocol", "tell", "The model called functions without end"), cx);
  }
  for (const { callId, name } of done.calls) {
    const output = JSON.stringify({ error: `there is no function '${name}'` });
    cx.effects.push({
      tag: "send",
      event: { tag: "tool-output", callId, output },
      eventId: `tool_${talk.turns}`,
    });
  }
  const asked = ask({ ...talk, owed: true, toolRounds: talk.toolRounds + 1 }, cx);
  return state.tag === "speaking" ? { ...state, talk: asked } : think(state, asked, cx);
}

/** The reply has been heard: more may be said without the wake word, after the echo has died. */
export function followUp(state: TalkingState, talk: Talk, cx: Context): State {
  if (talk.settings["session.mode"] === "single_turn") return end(state, "single_turn", cx);
  if (talk.farewell) return end(state, "max_turns", cx);
  const gated = state.tag === "speaking" && isHalfDuplex(talk);
  const openAtMs = gated ? cx.moment.nowMs + talk.settings["audio.settle_ms"] : null;
  const untilMs = (openAtMs ?? cx.moment.nowMs) + talk.settings["session.follow_up_s"] * 1000;
  return { ...common(state), tag: "follow-up", untilMs, openAtMs, talk };
}

/** Errors of ours that cannot hurt: the server was a moment ahead of us. */
const HARMLESS = /^(cancel|ghost|truncate|clear)_/;

function complaint(state: TalkingState, error: ServerError, cx: Context): State {
  const { talk } = state;
  if (error.code === "response_cancel_not_active") {
    if (talk.answer.tag !== "given-up") return state;
    return { ...state, talk: ask({ ...talk, answer: { tag: "none" } }, cx) };
  }
  if (error.eventId !== null && HARMLESS.test(error.eventId)) return state;
  const why = serverFault(error, talk.model);
  const ofSetUp = talk.link !== "ready" || error.eventId === `update_${talk.attempt}`;
  const ofQuestion = error.eventId?.startsWith("ask_") ?? false;
  if (ofSetUp || ofQuestion || why.code !== "server") return fail(state, why, cx);
  log(cx, "warning", `The Realtime API complains: ${error.message} (${error.code ?? "no code"})`);
  return state;
}
