/**
 * The model's answer: begun, heard, done, failed, cut. Part of the state machine (see
 * assistant.ts). One response at a time: the answer under way is named in the talk, and what does
 * not fit the name is a stranger.
 */

import { type Context, common, isHalfDuplex, isTalking, log } from "./assistant-context.ts";
import { linkLost, reconnect, renew } from "./assistant-link.ts";
import { ask, end, fail, giveUpAnswer, think, thinkMaxMs } from "./assistant-talk.ts";
import type { Line, State, Talk, TalkingState } from "./assistant-types.ts";
import type { HeardItem } from "./audio/playhead.ts";
import { type Fault, fault } from "./fault.ts";
import {
  CUTS_MAX,
  DIALOGUE_LINE_MAX_CHARS,
  DIALOGUE_MAX_LINES,
  SPEAK_MAX_MS,
  TOOL_ROUNDS_MAX,
} from "./limits.ts";
import { serverFault } from "./realtime/faults.ts";
import type { ServerEvent, ToolCall } from "./realtime/server-events.ts";
import { END_CONVERSATION } from "./realtime/session.ts";

type Ended = Extract<ServerEvent, { tag: "response-done" }>;
type Established = Exclude<TalkingState, { tag: "connecting" }>;

export function answerBegan(state: Established, responseId: string, cx: Context): Established {
  const { answer } = state.talk;
  switch (answer.tag) {
    case "asked": {
      const talk: Talk = { ...state.talk, answer: { tag: "active", id: responseId } };
      const untilMs = cx.moment.nowMs + thinkMaxMs(state.talk);
      return state.tag === "thinking" ? { ...state, untilMs, talk } : { ...state, talk };
    }
    case "given-up":
      // Cancelled before it had a name: now its sound can be told from the next one's.
      if (answer.id !== null) return state;
      cx.effects.push({ tag: "discard-response", responseId });
      return { ...state, talk: { ...state.talk, answer: { ...answer, id: responseId } } };
    case "none":
    case "active":
      if (answer.tag === "active" && answer.id === responseId) return state;
      // Not asked for: a server that answers by itself. It must not talk across the one we asked.
      log(cx, "warning", `The server began a response that was not asked for (${responseId})`);
      cx.effects.push(
        { tag: "discard-response", responseId },
        { tag: "send", event: { tag: "cancel-response", responseId }, eventId: "cancel_stranger" },
      );
      return { ...state, talk: { ...state.talk, stranger: responseId } };
  }
}

export function answerDone(state: Established, done: Ended, cx: Context): State {
  const { talk } = state;
  if (talk.answer.tag === "none" || done.responseId === talk.stranger) return state;
  if (talk.answer.tag === "given-up") {
    if (talk.answer.id !== null && talk.answer.id !== done.responseId) return state;
    return nextQuestion(state, { ...talk, answer: { tag: "none" } }, cx);
  }
  if (talk.answer.tag === "active" && talk.answer.id !== done.responseId) return state;
  const free: Talk = { ...talk, answer: { tag: "none" } };
  if (done.status === "failed") return answerFailed(state, free, done, cx);
  if (done.status === "incomplete") {
    log(cx, "notice", `The answer was cut short (${done.reason ?? "no reason given"})`);
  }
  // Nothing of it may come any more: the reply ends where it ends for the ear.
  cx.effects.push({ tag: "discard-response", responseId: done.responseId });
  const settled: Talk = { ...free, questionFrom: null, askedAgain: false };
  if (done.calls.length > 0) return toolsCalled(state, settled, done.calls, cx);
  if (state.tag === "listening") return { ...state, talk: settled };
  if (state.tag !== "speaking") {
    log(cx, "notice", `The answer came without sound (${done.status})`);
    return followUp(state, settled, cx);
  }
  cx.effects.push({ tag: "finish-reply" });
  return { ...state, untilMs: cx.moment.nowMs + SPEAK_MAX_MS, starved: false, talk: settled };
}

/** The wire is free again: a question that waited for it is asked. */
export function nextQuestion(state: Established, talk: Talk, cx: Context): State {
  const asked = ask(talk, cx);
  return asked.answer.tag === "asked" && state.tag === "thinking"
    ? think(state, asked, cx)
    : { ...state, talk: asked };
}

