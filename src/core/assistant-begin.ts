/**
 * How a conversation begins: on the session that was kept, or with a dial; or not at all. Part of
 * the state machine (see assistant.ts).
 */

import { type Context, isTalking, log } from "./assistant-context.ts";
import { connect, voiceFault, voiceFor } from "./assistant-link.ts";
import { listen, listenByHand, retune, showFault } from "./assistant-talk.ts";
import type { ByHand, State, Talk, Trigger } from "./assistant-types.ts";
import { msToSamples } from "./audio/pcm.ts";
import { CONNECT_MAX_MS } from "./limits.ts";
import { firstRung, ladderFor, rungs } from "./models/fallback.ts";
import { refusal, thriftySettings } from "./money/budget.ts";
import type { Settings } from "./settings/table.ts";

/** Somebody called: a conversation begins, or the fault that is in its way is told. */
export function begin(
  state: State,
  trigger: Trigger,
  cx: Context,
  byHand: ByHand | null = null,
): State {
  if (trigger.source === "wake-word") log(cx, "info", `Wake word '${trigger.keyword}' heard`);
  else log(cx, "info", `Woken by ${trigger.source === "button" ? "the button" : "command"}`);
  if (state.tag === "fault") cx.effects.push({ tag: "hush", attempt: 0 });
  const crippled = state.troubles.microphone ?? state.troubles.speaker;
  if (crippled) return showFault(state, crippled, cx);
  const { settings, moment } = cx;
  const ladder = ladderFor(state.ladder, settings);
  const { holdOff: held } = ladder;
  if (held !== null && held.untilMs > moment.nowMs) return showFault(state, held.why, cx);
  const refused = refusal(settings, moment.spentMicroUsd);
  if (refused !== null) return showFault(state, refused, cx);
  // During the fault's sentence there is no pre-roll: it would be the sentence.
  const floor = state.tag === "fault" ? trigger.wokenAt : state.floor;
  const thrifty = thriftySettings(settings, moment.spentMicroUsd);
  const talk: Talk = { ...newTalk(trigger, floor, { ...cx, settings: thrifty }), byHand };
  const begun =
    state.warm !== null && isSame(state.warm.talk.settings, thrifty)
      ? beginWarm(state, state.warm.talk, talk, cx)
      : beginCold({ ...state, ladder }, talk, cx);
  if (thrifty !== settings && isTalking(begun)) tellThrift(settings, begun.talk, cx);
  return begun;
}

/** Another model answers than the owner's first choice, for money's sake: for journal and metrics. */
function tellThrift(settings: Settings, { model }: Talk, cx: Context): void {
  const from = rungs(settings)[0] ?? model;
  if (from === model) return;
  log(cx, "notice", `Today's budget is nearly spent: ${model} answers instead of ${from}`);
  cx.effects.push({ tag: "fall-back", from, to: model, reason: "budget" });
}

/** Value by value: those of a thrifty conversation are made anew each time. Lists are never copied. */
function isSame(a: Settings, b: Settings): boolean {
  const rows = Object.entries(b);
  const of: Readonly<Record<string, unknown>> = a;
  return rows.every(([key, value]) => of[key] === value);
}

/** The last session still stands: listen at once. */
function beginWarm(state: State, before: Talk, fresh: Talk, cx: Context): State {
  const { attempt, model, voice, link, recycleAtMs, without, dialogue, answer, asks } = before;
  const kept = { attempt, model, voice, link, recycleAtMs, without, dialogue, answer, asks };
  const talk = retune({ ...fresh, ...kept, byHand: before.byHand }, fresh.byHand, cx);
  cx.effects.push({ tag: "begin-conversation", talk }, { tag: "open-uplink", from: talk.from });
  const calm: State = { ...state, warm: null };
  return talk.byHand === null ? listen(calm, talk, cx) : listenByHand(calm, talk, cx);
}

function beginCold(state: State, talk: Talk, cx: Context): State {
  if (state.warm !== null) cx.effects.push({ tag: "hang-up", attempt: state.warm.talk.attempt });
  const model = firstRung(talk.settings, state.ladder, cx.moment.nowMs);
  const voice = voiceFor(talk, model);
  const calm: State = { ...state, warm: null };
  if (voice.tag === "refused") return showFault(calm, voiceFault(voice.why), cx);
  cx.effects.push({ tag: "begin-conversation", talk: { ...talk, model, voice: voice.voice } });
  return connect(calm, talk, model, cx.moment.nowMs + CONNECT_MAX_MS, cx);
}

function newTalk(trigger: Trigger, floor: number, { settings, moment }: Context): Talk {
  const preRollMs = trigger.source === "wake-word" ? settings["audio.pre_roll_ms"] : 0;
  const from = Math.max(floor, trigger.wokenAt - msToSamples(preRollMs));
  return {
    trigger,
    from,
    settings,
    endsAtMs: moment.nowMs + settings["session.max_duration_s"] * 1000,
    attempt: 0,
    model: "",
    voice: settings["openai.voice"],
    link: "dialing",
    recycleAtMs: Number.POSITIVE_INFINITY,
    failed: [],
    failures: 0,
    reconnects: 0,
    without: [],
    dialogue: [],
    cuts: [],
    openedAt: from,
    byHand: null,
    questionFrom: from,
    askedAgain: false,
    broken: null,
    turns: 0,
    counted: false,
    asks: 0,
    toolRounds: 0,
    answer: { tag: "none" },
    stranger: null,
    owed: false,
    cutting: false,
    pending: null,
    ghost: null,
    farewell: null,
  };
}
