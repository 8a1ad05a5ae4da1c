/**
 * The course of a conversation: listen, ask, give up, interrupt, end, fail. Part of the state
 * machine (see assistant.ts): pure; every function takes a state and a context for effects.
 */

import { type Context, common, isHalfDuplex, log } from "./assistant-context.ts";
import type {
  ByHand,
  EndReason,
  State,
  Talk,
  TalkingState,
  Trigger,
  Warm,
} from "./assistant-types.ts";
import { soundOf } from "./audio/fault-sounds.ts";
import { msToSamples } from "./audio/pcm.ts";
import { type Fault, faultLine } from "./fault.ts";
import {
  ASK_MAX_MS,
  FAULT_SHOW_MS,
  INTERRUPT_PRE_ROLL_MS,
  THINK_HARD_MAX_MS,
  THINK_MAX_MS,
  UTTERANCE_MAX_MS,
} from "./limits.ts";
import { isRefused } from "./money/budget.ts";
import { sessionConfig } from "./realtime/session.ts";

/**
 * Asks for the answer that is owed, as soon as no other response is under way. Not when the budget
 * is spent: then it stays owed, and the conversation ends with this step (see assistant-budget.ts).
 */
export function ask(talk: Talk, cx: Context): Talk {
  if (!talk.owed || talk.cutting || talk.answer.tag !== "none") return talk;
  if (isRefused(cx.settings, cx.moment.spentMicroUsd)) return talk;
  const asks = talk.asks + 1;
  const turns = talk.turns + (talk.counted ? 0 : 1);
  cx.effects.push({ tag: "send", event: { tag: "create-response" }, eventId: `ask_${asks}` });
  const last = turns >= talk.settings["session.max_turns"] ? "max_turns" : null;
  const farewell = talk.farewell ?? last;
  return { ...talk, asks, turns, counted: true, owed: false, answer: { tag: "asked" }, farewell };
}

/** Gives up the response under way, if there is one; its late sound will not be played. */
export function giveUpAnswer(talk: Talk, cx: Context): Talk {
  const { answer } = talk;
  if (answer.tag === "none" || answer.tag === "given-up") return talk;
  const id = answer.tag === "active" ? answer.id : null;
  if (id !== null) cx.effects.push({ tag: "discard-response", responseId: id });
  const event = { tag: "cancel-response", responseId: id } as const;
  const cancel = `cancel_${talk.asks}`;
  cx.effects.push({ tag: "send", event, eventId: cancel });
  return { ...talk, answer: { tag: "given-up", id, cancel } };
}

/** Silence at once, and listen: from the button's press, or from just before the wake word. */
export function interrupt(
  state: TalkingState,
  trigger: Trigger,
  cx: Context,
  byHand: ByHand | null = null,
): TalkingState {
  const heardByWake = trigger.source === "wake-word";
  const preRoll = heardByWake ? msToSamples(INTERRUPT_PRE_ROLL_MS) : 0;
  const from = Math.max(0, trigger.wokenAt - preRoll);
  const { openedAt, pending, ghost } = state.talk;
  cx.effects.push({ tag: "hush", attempt: state.talk.attempt });
  const isGated = state.tag === "speaking" && isHalfDuplex(state.talk);
  const isClosed = isGated || state.talk.byHand !== null;
  const talk: Talk = {
    ...retune(giveUpAnswer(state.talk, cx), byHand, cx),
    owed: false,
    cutting: true,
    openedAt: isClosed ? from : openedAt,
    questionFrom: from,
    // What was said before the interruption, and is not committed yet, wants no answer any more.
    pending: null,
    ghost: pending ?? ghost,
    counted: false,
    askedAgain: false,
    broken: null,
    farewell: null,
    trigger,
  };
  if (isClosed && talk.link !== "lost") cx.effects.push({ tag: "open-uplink", from });
  return listen(state, talk, cx);
}

/** The microphone is open and nobody speaks yet. */
export function listen(state: State, talk: Talk, cx: Context): TalkingState {
  const untilMs = cx.moment.nowMs + talk.settings["session.no_speech_s"] * 1000;
  return { ...common(state), tag: "listening", untilMs, speech: null, talk };
}

/** The microphone is open for as long as the button is held. */
export function listenByHand(state: State, talk: Talk, cx: Context): TalkingState {
  const untilMs = cx.moment.nowMs + UTTERANCE_MAX_MS;
  const speech = { itemId: "", from: talk.trigger.wokenAt };
  return { ...common(state), tag: "listening", untilMs, speech, talk };
}