/**
 * A failed response: what the model itself cannot do goes down the ladder, a passing fault of the
 * server's gets the question asked once more, then a new connection; anything else is told.
 */
function answerFailed(state: Established, talk: Talk, done: Ended, cx: Context): State {
  const why = serverFault(done.error, talk.model);
  if (state.tag === "speaking") return linkLost({ ...state, talk: half(talk) }, told(why), cx);
  if (why.verdict === "fall-back") return reconnect({ ...state, talk }, why, cx);
  if (why.code !== "server") return fail({ ...state, talk }, why, cx);
  if (talk.askedAgain) return reconnect({ ...state, talk: { ...talk, askedAgain: true } }, why, cx);
  log(cx, "warning", `${why.message}; asking once more`);
  return think(state, ask({ ...talk, owed: true, askedAgain: true }, cx), cx);
}

/** Part of it was heard: it is played to where it goes, then the failure is told. */
function half(talk: Talk): Talk {
  return { ...talk, answer: { tag: "asked" } };
}

function told(why: Fault): Fault {
  return { ...why, verdict: "retry" };
}

/**
 * `end_conversation` is the one function there is: the model says its goodbye, and that is heard to
 * its end. A call to anything else is answered with that, and the model speaks.
 */
function toolsCalled(
  state: Established,
  talk: Talk,
  calls: readonly ToolCall[],
  cx: Context,
): State {
  if (talk.toolRounds >= TOOL_ROUNDS_MAX) {
    return fail(state, fault("protocol", "tell", "The model called functions without end"), cx);
  }
  for (const { callId, name } of calls) {
    const ok = name === END_CONVERSATION;
    const output = JSON.stringify(ok ? { ok } : { error: `there is no function '${name}'` });
    const event = { tag: "tool-output", callId, output } as const;
    cx.effects.push({ tag: "send", event, eventId: `tool_${talk.turns}` });
    cx.effects.push({ tag: "called", name, ok });
  }
  const goodbye = calls.some(({ name }) => name === END_CONVERSATION);
  const farewell = goodbye ? "goodbye" : talk.farewell;
  const rest: Talk = { ...talk, farewell, toolRounds: talk.toolRounds + 1 };
  if (goodbye && state.tag === "speaking") {
    cx.effects.push({ tag: "finish-reply" });
    return { ...state, talk: rest };
  }
  const asked = ask({ ...rest, owed: true }, cx);
  return state.tag === "speaking" ? { ...state, talk: asked } : think(state, asked, cx);
}

/**
 * The first sound of the answer: in half duplex the microphone closes before it can hear it. Sound
 * may tell that the answer began (its own event was lost); that of any other response is not heard.
 */
export function replyAudio(before: State, responseId: string, cx: Context): State {
  if (!isTalking(before) || before.tag === "connecting") {
    cx.effects.push({ tag: "discard-response", responseId });
    return before;
  }
  const mute = before.troubles.speaker;
  if (mute) {
    cx.effects.push({ tag: "discard-response", responseId });
    return fail(before, mute, cx); // Nobody would hear what is paid for.
  }
  const { tag } = before.talk.answer;
  const state = tag === "asked" ? answerBegan(before, responseId, cx) : before;
  const { answer } = state.talk;
  const ours = answer.tag === "active" && answer.id === responseId;
  if (!ours || (state.tag !== "thinking" && state.tag !== "speaking")) {
    return stray(state, responseId, cx);
  }
  if (state.tag === "thinking" && isHalfDuplex(state.talk)) {
    const event = { tag: "clear-input" } as const;
    cx.effects.push({ tag: "close-uplink" });
    cx.effects.push({ tag: "send", event, eventId: `clear_${state.talk.turns}` });
  }
  const untilMs = cx.moment.nowMs + SPEAK_MAX_MS;
  return { ...common(state), tag: "speaking", untilMs, starved: false, talk: state.talk };
}

/** Sound of a response that is not the one we wait for. */
function stray(state: Established, responseId: string, cx: Context): State {
  cx.effects.push({ tag: "discard-response", responseId });
  return state.talk.answer.tag === "given-up" ? answerBegan(state, responseId, cx) : state;
}

