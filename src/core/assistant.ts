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

import { drained, hushed, replyAudio } from "./assistant-answer.ts";
import { begin } from "./assistant-begin.ts";
import { keepToBudget } from "./assistant-budget.ts";
import { type Common, type Context, common, isTalking, log } from "./assistant-context.ts";
import { flushed, holdToTalk, letGo, powerOff, repeat } from "./assistant-hand.ts";
import { attemptFailed, linkClosed, reconnect, redial, renew } from "./assistant-link.ts";
import { hear } from "./assistant-server.ts";
import { end, fail, interrupt, listen, retune } from "./assistant-talk.ts";
import type {
  Command,
  Effect,
  Input,
  Moment,
  Part,
  State,
  Step,
  Talk,
  TalkingState,
  Trigger,
} from "./assistant-types.ts";
import { type Fault, fault, faultLine } from "./fault.ts";
import { STARVE_MAX_MS } from "./limits.ts";
import { FRESH_LADDER } from "./models/fallback.ts";
import type { Settings } from "./settings/table.ts";

export const INITIAL: State = {
  tag: "idle",
  dials: 0,
  troubles: {},
  ladder: FRESH_LADDER,
  warm: null,
  floor: 0,
  told: [],
  budgetTold: null,
};

/** The next state, and what is to be done, in order. */
export function step(state: State, input: Input, moment: Moment, settings: Settings): Step {
  const effects: Effect[] = [];
  const cx = { moment, settings, effects };
  const next = keepToBudget(decide(state, input, cx), input, cx);
  return { state: next, effects };
}

/** Monotonic time at which `tick` is due; null while resting with nothing kept open. */
export function deadlineMs(state: State): number | null {
  switch (state.tag) {
    case "idle":
    case "muted":
      return state.warm?.untilMs ?? null;
    case "fault":
    case "speaking":
      return state.untilMs;
    case "connecting":
      return Math.min(state.untilMs, state.redialAtMs ?? state.tryUntilMs);
    case "follow-up":
      return Math.min(state.untilMs, state.talk.endsAtMs, state.openAtMs ?? state.untilMs);
    case "listening":
    case "thinking":
      return Math.min(state.untilMs, state.talk.endsAtMs);
  }
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
    case "talk":
      return holdToTalk(state, input.pressedMs, cx);
    case "talk-over":
      return letGo(state, cx);
    case "uplink-flushed":
      return flushed(state, cx);
    case "power-off":
      return powerOff(state, cx);
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
    case "ran-dry":
      return ranDry(state, cx);
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
      if (isTalking(state)) return end(state, "shutdown", cx);
      return { ...coolDown(state, cx), tag: "idle" };
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
      return interruptOrRenew(state, trigger, cx);
    case "follow-up":
      return listen(
        state,
        retune({ ...openNow(state, trigger.wokenAt, cx), trigger }, null, cx),
        cx,
      );
    case "muted":
    case "connecting":
    case "listening":
      return state;
  }
}

/** Opens the microphone before the room has settled, if it is still shut. */
function openNow(
  state: Extract<TalkingState, { tag: "follow-up" }>,
  from: number,
  cx: Context,
): Talk {
  if (state.openAtMs === null) return state.talk;
  cx.effects.push({ tag: "open-uplink", from });
  return { ...state.talk, openedAt: from };
}

/** Silences and listens; on a new connection where the old one broke while the reply played. */
function interruptOrRenew(state: TalkingState, trigger: Trigger, cx: Context): State {
  const cut = interrupt(state, trigger, cx);
  return cut.talk.link === "lost" ? renew(cut, cx) : cut;
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

function command(state: State, what: Command, cx: Context): State {
  switch (what) {
    case "wake":
      return summon(state, { source: "command", wokenAt: cx.moment.head }, cx);
    case "stop":
      if (isTalking(state)) return end(state, "stopped", cx);
      return state.tag === "fault" ? { ...quieted(state, cx), tag: "idle" } : state;
    case "mute":
      if (state.tag === "muted") return state;
      if (isTalking(state)) end(state, "muted", cx);
      log(cx, "info", "Muted");
      return { ...quieted(coolDown(state, cx), cx), tag: "muted" };
    case "unmute":
      if (state.tag !== "muted") return state;
      log(cx, "info", "No longer muted");
      return { ...common(state), floor: cx.moment.head, tag: "idle" };
    case "toggle-mute":
      return command(state, state.tag === "muted" ? "unmute" : "mute", cx);
    case "repeat":
      return repeat(state, cx);
  }
}

/** The sentence that tells of a fault is cut; it must not be heard by the next conversation. */
function quieted(state: State, cx: Context): Common {
  if (state.tag !== "fault") return common(state);
  cx.effects.push({ tag: "hush", attempt: 0 });
  return { ...common(state), floor: cx.moment.head };
}

function ranDry(state: State, cx: Context): State {
  if (state.tag !== "speaking" || state.starved || state.talk.answer.tag === "none") return state;
  const untilMs = Math.min(state.untilMs, cx.moment.nowMs + STARVE_MAX_MS);
  return { ...state, untilMs, starved: true };
}

function partLost(state: State, part: Part, why: Fault, cx: Context): State {
  log(cx, "error", faultLine(why));
  const troubled: State = { ...state, troubles: { ...state.troubles, [part]: why } };
  if (!isTalking(troubled) || part === "wake-word") return troubled;
  const needed =
    part === "microphone"
      ? troubled.tag !== "thinking" && troubled.tag !== "speaking"
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
  return isTalking(state) ? overdue(state, cx) : coolDown(state, cx);
}

function overdue(state: TalkingState, cx: Context): State {
  const spent = cx.moment.nowMs >= state.talk.endsAtMs;
  if (spent && state.tag !== "speaking" && state.tag !== "connecting") {
    return end(state, "max_duration", cx);
  }
  switch (state.tag) {
    case "connecting":
      return waited(state, cx);
    case "listening":
      return end(state, state.speech === null ? "no_speech" : "utterance_too_long", cx);
    case "thinking":
      return unanswered(state, cx);
    case "speaking":
      if (!state.starved) return end(state, "reply_too_long", cx);
      return fail(state, tooLate("The answer stopped in the middle"), cx);
    case "follow-up":
      if (state.openAtMs === null || state.untilMs <= cx.moment.nowMs) {
        return end(state, "follow_up_over", cx);
      }
      return { ...state, talk: openNow(state, cx.moment.head, cx), openAtMs: null };
  }
}

/** A redial is due, or this attempt took too long. */
function waited(state: Extract<TalkingState, { tag: "connecting" }>, cx: Context): State {
  if (state.redialAtMs !== null && cx.moment.nowMs < state.untilMs) return redial(state, cx);
  return attemptFailed(state, tooLate("no session in time"), null, cx);
}

/** Nothing came after the question: the server may be gone without a word. */
function unanswered(state: Extract<TalkingState, { tag: "thinking" }>, cx: Context): State {
  const why = tooLate("The answer did not come in time");
  return state.talk.askedAgain
    ? fail(state, why, cx)
    : reconnect({ ...state, talk: { ...state.talk, askedAgain: true } }, why, cx);
}

/** The session that was kept for the next conversation is let go. */
function coolDown(state: State, cx: Context): State {
  if (state.warm === null) return state;
  cx.effects.push({ tag: "hang-up", attempt: state.warm.talk.attempt });
  return { ...state, warm: null };
}

function tooLate(what: string): Fault {
  return fault("timeout", "retry", `${what}: the Realtime API is silent`, "Check the network");
}