/** Who finds the turns from now on; a session that is set up already is told when that changes. */
export function retune(talk: Talk, byHand: ByHand | null, cx: Context): Talk {
  const tuned: Talk = { ...talk, byHand };
  const isSetUp = talk.link === "greeted" || talk.link === "ready";
  if ((talk.byHand === null) !== (byHand === null) && isSetUp) setUp(tuned, cx);
  return tuned;
}

/** What we want of the session, as far as the server has not refused it. */
export function setUp(talk: Talk, cx: Context): void {
  const isByHand = talk.byHand !== null;
  const session = sessionConfig(talk.settings, talk.model, talk.voice, talk.without, isByHand);
  const eventId = `update_${talk.attempt}_${talk.without.length}`;
  cx.effects.push({ tag: "send", event: { tag: "update-session", session }, eventId });
}

/** The user has finished; the answer is on its way. */
export function think(state: State, talk: Talk, cx: Context): State {
  const waitMs = talk.answer.tag === "asked" ? ASK_MAX_MS : thinkMaxMs(talk);
  return { ...common(state), tag: "thinking", untilMs: cx.moment.nowMs + waitMs, talk };
}

/** How long a response may be without a sound. */
export function thinkMaxMs({ settings }: Talk): number {
  const effort = settings["openai.reasoning_effort"];
  return effort === "high" || effort === "xhigh" ? THINK_HARD_MAX_MS : THINK_MAX_MS;
}

/** Ends the conversation in good order; the session may be kept for the next one. */
export function end(state: TalkingState, reason: EndReason, cx: Context): State {
  const warm = keptWarm(state, reason, cx);
  leave(state, reason, null, warm !== null, cx);
  const floor = state.tag === "speaking" ? cx.moment.head : state.floor;
  return { ...common(state), warm, floor, tag: "idle" };
}

/** Ends the conversation because it cannot go on; says why, by lamp, sound and journal. */
export function fail(state: TalkingState, why: Fault, cx: Context): State {
  leave(state, why.code === "budget" ? "budget" : "fault", why, false, cx);
  return showFault(state, why, cx);
}

export function showFault(state: State, why: Fault, cx: Context): State {
  const level = why.code === "budget" ? "spent" : why.code === "budget-near" ? "near" : null;
  log(cx, level === null ? "error" : "warning", faultLine(why));
  if (cx.settings["audio.earcons"]) cx.effects.push({ tag: "tell", sound: soundOf(why.code) });
  const untilMs = cx.moment.nowMs + FAULT_SHOW_MS;
  const budgetTold = level ?? state.budgetTold;
  return { ...common(state), budgetTold, tag: "fault", untilMs, fault: why };
}

/** Reasons to end that come after the reply was heard to its end. */
const HEARD_OUT: readonly EndReason[] = ["single_turn", "goodbye", "max_turns"];

/** Only a session in which nothing is under way may wait for the next conversation. */
function keptWarm(state: TalkingState, reason: EndReason, cx: Context): Warm | null {
  const { talk } = state;
  const keepMs = talk.settings["session.keep_warm_s"] * 1000;
  const quiet = talk.link === "ready" && talk.answer.tag === "none" && !talk.cutting;
  const cutOff = state.tag === "speaking" && !HEARD_OUT.includes(reason);
  const wanted = reason !== "shutdown" && reason !== "muted" && !cutOff;
  const untilMs = Math.min(cx.moment.nowMs + keepMs, talk.recycleAtMs);
  return quiet && wanted && untilMs > cx.moment.nowMs ? { talk, untilMs } : null;
}

function leave(
  state: TalkingState,
  reason: EndReason,
  why: Fault | null,
  keep: boolean,
  cx: Context,
): void {
  const { attempt, answer, turns } = state.talk;
  if (state.tag === "speaking" || answer.tag !== "none") cx.effects.push({ tag: "hush", attempt });
  cx.effects.push({ tag: "close-uplink" });
  if (keep) {
    cx.effects.push({ tag: "send", event: { tag: "clear-input" }, eventId: `clear_${turns}` });
  } else {
    cx.effects.push({ tag: "hang-up", attempt });
  }
  cx.effects.push({ tag: "end-conversation", reason, fault: why });
}