/** The speaker has played all there is of the reply. */
export function drained(state: State, cx: Context): State {
  if (state.tag !== "speaking" || state.talk.answer.tag !== "none") return state;
  const { broken } = state.talk;
  return broken === null ? followUp(state, state.talk, cx) : fail(state, broken, cx);
}

/** The reply has been heard: more may be said without the wake word, after the echo has died. */
export function followUp(state: Established, heard: Talk, cx: Context): State {
  const { nowMs } = cx.moment;
  const byHand = heard.byHand && ({ tag: "waiting" } as const);
  const talk: Talk = { ...heard, byHand, counted: false };
  if (talk.farewell !== null) return end({ ...state, talk }, talk.farewell, cx);
  if (talk.settings["session.mode"] === "single_turn") {
    return end({ ...state, talk }, "single_turn", cx);
  }
  if (talk.link === "lost" || nowMs >= talk.recycleAtMs) return renew({ ...state, talk }, cx);
  const deaf = state.troubles.microphone;
  if (deaf) return fail({ ...state, talk }, deaf, cx);
  const gated = state.tag === "speaking" && isHalfDuplex(talk);
  const settledMs = gated ? nowMs + talk.settings["audio.settle_ms"] : nowMs;
  const untilMs = settledMs + talk.settings["session.follow_up_s"] * 1000;
  // With push-to-talk the microphone stays closed until the button is held again.
  const byItselfMs = gated ? settledMs : null;
  const openAtMs = talk.byHand === null ? byItselfMs : Number.POSITIVE_INFINITY;
  return { ...common(state), tag: "follow-up", untilMs, openAtMs, talk };
}

/** What the model has said, in words; kept for a connection that may have to be made anew. */
export function remember(state: Established, itemId: string, text: string): State {
  if (text === "") return state;
  const line: Line = { itemId, role: "assistant", text: text.slice(0, DIALOGUE_LINE_MAX_CHARS) };
  const heard = asHeard(line, state.talk.cuts);
  const dialogue = [...state.talk.dialogue, ...heard].slice(-DIALOGUE_MAX_LINES);
  return { ...state, talk: { ...state.talk, dialogue } };
}

/**
 * The speaker is silent, and this is how much of each item was heard: the model must forget what
 * nobody heard, so the cut is where the speaker is, not where the wire is.
 */
export function hushed(
  state: State,
  attempt: number,
  items: readonly HeardItem[],
  cx: Context,
): State {
  if (!isTalking(state)) return state;
  const dialogue = state.talk.dialogue.flatMap((line) => asHeard(line, items));
  if (state.talk.attempt !== attempt || state.tag === "connecting") {
    // That connection is gone; a new one is told of it as it was heard.
    return { ...state, talk: { ...state.talk, dialogue } };
  }
  for (const { itemId, contentIndex, heardMs, receivedMs } of items) {
    if (heardMs >= receivedMs) continue;
    const event =
      heardMs === 0
        ? ({ tag: "delete-item", itemId } as const)
        : ({ tag: "truncate", itemId, contentIndex, audioEndMs: heardMs } as const);
    cx.effects.push({ tag: "send", event, eventId: `truncate_${state.talk.turns}` });
  }
  // A question that was waiting for the cut is asked now.
  const cuts = [...state.talk.cuts, ...items].slice(-CUTS_MAX);
  return nextQuestion(state, { ...state.talk, dialogue, cuts, cutting: false }, cx);
}

/** A line as far as it was heard; nothing of it when nothing was. */
function asHeard(line: Line, items: readonly HeardItem[]): readonly Line[] {
  const item = items.find(({ itemId }) => itemId === line.itemId);
  if (item === undefined || item.heardMs >= item.receivedMs) return [line];
  const kept = Math.floor((line.text.length * item.heardMs) / item.receivedMs);
  return kept === 0 ? [] : [{ ...line, text: `${line.text.slice(0, kept)}…` }];
}

/** Gives up the answer because the user goes on speaking; one answer is owed to all of it. */
export function takeBack(talk: Talk, cx: Context): Talk {
  const asked = talk.answer.tag === "asked" || talk.answer.tag === "active";
  return { ...giveUpAnswer(talk, cx), owed: asked || talk.owed };
}
