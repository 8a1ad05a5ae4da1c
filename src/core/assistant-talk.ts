/**
 * The life of a conversation: begin, ask, interrupt, end, fail. Part of the state machine (see
 * assistant.ts): pure; every function takes a state and a context that collects effects.
 */

import type {
  Effect,
  EndReason,
  Moment,
  State,
  Talk,
  TalkingState,
  Trigger,
} from "./assistant-types.ts";
import { type Fault, fault, faultLine } from "./fault.ts";
import { CONNECT_MAX_MS, FAULT_SHOW_MS, INTERRUPT_PRE_ROLL_MS } from "./limits.ts";
import { msToSamples } from "./pcm.ts";
import type { Settings } from "./settings.ts";
import { chooseVoice } from "./voice.ts";

export interface Context {
  readonly moment: Moment;
  readonly settings: Settings;
  readonly effects: Effect[];
}

export type Common = Pick<State, "dials" | "troubles">;

/** What every state carries, without the phase. */
export function common({ dials, troubles }: State): Common {
  return { dials, troubles };
}

export function log(cx: Context, level: "info" | "notice" | "warning" | "error", line: string) {
  cx.effects.push({ tag: "log", level, line });
}

/** The model that a conversation starts with. */
export function firstModel(settings: Settings): string {
  return settings["openai.model_selection"] === "legacy"
    ? settings["openai.legacy_model"]
    : settings["openai.model"];
}

export function begin(state: State, trigger: Trigger, cx: Context): State {
  const { settings, moment } = cx;
  if (trigger.source === "wake-word") log(cx, "info", `Wake word '${trigger.keyword}' heard`);
  else log(cx, "info", `Woken by ${trigger.source === "button" ? "the button" : "command"}`);
  const deaf = state.troubles.microphone;
  if (deaf) return showFault(state, deaf, cx);
  const model = firstModel(settings);
  const voice = chooseVoice(
    {
      voice: settings["openai.voice"],
      fallback: settings["openai.voice_fallback"],
      autoSelect: settings["openai.auto_select_voice"],
    },
    model,
  );
  if (voice.tag === "refused") {
    const advice = "Choose another openai.voice, or set openai.auto_select_voice: true";
    return showFault(state, fault("config", "tell", voice.why, advice), cx);
  }
  if (voice.notice !== null) log(cx, "notice", voice.notice);
  const talk = newTalk(state.dials + 1, trigger, model, voice.voice, cx);
  cx.effects.push(
    { tag: "begin-conversation", talk },
    { tag: "dial", attempt: talk.attempt, model },
  );
  const untilMs = moment.nowMs + CONNECT_MAX_MS;
  return { ...common(state), dials: talk.attempt, tag: "connecting", untilMs, talk };
}

function newTalk(
  attempt: number,
  trigger: Trigger,
  model: string,
  voice: string,
  { settings, moment }: Context,
): Talk {
  const preRollMs = trigger.source === "wake-word" ? settings["audio.pre_roll_ms"] : 0;
  return {
    trigger,
    from: Math.max(0, trigger.wokenAt - msToSamples(preRollMs)),
    settings,
    endsAtMs: moment.nowMs + settings["session.max_duration_s"] * 1000,
    attempt,
    model,
    voice,
    link: "dialing",
    turns: 0,
    toolRounds: 0,
    answer: { tag: "none" },
    owed: false,
    cutting: false,
    ghost: null,
    farewell: false,
  };
}

/** Asks for the answer that is owed, as soon as no other response is under way. */
export function ask(talk: Talk, cx: Context): Talk {
  if (!talk.owed || talk.cutting || talk.answer.tag !== "none") return talk;
  const turns = talk.turns + 1;
  cx.effects.push({ tag: "send", event: { tag: "create-response" }, eventId: `ask_${turns}` });
  const farewell = talk.farewell || turns >= talk.settings["session.max_turns"];
  return { ...talk, turns, owed: false, answer: { tag: "asked" }, farewell };
}

/** Gives up the response under way, if there is one; its late sound will not be played. */
export function giveUpAnswer(talk: Talk, cx: Context): Talk {
  const { answer } = talk;
  if (answer.tag === "none" || answer.tag === "given-up") return talk;
  const id = answer.tag === "active" ? answer.id : null;
  if (id !== null) cx.effects.push({ tag: "discard-response", responseId: id });
  cx.effects.push({
    tag: "send",
    event: { tag: "cancel-response", responseId: id },
    eventId: `cancel_${talk.turns}`,
  });
  return { ...talk, answer: { tag: "given-up", id } };
}

/** Silence at once, and listen: from the button's press, or from just before the wake word. */
export function interrupt(state: TalkingState, trigger: Trigger, cx: Context): State {
  const heardByWake = trigger.source === "wake-word";
  const from = trigger.wokenAt - (heardByWake ? msToSamples(INTERRUPT_PRE_ROLL_MS) : 0);
  cx.effects.push({ tag: "hush", attempt: state.talk.attempt });
  const gated = state.tag === "speaking" && isHalfDuplex(state.talk);
  const talk = { ...giveUpAnswer(state.talk, cx), owed: false, cutting: true, trigger };
  if (gated) cx.effects.push({ tag: "open-uplink", from: Math.max(0, from) });
  return listen(state, talk, cx);
}

/** The microphone is open and nobody speaks yet. */
export function listen(state: State, talk: Talk, cx: Context): State {
  const untilMs = cx.moment.nowMs + talk.settings["session.no_speech_s"] * 1000;
  return { ...common(state), tag: "listening", untilMs, speech: null, talk };
}

export function isHalfDuplex(talk: Talk): boolean {
  return talk.settings["audio.duplex"] === "half";
}

/** Ends the conversation in good order. */
export function end(state: TalkingState, reason: EndReason, cx: Context): State {
  leave(state, reason, null, cx);
  return { ...common(state), tag: "idle" };
}

/** Ends the conversation because it cannot go on, and shows why. */
export function fail(state: TalkingState, why: Fault, cx: Context): State {
  leave(state, "fault", why, cx);
  return showFault(state, why, cx);
}

export function showFault(state: State, why: Fault, cx: Context): State {
  log(cx, "error", faultLine(why));
  const untilMs = cx.moment.nowMs + FAULT_SHOW_MS;
  return { ...common(state), tag: "fault", untilMs, fault: why };
}

function leave(state: TalkingState, reason: EndReason, why: Fault | null, cx: Context): void {
  if (state.tag === "speaking" || state.talk.answer.tag !== "none")
    cx.effects.push({ tag: "hush", attempt: state.talk.attempt });
  cx.effects.push(
    { tag: "close-uplink" },
    { tag: "hang-up", attempt: state.talk.attempt },
    { tag: "end-conversation", reason, fault: why },
  );
}

/** Is a conversation under way? */
export function isTalking(state: State): state is TalkingState {
  return state.tag !== "idle" && state.tag !== "muted" && state.tag !== "fault";
}
