/**
 * The one state machine: nothing else decides what the appliance does. Pure: `step` called twice
 * with the same arguments gives the same result.
 *
 *   idle ──wake/press──▶ connecting ──session ready──▶ listening ──committed──▶ thinking
 *     ▲                                                   ▲   ▲                    │ first sound
 *     │                              wake/press, "hush"   │   └── user goes on ────┤
 *     │                                                   │                        ▼
 *     ├──────── no speech, window over ──────── follow-up ◀──── drained ────── speaking
 *     │                                             └─ speech ─▶ listening
 *     └── fault (shown for FAULT_SHOW_MS) ◀── any failure, from anywhere
 *
 * muted: rests like idle, until it is unmuted. Every other state carries the time at which it ends
 * by itself (`deadlineMs`), so nothing can get stuck; the shell keeps one alarm.
 */

import { followUp, hear, linkClosed } from "./assistant-server.ts";
import {
  ask,
  begin,
  type Context,
  common,
  end,
  fail,
  interrupt,
  isHalfDuplex,
  isTalking,
  listen,
  log,
} from "./assistant-talk.ts";
import type { Effect, Input, Moment, Part, State, Step, Trigger } from "./assistant-types.ts";
import { type Fault, fault, faultLine } from "./fault.ts";
import { SPEAK_MAX_MS, STARVE_MAX_MS } from "./limits.ts";
import type { HeardItem } from "./playhead.ts";
import type { Settings } from "./settings.ts";

export const INITIAL: State = { tag: "idle", dials: 0, troubles: {} };

/** The next state, and what is to be done, in order. */
export function step(state: State, input: Input, moment: Moment, settings: Settings): Step {
  const effects: Effect[] = [];
  const next = decide(state, input, { moment, settings, effects });
  return { state: next, effects };
}

/** Monotonic time at which `tick` is due; null while resting. */
export function deadlineMs(state: State): number | null {
  if (state.tag === "idle" || state.tag === "muted") return null;
  if (state.tag === "fault") return state.untilMs;
  if (state.tag === "speaking") return state.untilMs;
  const open = state.tag === "follow-up" && state.openAtMs !== null ? state.openAtMs : Infinity;
  return Math.min(state.untilMs, state.talk.endsAtMs, open);
}

function decide(state: State, input: Input, cx: Context): State {
  switch (input.tag) {
    case "wake":
      return summon(
        state,
        { source: "wake-word", keyword: input.keyword, wokenAt: input.endSample },
        cx,
      );
    case "tap":
      return tap(state, cx);
    case "command":
      return command(state, input.command, cx);
    case "link-opened":
      return state;
    case "link-closed":
      return linkClosed(state, input, cx);
    case "server":
      return hear(state, input, cx);
    case "reply-audio":
      return replyAudio(state, input.responseId, cx);
    case "underrun":
      return underrun(state, cx);
    case "drained":
      return drained(state, cx);
    case "hushed":
      return hushed(state, input.attempt, input.items, cx);
    case "part-lost":
      return partLost(state, input.part, input.fault, cx);
    case "part-back":
      return partBack(state, input.part, cx);
    case "tick":
      return expire(state, cx);
    case "shutdown":
      return isTalking(state) ? end(state, "shutdown", cx) : { ...common(state), tag: "idle" };
  }
}

/** The wake word, or a command to wake: begins, or silences and listens. */
function summon(state: State, trigger: Trigger, cx: Context): State {
  switch (state.tag) {
    case "idle":
    case "fault":
      return begin(state, trigger, cx);
    case "thinking":
    case "speaking":
      return interrupt(state, trigger, cx);
    case "follow-up":
      if (state.openAtMs !== null) cx.effects.push({ tag: "open-uplink", from: cx.moment.head });
      return listen(state, { ...state.talk, trigger }, cx);
    case "muted":
    case "connecting":
    case "listening":
      return state;
  }
}

/** A short press wakes, silences, or (while we listen) ends the conversation. */
function tap(state: State, cx: Context): State {
  switch (state.tag) {
    case "idle":
    case "fault":
    case "thinking":
    case "speaking":
      return summon(state, { source: "button", wokenAt: cx.moment.head }, cx);
    case "connecting":
    case "listening":
    case "follow-up":
      return end(state, "stopped", cx);
    case "muted":
      log(cx, "notice", "Muted: the press wakes nobody (pipit mute off)");
      return state;
  }
}

