/**
 * What a button can ask for beyond a tap: push-to-talk, the last reply again, power off. Part of the
 * state machine (see assistant.ts).
 *
 * Theory of push-to-talk: the hand finds the turn, not the server. While `talk.byHand` is set the
 * session has no turn detection; held: the microphone is open, from the press on; released: the rest
 * is sent, the turn committed, the answer asked for; waiting: the microphone is closed until it is
 * pressed again. A wake word or a tap gives the turns back to the server.
 */

import { begin } from "./assistant-begin.ts";
import { type Context, common, isHalfDuplex, isTalking, log } from "./assistant-context.ts";
import { renew } from "./assistant-link.ts";
import { ask, end, fail, interrupt, listenByHand, retune, think } from "./assistant-talk.ts";
import type { State, Talk, TalkingState, Trigger } from "./assistant-types.ts";
import { msToSamples } from "./audio/pcm.ts";
import { SPEAK_MAX_MS } from "./limits.ts";

const HELD = { tag: "held" } as const;

/** The button is held since `pressedMs` (monotonic): what is said from then on is the question. */
export function holdToTalk(state: State, pressedMs: number, cx: Context): State {
  const ago = msToSamples(Math.max(0, cx.moment.nowMs - pressedMs));
  const trigger = {
    source: "button",
    wokenAt: Math.max(state.floor, cx.moment.head - ago),
  } as const;
  switch (state.tag) {
    case "muted":
      log(cx, "notice", "Muted: the press wakes nobody (pipit mute off)");
      return state;
    case "idle":
    case "fault":
      return begin(state, trigger, cx, HELD);
    case "connecting":
      return { ...state, talk: retune(fromPress(state.talk, trigger), HELD, cx) };
    case "thinking":
    case "speaking": {
      const cut = interrupt(state, trigger, cx, HELD);
      return cut.talk.link === "lost" ? renew(cut, cx) : openFor(cut, cut.talk, trigger, cx);
    }
    case "listening":
    case "follow-up":
      return state.talk.byHand?.tag === "held" ? state : openFor(state, state.talk, trigger, cx);
  }
}

/** While connecting: an unanswered question is kept whole, else the press begins one. */
function fromPress(talk: Talk, { wokenAt }: Trigger): Talk {
  return talk.questionFrom === null ? { ...talk, from: wokenAt, questionFrom: wokenAt } : talk;
}

/** The server forgets what it has of the room, and hears it from the press on. */
function openFor(state: TalkingState, talk: Talk, trigger: Trigger, cx: Context): State {
  const held = retune(talk, HELD, cx);
  const event = { tag: "clear-input" } as const;
  cx.effects.push(
    { tag: "close-uplink" },
    { tag: "send", event, eventId: `clear_${talk.turns}` },
    { tag: "open-uplink", from: trigger.wokenAt },
  );
  const questionFrom = talk.questionFrom ?? trigger.wokenAt;
  const openedAt = trigger.wokenAt;
  return listenByHand(state, { ...held, trigger, openedAt, questionFrom }, cx);
}

/** The button was let go: the question is over. */
export function letGo(state: State, cx: Context): State {
  if (!isTalking(state) || state.talk.byHand?.tag !== "held") return state;
  const at = cx.moment.head;
  const talk: Talk = { ...state.talk, byHand: { tag: "released", at } };
  if (state.tag === "connecting") return { ...state, talk };
  if (state.tag !== "listening") return { ...state, talk: { ...talk, byHand: { tag: "waiting" } } };
  cx.effects.push({ tag: "flush-uplink", from: null, upTo: at });
  return think(state, talk, cx);
}

/** All of the question is on the wire. */
export function flushed(state: State, cx: Context): State {
  if (state.tag !== "thinking" || state.talk.byHand?.tag !== "released") return state;
  const { talk } = state;
  const event = { tag: "commit-input" } as const;
  cx.effects.push({ tag: "send", event, eventId: `commit_${talk.turns}` });
  return think(state, ask({ ...talk, owed: true, toolRounds: 0 }, cx), cx);
}

/** Plays the last reply again, from our own copy. In a conversation that is a reply like any other. */
export function repeat(state: State, cx: Context): State {
  switch (state.tag) {
    case "idle":
    case "muted":
    case "fault":
      cx.effects.push({ tag: "repeat-reply" });
      return state;
    case "listening":
    case "follow-up": {
      const { talk } = state;
      const isBusy = state.tag === "listening" && state.speech !== null;
      if (isBusy || talk.answer.tag !== "none" || talk.cutting || talk.owed) return state;
      const mute = state.troubles.speaker;
      if (mute) return fail(state, mute, cx);
      if (isHalfDuplex(talk)) {
        const event = { tag: "clear-input" } as const;
        cx.effects.push({ tag: "close-uplink" });
        cx.effects.push({ tag: "send", event, eventId: `clear_${talk.turns}` });
      }
      cx.effects.push({ tag: "repeat-reply" });
      const untilMs = cx.moment.nowMs + SPEAK_MAX_MS;
      return { ...common(state), tag: "speaking", untilMs, starved: false, talk };
    }
    case "connecting":
    case "thinking":
    case "speaking":
      return state;
  }
}

/** The whole machine is to go off; systemd will then stop us, in good order. */
export function powerOff(state: State, cx: Context): State {
  log(cx, "notice", "Powering off: the button asked for it");
  const next = isTalking(state) ? end(state, "shutdown", cx) : state;
  cx.effects.push({ tag: "power-off" });
  return next;
}
