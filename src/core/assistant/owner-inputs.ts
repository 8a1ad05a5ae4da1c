/**
 * What the owner does: wake word, button, commands, devices. Each is an order to the machines of a
 * conversation, or begins or ends one. Null: the input is not the owner's.
 */

import { msToSamples } from "../audio/pcm.ts";
import { begin, finish } from "./conversation.ts";
import type { Command, Effect, Ending, Input } from "./inputs.ts";
import { INTERRUPT_PRE_ROLL_MS } from "./limits.ts";
import { after, type Change, log } from "./machine.ts";
import {
  coolDown,
  deviceBack,
  deviceLost,
  forAccount,
  learn,
  notBefore,
  quieted,
} from "./memory.ts";
import { isHeard } from "./playback.ts";
import { type Order, orderTo, type Routed, silence } from "./rules.ts";
import type { Conversation, State, StepContext, Trigger } from "./state.ts";
import { gateOf, isApprovable, isQuiet, phase, phaseOf } from "./views.ts";

export function ownersInput(state: State, input: Input, at: StepContext): Routed | null {
  switch (input.tag) {
    case "wake": {
      const { keyword, endSample: sample } = input;
      return activate(state, { source: "wake-word", keyword, sample }, at);
    }
    case "tap":
      return tap(state, at);
    case "ptt-down":
      return pttDown(state, input.pressedMs, at);
    case "ptt-up":
      return pttUp(state);
    case "command":
      return command(state, input.command, at);
    case "news":
      return news(state, input.text);
    case "power-off":
      return powerOff(state, at);
    case "shutdown":
      return shutdown(state, at);
    case "learned": {
      const { memory } = state;
      return { next: { ...state, memory: learn(forAccount(memory, at.account), input.fact, at) } };
    }
    case "device-lost":
      return withMemory(state, deviceLost(state.memory, input.device, input.fault));
    case "device-back":
      return withMemory(state, deviceBack(state.memory, input.device));
    default:
      return null;
  }
}

const NOTHING: Routed = [];

function withMemory(state: State, { next, ...rest }: Change<State["memory"]>): Change<State> {
  return { ...rest, next: { ...state, memory: next } };
}

/** The wake word, or a command to wake: begins, or silences and listens. */
function activate(state: State, trigger: Trigger, at: StepContext): Routed {
  const { conversation: c } = state;
  if (c === null) return state.rest.tag === "muted" ? NOTHING : begin(state, trigger, false, at);
  const { sample } = trigger;
  const wakeSample = trigger.source === "wake-word" ? sample : null;
  switch (phaseOf(c)) {
    case "thinking":
    case "speaking":
      return interrupt(c, trigger);
    case "follow-up":
      return [orderTo.turn({ tag: "listen", sample, wakeSample })];
    default:
      return NOTHING;
  }
}

/** Silence at once, and listen: from the press, or from just before the wake word. */
function interrupt(c: Conversation, trigger: Trigger): readonly Order[] {
  const isWakeWord = trigger.source === "wake-word";
  const sample = Math.max(0, trigger.sample - msToSamples(isWakeWord ? INTERRUPT_PRE_ROLL_MS : 0));
  const wakeSample = isWakeWord ? trigger.sample : null;
  const isClosed = gateOf(c).tag !== "open";
  return [...silence(c), orderTo.turn({ tag: "interrupted", sample, wakeSample, isClosed })];
}

/** What has come to pass outside is told like an answer: the microphone closes, a response is wanted. */
function news({ conversation: c }: State, text: string): readonly Order[] {
  if (c === null || !isQuiet(c)) return [];
  return [
    orderTo.dialogue({ tag: "news", text }),
    orderTo.turn({ tag: "reply", half: true }),
    orderTo.response({ tag: "results" }),
  ];
}

const MUTED = "Muted: the press is ignored (to unmute: pipit mute off)";

/** Whoever stands at the device reads no journal: it says why nothing happens. */
function pressedMuted(state: State, at: StepContext): Change<State> {
  if (state.rest.tag === "muted" && state.rest.pressEnds) return unmute(state, at);
  const sends: Effect[] = at.settings["audio.earcons"]
    ? [{ tag: "play-error", sound: "muted" }]
    : [];
  return { next: state, sends, facts: [log("notice", MUTED)] };
}

/** A short press says yes to what awaits approval; else it wakes, silences, or ends the conversation. */
function tap(state: State, at: StepContext): Routed {
  const { conversation: c } = state;
  if (c !== null && isApprovable(c)) return approve(c);
  const trigger = { source: "button", sample: at.headSample } as const;
  switch (phase(state)) {
    case "idle":
    case "fault":
    case "thinking":
    case "speaking":
      return activate(state, trigger, at);
    case "connecting":
    case "listening":
    case "follow-up":
      return endNow("stopped");
    case "muted":
      return pressedMuted(state, at);
  }
}

/** The question has been answered by hand: no more of it is heard, and what was asked for is done. */
function approve(c: Conversation): readonly Order[] {
  const isSaid = isHeard(c.playback) || c.response.tag !== "none";
  return [
    ...(isSaid ? silence(c) : []),
    orderTo.tools({ tag: "approve" }),
    orderTo.turn({ tag: "reply", half: true }),
  ];
}