function command(state: State, what: "wake" | "stop" | "mute" | "unmute", cx: Context): State {
  switch (what) {
    case "wake":
      return summon(state, { source: "command", wokenAt: cx.moment.head }, cx);
    case "stop":
      if (isTalking(state)) return end(state, "stopped", cx);
      return state.tag === "fault" ? { ...common(state), tag: "idle" } : state;
    case "mute":
      if (state.tag === "muted") return state;
      if (isTalking(state)) end(state, "muted", cx);
      log(cx, "info", "Muted");
      return { ...common(state), tag: "muted" };
    case "unmute":
      if (state.tag !== "muted") return state;
      log(cx, "info", "No longer muted");
      return { ...common(state), tag: "idle" };
  }
}

/** The first sound of the answer: in half duplex the microphone closes before it can hear it. */
function replyAudio(state: State, responseId: string, cx: Context): State {
  if (state.tag !== "thinking" && state.tag !== "speaking") return state;
  const { answer } = state.talk;
  if (answer.tag !== "active" || answer.id !== responseId) return state;
  if (state.tag === "thinking" && isHalfDuplex(state.talk)) {
    cx.effects.push(
      { tag: "close-uplink" },
      { tag: "send", event: { tag: "clear-input" }, eventId: `clear_${state.talk.turns}` },
    );
  }
  const untilMs = cx.moment.nowMs + SPEAK_MAX_MS;
  return { ...common(state), tag: "speaking", untilMs, starved: false, talk: state.talk };
}

function underrun(state: State, cx: Context): State {
  if (state.tag !== "speaking" || state.starved || state.talk.answer.tag === "none") return state;
  const untilMs = Math.min(state.untilMs, cx.moment.nowMs + STARVE_MAX_MS);
  return { ...state, untilMs, starved: true };
}

function drained(state: State, cx: Context): State {
  if (state.tag !== "speaking" || state.talk.answer.tag !== "none") return state;
  return followUp(state, state.talk, cx);
}

/**
 * The speaker is silent, and this is how much of each item was heard: the model must forget what
 * nobody heard, so the cut is where the speaker is, not where the wire is.
 */
function hushed(state: State, attempt: number, items: readonly HeardItem[], cx: Context): State {
  if (!isTalking(state) || state.talk.attempt !== attempt) return state;
  for (const { itemId, contentIndex, heardMs, receivedMs } of items) {
    if (heardMs >= receivedMs) continue;
    const event =
      heardMs === 0
        ? ({ tag: "delete-item", itemId } as const)
        : ({ tag: "truncate", itemId, contentIndex, audioEndMs: heardMs } as const);
    cx.effects.push({ tag: "send", event, eventId: `truncate_${state.talk.turns}` });
  }
  // A question that was waiting for the cut is asked now.
  const talk = { ...state.talk, cutting: false };
  return { ...state, talk: state.tag === "thinking" ? ask(talk, cx) : talk };
}

function partLost(state: State, part: Part, why: Fault, cx: Context): State {
  log(cx, "error", faultLine(why));
  const troubled: State = { ...state, troubles: { ...state.troubles, [part]: why } };
  if (!isTalking(troubled) || part === "wake-word") return troubled;
  const needed =
    part === "microphone"
      ? troubled.tag === "listening" || troubled.tag === "follow-up"
      : troubled.tag === "speaking";
  return needed ? fail(troubled, why, cx) : troubled;
}

function partBack(state: State, part: Part, cx: Context): State {
  const { [part]: trouble, ...others } = state.troubles;
  if (trouble === undefined) return state;
  log(cx, "notice", `The ${part === "wake-word" ? "wake word" : part} works again`);
  return { ...state, troubles: others };
}

/** The deadline of the state has come. */
function expire(state: State, cx: Context): State {
  const due = deadlineMs(state);
  if (due === null || cx.moment.nowMs < due) return state;
  if (state.tag === "fault") return { ...common(state), tag: "idle" };
  if (!isTalking(state)) return state;
  if (state.tag !== "speaking" && cx.moment.nowMs >= state.talk.endsAtMs) {
    return end(state, "max_duration", cx);
  }
  switch (state.tag) {
    case "connecting":
      return fail(state, tooLate(`Failed to connect with model ${state.talk.model}`), cx);
    case "listening":
      return end(state, state.speech === null ? "no_speech" : "utterance_too_long", cx);
    case "thinking":
      return fail(state, tooLate("The answer did not come in time"), cx);
    case "speaking":
      if (!state.starved) return end(state, "reply_too_long", cx);
      return fail(state, tooLate("The answer stopped in the middle"), cx);
    case "follow-up":
      if (state.openAtMs === null || state.untilMs <= cx.moment.nowMs) {
        return end(state, "follow_up_over", cx);
      }
      cx.effects.push({ tag: "open-uplink", from: cx.moment.head });
      return { ...state, openAtMs: null };
  }
}

function tooLate(what: string): Fault {
  return fault("timeout", "retry", `${what}: the Realtime API is silent`, "Check the network");
}