function endNow(reason: Ending["reason"]): readonly Order[] {
  return [orderTo.end({ reason, fault: null })];
}

/** The button is held since `pressedMs` (monotonic): what is said from then on is the question. */
function pttDown(state: State, pressedMs: number, at: StepContext): Routed {
  const { conversation: c, memory } = state;
  const ago = msToSamples(Math.max(0, at.nowMs - pressedMs));
  const sample = Math.max(memory.earliestSample, at.headSample - ago);
  const trigger = { source: "button", sample } as const;
  if (c === null) {
    return state.rest.tag === "muted" ? pressedMuted(state, at) : begin(state, trigger, true, at);
  }
  const down = orderTo.turn({ tag: "ptt-down", sample });
  if (c.turn.tag === "held") return NOTHING;
  // The session is told first: what the server hears after that is no turn that it has found.
  const isCurrent = c.link.tag !== "ready" || c.link.sent.pushToTalk;
  const wanted = { pushToTalk: true, responseBy: "client" } as const;
  const updates = isCurrent ? [] : [orderTo.link({ tag: "update", wanted })];
  const isBusy = phaseOf(c) === "thinking" || isHeard(c.playback);
  return isBusy ? [...interrupt(c, trigger), ...updates, down] : [...updates, down];
}

function pttUp({ conversation: c }: State): Routed {
  if (c === null || c.turn.tag !== "held") return NOTHING;
  const wasOpen = gateOf(c).tag === "open";
  return [orderTo.turn({ tag: "ptt-up", wasOpen })];
}

function command(state: State, what: Command, at: StepContext): Routed {
  switch (what) {
    case "wake":
      return activate(state, { source: "command", sample: at.headSample }, at);
    case "stop":
      if (state.conversation !== null) return endNow("stopped");
      return state.rest.tag === "fault" ? quiet(state, at) : NOTHING;
    case "mute":
      return state.rest.tag === "muted" ? NOTHING : mute(state, false, at);
    case "mute-until-press":
      return state.rest.tag === "muted" ? NOTHING : mute(state, true, at);
    case "unmute":
      return state.rest.tag === "muted" ? unmute(state, at) : NOTHING;
    case "toggle-mute":
      return command(state, state.rest.tag === "muted" ? "unmute" : "mute", at);
    case "repeat":
      return repeat(state);
  }
}

/** The sentence about a fault is cut. */
function quiet(state: State, at: StepContext): Change<State> {
  const change = quieted(state.memory, state.rest, at.headSample);
  return withMemory({ ...state, rest: { tag: "idle" } }, change);
}

function mute(state: State, pressEnds: boolean, at: StepContext): Change<State> {
  const ended = finish(state, { reason: "muted", fault: null }, at);
  const cooled = coolDown(ended.next.memory);
  const silent = quieted(cooled.next, ended.next.rest, at.headSample);
  const sends = [...(ended.sends ?? []), ...(cooled.sends ?? []), ...(silent.sends ?? [])];
  const next: State = { ...ended.next, memory: silent.next, rest: { tag: "muted", pressEnds } };
  return { next, sends, facts: [...(ended.facts ?? []), log("info", "Muted")] };
}

function unmute(state: State, at: StepContext): Change<State> {
  const memory = notBefore(state.memory, at.headSample);
  return {
    next: { ...state, memory, rest: { tag: "idle" } },
    facts: [log("info", "No longer muted")],
  };
}

/** Plays the last reply again, from our own copy. In a conversation that is a reply like any other. */
function repeat({ conversation: c, ...state }: State): Routed {
  const again: Effect = { tag: "repeat-reply", but: null };
  if (c === null) return { next: { ...state, conversation: c }, sends: [again] };
  const { turn, response, playback, tools } = c;
  const isOpen = turn.tag === "open" || (turn.tag === "closed" && phaseOf(c) === "follow-up");
  const isFree = response.tag === "none" && !response.pending && tools.tag === "quiet";
  const isQuiet = playback.tag === "silent" || playback.tag === "settling";
  if (!isOpen || !isFree || !isQuiet) return NOTHING;
  return [orderTo.playback({ tag: "repeat", but: null })];
}

/** The whole machine is to go off; systemd will then stop us, in good order. */
function powerOff(state: State, at: StepContext): Change<State> {
  const asked = log("notice", "Powering off: requested by the button");
  const ended = after([], [asked], finish(state, { reason: "shutdown", fault: null }, at));
  return { ...ended, sends: [...(ended.sends ?? []), { tag: "power-off" }] };
}

function shutdown(state: State, at: StepContext): Change<State> {
  const ended = finish(state, { reason: "shutdown", fault: null }, at);
  const { next: memory, sends = [] } = coolDown(ended.next.memory);
  const next: State = { ...ended.next, memory, rest: { tag: "idle" } };
  return { ...ended, next, sends: [...(ended.sends ?? []), ...sends] };
}
